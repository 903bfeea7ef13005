import { type Kernels, loadKernels } from "../kernels/load-kernels.js";
import { applyReflections } from "./apply-reflections.js";
import type { Multiply } from "./load-multiply.js";
import type { Matrix } from "./matrix.js";
import { tridiagonalEigen } from "./tridiagonal-eigen.js";
import { tridiagonalize, tridiagonalizeBytes } from "./tridiagonalize.js";

/** Up to so many rows, matrices take turns in memory that is kept: they are many, and each is soon done. */
const SMALL = 256;

export interface SymmetricEigen {
  /** In no particular order. */
  readonly values: Float64Array;
  /** Row i is the unit eigenvector of value i. */
  readonly vectors: Matrix;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix.
 *
 *     matrix = vectorsᵀ · diag(values) · vectors
 *
 * Householder reflections make the matrix tridiagonal, divide and conquer makes it diagonal. The vectors are orthogonal
 * to a few roundings; a value is right to a few roundings of the largest one.
 *
 * Cost: about 5·n³ operations, 4·n² numbers beside the matrix.
 *
 * @param matrix [n, n], finite; only its lower triangle is read, and it is left alone
 */
export async function symmetricEigen(matrix: Matrix, multiply: Multiply): Promise<SymmetricEigen> {
  const n = matrix.rows;
  const kernels = await (n <= SMALL ? loadSmall() : loadKernels(tridiagonalizeBytes(n)));
  // From here on nothing waits, so that no other matrix comes into the memory.
  const { scale, ...form } = tridiagonalize(matrix, { kernels, multiply });
  const found = tridiagonalEigen(form.diagonal, { beside: form.beside, multiply });
  applyReflections(found.vectors, { ...form, multiply });
  return { vectors: found.vectors, values: found.values.map((value) => value * scale) };
}

let small: Promise<Kernels> | undefined;

function loadSmall(): Promise<Kernels> {
  small ??= loadKernels(tridiagonalizeBytes(SMALL));
  return small;
}
