import { OnebasinError } from "../core/errors.js";
import type { Shape } from "./shape.js";
import { shapeText } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** An f32 tensor over numbers in memory; nothing is copied. */
export function floatsTensor(shape: Shape, values: Float32Array): Tensor {
  return { dtype: "f32", shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/**
 * The numbers of an f32 tensor: a view where its bytes are aligned, else a copy.
 *
 * @throws `bad-argument` for another dtype
 */
export function tensorFloats({ dtype, shape, bytes }: Tensor): Float32Array {
  if (dtype !== "f32") {
    throw new OnebasinError("bad-argument", `A tensor ${shapeText(shape)} is ${dtype}; expected f32.`);
  }
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}
