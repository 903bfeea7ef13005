import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fixtureCheckpoint } from "../../test/support/fixture-files.js";
import { closeCheckpoint } from "../checkpoint/checkpoint.js";
import { readTensor } from "../checkpoint/read-tensor.js";
import { openPath } from "./open-path.js";

/** What `test/golden/make-checkpoints.py` put into each file. */
interface Expected {
  /** Key, dtype, shape, bytes in hexadecimal. */
  readonly tensors: readonly (readonly [string, string, readonly number[], string])[];
  readonly versions?: Readonly<Record<string, number>>;
  readonly tied?: readonly (readonly string[])[];
  readonly entry?: string;
}

const expected: Record<string, Expected> = JSON.parse(readFileSync(fixtureCheckpoint("expected.json"), "utf8"));

test.each(Object.entries(expected))("%s holds what Python put into it", async (name, { tensors, ...facts }) => {
  const checkpoint = await openPath(fixtureCheckpoint(name), { entry: facts.entry });
  const actual: unknown[] = [];
  for (const key of checkpoint.entries.keys()) {
    const { dtype, shape, bytes } = await readTensor(checkpoint, key);
    actual.push([key, dtype, shape, Buffer.from(bytes).toString("hex")]);
  }
  // The safetensors library sorts its header; every other format keeps the order of the model.
  const inOrder = checkpoint.format === "safetensors" ? tensors.toSorted(byKey) : tensors;
  expect(checkpoint.format === "safetensors" ? (actual as [string][]).sort(byKey) : actual).toEqual(inOrder);
  if (facts.versions !== undefined) expect(Object.fromEntries(checkpoint.moduleVersions ?? [])).toEqual(facts.versions);
  for (const [a, b] of facts.tied ?? []) {
    expect(checkpoint.entries.get(a)?.tie).toBeDefined();
    expect(checkpoint.entries.get(b)?.tie).toBe(checkpoint.entries.get(a)?.tie);
  }
  await closeCheckpoint(checkpoint);
});

function byKey([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}

test("a pickled module says which keys are buffers", async () => {
  const checkpoint = await openPath(fixtureCheckpoint("whole-module.pth"));
  const kinds = [...checkpoint.entries.values()].map(({ key, kind }) => [key, kind]);
  expect(Object.fromEntries(kinds)).toEqual({
    "block.scale": "buffer",
    "block.conv.weight": "parameter",
    "block.conv.bias": "parameter",
    "block.norm.weight": "parameter",
    "block.norm.bias": "parameter",
    "block.norm.running_mean": "buffer",
    "block.norm.running_var": "buffer",
    "block.norm.num_batches_tracked": "buffer",
    "embedding.weight": "parameter",
    "output.weight": "parameter",
    "output.bias": "parameter",
  });
  await closeCheckpoint(checkpoint);
});

test("of two models in a file one has to be chosen", async () => {
  await expect(openPath(fixtureCheckpoint("two-models.pth"))).rejects.toThrow(
    /model \(11 tensors\)\n {2}ema.shadow.net/,
  );
  await expect(openPath(fixtureCheckpoint("two-models.pth"), { entry: "modle" })).rejects.toMatchObject({
    code: "unknown-name",
    hint: expect.stringContaining('"model"'),
  });
});

test("of the only model in a file no entry can be chosen", async () => {
  await expect(openPath(fixtureCheckpoint("plain.pth"), { entry: "model" })).rejects.toMatchObject({
    code: "unknown-name",
    hint: "Leave --entry out.",
  });
});

test("optimizer state is not taken for a model, and what was left out is said", async () => {
  const checkpoint = await openPath(fixtureCheckpoint("training.pth"));
  expect(checkpoint.notes).toEqual(['The state dict was taken from "model".']);
  await closeCheckpoint(checkpoint);
  const arrays = await openPath(fixtureCheckpoint("arrays-compressed.npz"));
  expect(arrays.notes).toEqual(['Left out, because not tensors: "text" (1 in all).']);
  await closeCheckpoint(arrays);
});
