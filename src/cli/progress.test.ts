import { expect, test } from "vitest";
import type { ProgressEvent } from "../core/progress.js";
import { createTimeLeft } from "./progress.js";

const at = (done: number, stage = "training"): ProgressEvent => ({ stage, done, total: 1000, unit: "images" });

test("the time left is told from what was done since the stage began", () => {
  let now = 0;
  const left = createTimeLeft(() => now);
  expect(left(at(0))).toBe("");
  now = 1000;
  expect(left(at(100))).toBe("");
  now = 10_000;
  expect(left(at(100))).toBe(", 2 min left");
  now = 20_000;
  expect(left(at(500))).toBe(", 20 s left");
  expect(left(at(500, "repairing"))).toBe("");
  now = 10_000_000;
  expect(left(at(501, "repairing"))).toBe(", 1383.3 h left");
});
