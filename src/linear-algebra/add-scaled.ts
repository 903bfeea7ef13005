import type { Matrix } from "./matrix.js";

/** target += factor · matrix; gives the target. */
export function addScaled(target: Matrix, matrix: Matrix, factor: number): Matrix {
  for (let i = 0; i < target.values.length; i++) target.values[i] += factor * matrix.values[i];
  return target;
}
