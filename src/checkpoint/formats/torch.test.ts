import { expect, test } from "vitest";
import { hasSharedCheckpoints, sharedCheckpoint } from "../../../test/support/shared-files.js";
import { openFileSource } from "../../node/file-source.js";
import { tensorNumbers } from "../../tensor/tensor.js";
import { closeCheckpoint } from "../checkpoint.js";
import { openCheckpoint } from "../open-checkpoint.js";
import { readTensor } from "../read-tensor.js";

const openShared = async (name: string) => openCheckpoint(await openFileSource(sharedCheckpoint(name)));

const OTHER_CLOTHES = [
  "mnist-legacy.pth",
  "mnist-training-checkpoint.pt",
  "mnist-whole-module.pth",
  "mnist.safetensors",
];

test.skipIf(!hasSharedCheckpoints).each(OTHER_CLOTHES)("%s holds the same state dict as mnist.pth", async (name) => {
  const [plain, other] = await Promise.all([openShared("mnist.pth"), openShared(name)]);
  expect([...other.entries.keys()].sort()).toEqual([...plain.entries.keys()].sort());
  if (other.format === "torch") expect([...other.entries.keys()]).toEqual([...plain.entries.keys()]);
  for (const key of plain.entries.keys()) {
    const [expected, actual] = await Promise.all([readTensor(plain, key), readTensor(other, key)]);
    expect({ ...actual, bytes: undefined }).toEqual({ ...expected, bytes: undefined });
    expect(Buffer.compare(actual.bytes, expected.bytes)).toBe(0);
  }
  await Promise.all([closeCheckpoint(plain), closeCheckpoint(other)]);
});

test.skipIf(!hasSharedCheckpoints)("a whole module says which keys are buffers", async () => {
  const checkpoint = await openShared("mnist-whole-module.pth");
  expect(checkpoint.entries.get("block_1.1.weight")?.kind).toBe("parameter");
  expect(checkpoint.entries.get("block_1.1.running_mean")?.kind).toBe("buffer");
  await closeCheckpoint(checkpoint);
});

test.skipIf(!hasSharedCheckpoints)("views of every kind give the numbers that PyTorch shows", async () => {
  const checkpoint = await openShared("odd-tensors.pth");
  const numbers = async (key: string) => [...tensorNumbers(await readTensor(checkpoint, key))];
  expect(await numbers("transposed")).toEqual([
    0, 6, 12, 18, 1, 7, 13, 19, 2, 8, 14, 20, 3, 9, 15, 21, 4, 10, 16, 22, 5, 11, 17, 23,
  ]);
  expect(await numbers("slice")).toEqual([8, 9, 10, 14, 15, 16]);
  expect(await numbers("expanded")).toEqual([1, 2, 1, 2, 1, 2]);
  expect(await numbers("scalar")).toEqual([2.5]);
  expect(await numbers("empty")).toEqual([]);
  expect(checkpoint.entries.get("tied.a")?.tie).toBeDefined();
  expect(checkpoint.entries.get("tied.a")?.tie).toBe(checkpoint.entries.get("tied.b")?.tie);
  expect(checkpoint.entries.get("transposed")?.tie).toBeUndefined();
  await closeCheckpoint(checkpoint);
});
