import { expect, test } from "vitest";
import { buildGoldenNetwork } from "../../../test/support/golden-networks.js";
import { incomingAxes } from "./incoming-axes.js";

test("incoming axes are those that are summed over, turned weights included", () => {
  const mixed = incomingAxes(buildGoldenNetwork("mixed"));
  expect(mixed("conv1.weight", 0)).toBe(false);
  expect(mixed("conv1.weight", 1)).toBe(true);
  expect(mixed("depthwise.weight", 0)).toBe(false);
  expect(mixed("mix.weight", 1)).toBe(true);
  expect(mixed("mix.weight", 0)).toBe(false);
  expect(mixed("conv1.bias", 0)).toBe(false);
});
