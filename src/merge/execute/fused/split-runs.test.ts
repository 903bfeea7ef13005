import { expect, test } from "vitest";
import type { Instruction } from "../../expression/program.js";
import { splitRuns } from "./split-runs.js";

const load = (out: number, model = 0): Instruction => ({ do: "load", out, model });
const multiply = (out: number, ...args: number[]): Instruction => ({ do: "apply", kernel: "mul", out, args });
const random: Instruction = { do: "random", out: 1, stream: { key: [1, 2], stream: 0 } };

const runsOf = (...instructions: Instruction[]) => splitRuns(instructions, ({ do: what }) => what !== "random");

test("neighbours of one kind are one run, which keeps what is read behind it", () => {
  const runs = runsOf(load(0), multiply(2, 0, 0), random, multiply(0, 1, 2), { do: "store", a: 0 });
  expect(runs.map(({ isFusible, instructions, kept }) => [isFusible, instructions.length, kept])).toEqual([
    [true, 2, [2]],
    [false, 1, [1]],
    [true, 2, []],
  ]);
  expect(runs.every(({ isRepeatable }) => isRepeatable)).toBe(true);
});

test("a run that leaves a result where it found an operand cannot be done again", () => {
  const runs = runsOf(random, load(0), multiply(1, 0, 1), random, multiply(2, 1, 1));
  // The second random number overwrites what the first run left, so nothing of it is kept.
  expect(runs.map(({ isRepeatable }) => isRepeatable)).toEqual([true, true, true, true]);
  const [, run] = runsOf(
    random,
    load(0),
    multiply(1, 0, 1),
    { do: "random", out: 3, stream: random.stream },
    {
      do: "store",
      a: 1,
    },
  );
  expect(run).toMatchObject({ kept: [1], isRepeatable: false });
});

test("nor can one that saves to a buffer that it opened", () => {
  const opened: Instruction = { do: "open", out: 0, buffer: 3 };
  expect(runsOf(opened, { do: "save", a: 0, buffer: 3 })[0].isRepeatable).toBe(false);
  expect(runsOf(opened, { do: "save", a: 0, buffer: 4 })[0].isRepeatable).toBe(true);
});
