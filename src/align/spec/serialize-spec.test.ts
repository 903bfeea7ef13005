import { describe, expect, test } from "vitest";
import { buildGoldenNetwork } from "../../../test/support/golden-networks.js";
import { derivePermutationSpec } from "./derive-spec.js";
import { parseSpec, serializeSpec } from "./serialize-spec.js";

describe("a spec as text", () => {
  test.each(["yaml", "json"] as const)("reads back what it wrote as %s", (format) => {
    const spec = derivePermutationSpec(buildGoldenNetwork("mixed"));
    expect(parseSpec(serializeSpec(spec, { format }), { source: "spec" })).toEqual(spec);
  });

  test("reports everything that is wrong", () => {
    const text = "groups: {a: 3, b: -1}\naxes: {w: [a, c], v: [{sum: [a]}], u: 3}";
    expect(() => parseSpec(text, { source: "spec.yml" })).toThrowErrorMatchingInlineSnapshot(`
      [OnebasinError: 4 problems with spec.yml:
        - spec.yml: group "b" has the size -1; expected a whole number from 1.
        - spec.yml: the axes of key "v" are not a list of axes.
        - spec.yml: the axes of key "u" are not a list of axes.
        - spec.yml: key "w" names the group "c", which has no size.]
    `);
  });

  test.each([
    ["nothing", ""],
    ["a list", "- 1"],
    ["aliases", "groups: &a {x: 1}\naxes: *a"],
    ["an open brace", "{"],
    ["numbers", "groups: 1\naxes: 2"],
    ["endless nesting", "[".repeat(5000)],
  ])("refuses %s", (_, text) => {
    expect(() => parseSpec(text, { source: "spec.yml" })).toThrow(/^spec.yml: /);
  });
});
