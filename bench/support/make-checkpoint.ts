import { closeSync, openSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { safetensors } from "../../src/checkpoint/formats/safetensors.js";
import { createRandom } from "../../src/core/random.js";
import { type DType, dtypeBytes } from "../../src/tensor/dtype.js";
import { elementCount } from "../../src/tensor/shape.js";
import { createTensor } from "../../src/tensor/tensor.js";
import { llamaShapes } from "./llama-shapes.js";

/** Distinct numbers drawn; longer tensors repeat them, which no merge takes advantage of. Odd, so that rows differ. */
const DRAWN = 2 ** 20 - 1;

export interface CheckpointRequest {
  readonly seed: number;
  readonly dtype: DType;
  readonly scale: number;
}

/**
 * Writes a safetensors file of normally distributed numbers, 0.02 wide, as trained language models have.
 *
 * @returns bytes of all tensors
 */
export function makeCheckpoint(path: string, { seed, dtype, scale }: CheckpointRequest): number {
  const random = createRandom(seed, "bench");
  const values = Float64Array.from({ length: DRAWN }, () => 0.02 * random.normal());
  const block = createTensor(dtype, [DRAWN], values).bytes;
  // In the order of their keys, as the safetensors package writes them.
  const tensors = llamaShapes(scale)
    .map(([key, shape]) => ({ key, dtype, shape }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const layout = safetensors.layout?.(tensors, { fileName: basename(path) });
  if (layout === undefined) throw new Error("safetensors files cannot be written");
  const file = openSync(path, "w");
  for (const { position, bytes } of layout.files[0].segments) writeSync(file, bytes, 0, bytes.length, position);
  for (const { key, shape } of tensors) {
    const size = elementCount(shape) * dtypeBytes(dtype);
    const start = layout.placements.get(key)?.position as number;
    for (let done = 0; done < size; ) {
      done += writeSync(file, block, 0, Math.min(block.length, size - done), start + done);
    }
  }
  closeSync(file);
  return tensors.reduce((total, { shape }) => total + elementCount(shape) * dtypeBytes(dtype), 0);
}
