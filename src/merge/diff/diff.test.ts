import { expect, test } from "vitest";
import type { Checkpoint } from "../../checkpoint/checkpoint.js";
import { stateDictCheckpoint } from "../../checkpoint/state-dict-checkpoint.js";
import { createRandom } from "../../core/random.js";
import { createTensor, type Tensor } from "../../tensor/tensor.js";
import { createLocalBackend } from "../execute/local-backend.js";
import { sourceIO } from "../execute/source-io.js";
import { type DiffReport, diff } from "./diff.js";

const SHAPES: Readonly<Record<string, readonly number[]>> = {
  "0.weight": [32, 20],
  "0.bias": [32],
  "2.weight": [24, 32],
  "2.bias": [24],
};

type Numbers = Readonly<Record<string, readonly number[]>>;

/** An MLP's numbers, drawn from the seed. */
function draw(seed: number): Numbers {
  return Object.fromEntries(
    Object.entries(SHAPES).map(([key, shape]) => {
      const random = createRandom(seed, "test", key);
      return [key, Array.from({ length: shape.reduce((x, y) => x * y, 1) }, () => random.normal())];
    }),
  );
}

function checkpoint(name: string, numbers: Numbers, rename: (key: string) => string = (key) => key): Checkpoint {
  const tensors = Object.entries(numbers).map(([key, values]): [string, Tensor] => [
    rename(key),
    createTensor("f32", SHAPES[key], values),
  ]);
  return stateDictCheckpoint(name, new Map(tensors));
}

/** `a` plus noise of the given size. */
function drifted(a: Numbers, noise: number): Numbers {
  const b = draw(99);
  return Object.fromEntries(
    Object.entries(a).map(([key, values]) => [key, values.map((value, i) => value + noise * b[key][i])]),
  );
}

/** The hidden units in reverse order: the same function. */
function reversed(a: Numbers): Numbers {
  const rows = (values: readonly number[], width: number) =>
    Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));
  return {
    "0.weight": rows(a["0.weight"], 20).reverse().flat(),
    "0.bias": [...a["0.bias"]].reverse(),
    "2.weight": rows(a["2.weight"], 32).flatMap((row) => row.toReversed()),
    "2.bias": a["2.bias"],
  };
}

function compare(a: Checkpoint, b: Checkpoint): Promise<DiffReport> {
  const io = { ...sourceIO([...a.sources, ...b.sources]), write: () => {} };
  return diff(a, b, () => createLocalBackend(io));
}

test("distance and cosine of each key, and of all together", async () => {
  const shapes = { x: createTensor("f32", [2], [3, 4]), y: createTensor("f32", [1], [2]) };
  const other = { x: createTensor("bf16", [2], [3, 0]), y: createTensor("f32", [1], [-2]) };
  const [a, b] = [shapes, other].map((tensors, i) => stateDictCheckpoint("ab"[i], new Map(Object.entries(tensors))));
  const report = await compare(a, b);
  expect(report.keys).toMatchObject([
    { key: "x", norms: [5, 3], distance: 4, cosine: 0.6 },
    { key: "y", norms: [2, 2], distance: 4, cosine: -1 },
  ]);
  expect(report.distance).toBeCloseTo(Math.sqrt(32), 12);
  expect(report.cosine).toBeCloseTo((9 - 4) / Math.sqrt(29 * 13), 12);
  expect(report.verdict.id).toBe("unclear");
});

test.each([
  ["the same model", (a: Numbers) => a, "identical"],
  ["a model fine-tuned a little", (a: Numbers) => drifted(a, 0.1), "fine-to-average"],
  ["a model that went far from the same start", (a: Numbers) => drifted(a, 1.1), "drifted"],
  ["another seed", () => draw(2), "trained-apart"],
])("%s", async (_, make, verdict) => {
  const a = draw(1);
  expect((await compare(checkpoint("a", a), checkpoint("b", make(a)))).verdict.id).toBe(verdict);
});

test("units in another order are found out, also when the first layer alone shows it", async () => {
  const a = draw(1);
  const { keys, verdict } = await compare(checkpoint("a", a), checkpoint("b", reversed(a)));
  expect(keys[0].units?.same).toBe(0);
  expect(keys[0].units?.bestCosine).toBeCloseTo(1, 5);
  expect(["reordered", "trained-apart"]).toContain(verdict.id);
  expect(verdict.text).toContain("align first");
});

test("networks in one order by a third of their units may have been aligned", async () => {
  const [a, other] = [draw(1), draw(2)];
  const mixed = Object.fromEntries(
    Object.entries(a).map(([key, values]) => {
      const same = Math.ceil(SHAPES[key][0] / 3) * (SHAPES[key][1] ?? 1);
      return [key, [...values.slice(0, same), ...other[key].slice(same)]];
    }),
  );
  const { verdict } = await compare(checkpoint("a", a), checkpoint("b", mixed));
  expect(verdict.id).toBe("trained-apart");
  expect(verdict.text).toContain("align first, or, where that is done, repair");
});

test("prefixes do not count as a difference; other keys and shapes do", async () => {
  const a = draw(1);
  const wrapped = await compare(
    checkpoint("a", a),
    checkpoint("b", a, (key) => `module.${key}`),
  );
  expect(wrapped).toMatchObject({
    onlyInA: [],
    onlyInB: [],
    renamed: 'without their prefix "module."',
    verdict: { id: "identical" },
  });
  const { "2.bias": _, ...less } = a;
  const report = await compare(checkpoint("a", a), checkpoint("b", less));
  expect(report).toMatchObject({ onlyInA: ["2.bias"], onlyInB: [], verdict: { id: "different-structure" } });
  const narrow = stateDictCheckpoint("b", new Map([["0.weight", createTensor("f32", [1, 2], [1, 2])]]));
  expect((await compare(checkpoint("a", a), narrow)).otherShape).toEqual([
    {
      key: "0.weight",
      shapes: [
        [32, 20],
        [1, 2],
      ],
    },
  ]);
});
