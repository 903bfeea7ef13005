import { expect, test } from "vitest";
import { visibleText } from "./visible-text.js";

test("what would steer a terminal is spelled out, all else stays", () => {
  expect(visibleText("\u001b[31mred\u0007\n\u009b ‖λ‖ é 𝜆")).toBe("\\x1b[31mred\\x07\\x0a\\x9b ‖λ‖ é 𝜆");
});

test("line ends may stay", () => {
  expect(visibleText("one\r\ntwo\t", { lines: true })).toBe("one\\x0d\ntwo\\x09");
});
