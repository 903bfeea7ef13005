import { type DType, dtypeBytes } from "../tensor/dtype.js";
import type { Shape } from "../tensor/shape.js";

/** PyTorch's and NumPy's own limit on the number of axes. */
export const MAX_RANK = 64;

/** Whether `value` can be a size, a count or a position in a file: a whole number that JavaScript holds exactly. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Number of elements of a shape from a file, or `undefined` when it cannot be held exactly. */
function checkedElementCount(shape: readonly unknown[]): number | undefined {
  if (shape.length > MAX_RANK || !shape.every(isSize)) return undefined;
  const sizes = shape as Shape;
  if (sizes.includes(0)) return 0;
  let count = 1;
  for (const size of sizes) {
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** Bytes of a tensor without gaps, or `undefined` when the shape is not one or the number is beyond 2⁵³. */
export function checkedTensorBytes(shape: readonly unknown[], dtype: DType): number | undefined {
  const count = checkedElementCount(shape);
  if (count === undefined) return undefined;
  const bytes = count * dtypeBytes(dtype);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
