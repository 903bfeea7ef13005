import { OnebasinError } from "../../core/errors.js";

/**
 * Checks that every score is a number.
 *
 * @param scores [rows, columns]
 * @throws `non-finite` with the place of the first that is none
 */
export function checkFinite(scores: Float32Array, { columns }: { readonly columns: number }): void {
  for (let i = 0; i < scores.length; i++) {
    if (Number.isFinite(scores[i])) continue;
    throw new OnebasinError(
      "non-finite",
      `The score of row ${Math.floor(i / columns)} and column ${i % columns} is ${scores[i]}.`,
      { hint: "One of the networks holds NaN or infinity, or its activations overflow." },
    );
  }
}
