import { DTYPES, type DType, dtypeBytes } from "../../src/tensor/dtype.js";
import type { StateDict, Tensor } from "../../src/tensor/tensor.js";

/** Bytes that are unlike from tensor to tensor; bool holds only 0 and 1. */
export function sampleTensor(dtype: DType, shape: readonly number[], seed: number): Tensor {
  const length = shape.reduce((product, size) => product * size, dtypeBytes(dtype));
  const bytes = Uint8Array.from({ length }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 8) + seed * 31);
  return { dtype, shape, bytes: dtype === "bool" ? bytes.map((byte) => byte & 1) : bytes };
}

/** Every dtype but those left out, scalars, empty tensors, and keys that are awkward. */
export function sampleStateDict(leftOut: readonly DType[] = []): StateDict {
  const dtypes = DTYPES.filter((dtype) => !leftOut.includes(dtype));
  return new Map<string, Tensor>([
    ...dtypes.map((dtype, i): [string, Tensor] => [`layer.${i}.${dtype}`, sampleTensor(dtype, [2, 3], i)]),
    ["10", sampleTensor("f32", [], 20)],
    ["2", sampleTensor("f32", [0, 4], 21)],
    ["naïve ключ 🧠", sampleTensor("f16", [5, 1, 3], 22)],
    ["__proto__", sampleTensor("i64", [1], 23)],
    ["cpu", sampleTensor("f32", [300], 24)],
  ]);
}
