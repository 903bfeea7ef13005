import { expect, test } from "vitest";
import { chooseSchedule } from "./choose.js";
import { schedules } from "./schedules.gen.js";

/** Chosen steps of a run of 100 in 5 epochs. */
const POINTS = [0, 10, 29, 30, 65, 99];
/** From PyTorch 2.13: StepLR, CosineAnnealingLR, OneCycleLR. */
const EXPECTED: Record<string, number[]> = {
  constant: [1, 1, 1, 1, 1, 1],
  step: [1, 1, 0.1, 0.1, 0.001, 0.0001],
  cosine: [1, 0.975528258, 0.806453527, 0.793892626, 0.27300475, 0.00024672],
  "one-cycle": [0.04, 0.295163948, 1, 0.999496535, 0.477569675, 0.000004],
};

test.each(schedules.map(({ id }) => id))("%s", (id) => {
  const { schedule, values } = chooseSchedule(id);
  const factors = POINTS.map((step) => schedule.factor({ step, steps: 100, stepsPerEpoch: 20 }, values));
  for (const [i, factor] of factors.entries()) expect(factor).toBeCloseTo(EXPECTED[id][i], 6);
});

test.each(schedules.map(({ id }) => id))("%s has a rate for every step of a short run, above 0 in the first", (id) => {
  const { schedule, values } = chooseSchedule(id);
  for (const steps of [1, 2, 3, 4]) {
    const factors = Array.from({ length: steps }, (_, step) =>
      schedule.factor({ step, steps, stepsPerEpoch: 1 }, values),
    );
    for (const factor of factors) expect(factor).toBeGreaterThanOrEqual(0);
    for (const factor of factors) expect(factor).toBeLessThanOrEqual(1);
    expect(factors[0]).toBeGreaterThan(0);
  }
});

test("one-cycle takes the only step of a run at the whole rate", () => {
  const { schedule, values } = chooseSchedule("one-cycle", { momentum: true });
  const only = { step: 0, steps: 1, stepsPerEpoch: 1 };
  expect(schedule.factor(only, values)).toBe(1);
  expect(schedule.momentum!(only, values)).toBeCloseTo(0.85, 10);
});

test("one-cycle moves momentum as PyTorch's OneCycleLR does, where that is asked for", () => {
  const { schedule, values } = chooseSchedule("one-cycle", { momentum: true });
  const momenta = POINTS.map((step) => schedule.momentum!({ step, steps: 100, stepsPerEpoch: 20 }, values)!);
  const expected = [0.95, 0.923420422, 0.85, 0.850050347, 0.902243242, 0.95];
  for (const [i, momentum] of momenta.entries()) expect(momentum).toBeCloseTo(expected[i], 8);
  const usual = chooseSchedule("one-cycle");
  expect(usual.schedule.momentum!({ step: 0, steps: 100, stepsPerEpoch: 20 }, usual.values)).toBeUndefined();
});
