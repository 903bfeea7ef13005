import { expect, test } from "vitest";
import { formatTable } from "./format-table.js";

test("columns are as wide as their widest cell, numbers flush right", () => {
  const rows = [
    ["network", "%"],
    ["mean", "9.50"],
    ["λ = ∞", "98.12"],
  ];
  expect(formatTable(rows, [1])).toBe("network      %\nmean      9.50\nλ = ∞    98.12");
});

test("a column of nothing takes no room, and no line ends in spaces", () => {
  const rows = [
    ["a", "", "note"],
    ["b", "", ""],
  ];
  expect(formatTable(rows)).toBe("a  note\nb");
});

test("a name cannot break a line or steer the terminal", () => {
  expect(
    formatTable([
      ["a\nb", "c"],
      ["\u001b[1m", "d"],
    ]),
  ).toBe("a\\x0ab   c\n\\x1b[1m  d");
});

test("a character beyond the basic plane is one place wide", () => {
  expect(
    formatTable([
      ["𝜆", "b"],
      ["ab", "b"],
    ]),
  ).toBe("𝜆   b\nab  b");
});
