import { gramMatrix, normIn } from "./gram.js";

/**
 * The mean of directions on the sphere, as coefficients of the given tensors, scaled to the mean of their norms.
 *
 * Starts at the normalised mean of the unit vectors and goes along the mean of the logarithmic maps,
 * T = 1/n Σ θᵢ/sin θᵢ · (uᵢ − cos θᵢ · μ), until ‖T‖ < tol. Every point stays in the span of the tensors, so that
 * rounds cost O(n²) numbers, not a sweep.
 *
 * @param values their count, most rounds, tolerance, then the numbers of `gram`
 * @source Karcher, "Riemannian center of mass and mollifier smoothing", 1977
 */
export function karcherMean([count, maxRounds, tolerance, ...upper]: readonly number[]): readonly number[] {
  const products = gramMatrix(upper, count);
  const norms = products.map((row, i) => Math.sqrt(row[i]));
  const scale = norms.reduce((total, norm) => total + norm, 0) / count;
  const used = norms.flatMap((norm, i) => (norm > tolerance ? [i] : []));
  const coefficients = new Array<number>(count).fill(0);
  if (used.length === 0) return coefficients;
  const cosines = used.map((i) => used.map((j) => products[i][j] / (norms[i] * norms[j])));
  const mean = meanDirection(cosines, { maxRounds, tolerance });
  for (const [place, i] of used.entries()) coefficients[i] = (mean[place] * scale) / norms[i];
  return coefficients;
}

function meanDirection(
  cosines: readonly (readonly number[])[],
  { maxRounds, tolerance }: { readonly maxRounds: number; readonly tolerance: number },
): readonly number[] {
  const count = cosines.length;
  const start = normalised(cosines, new Array<number>(count).fill(1 / count));
  // Opposite directions have no mean; the first is as good as any.
  let mean = start ?? cosines.map((_, i) => (i === 0 ? 1 : 0));
  for (let round = 0; round < maxRounds; round++) {
    const tangent = meanTangent(cosines, mean);
    const length = normIn(cosines, tangent);
    if (length < tolerance) break;
    const moved = mean.map((value, i) => Math.cos(length) * value + (Math.sin(length) / length) * tangent[i]);
    mean = normalised(cosines, moved) ?? moved;
  }
  return mean;
}

function meanTangent(cosines: readonly (readonly number[])[], mean: readonly number[]): number[] {
  const count = cosines.length;
  let along = 0;
  const tangent = cosines.map((row) => {
    const cosine = Math.max(
      -1,
      Math.min(
        1,
        row.reduce((sum, value, j) => sum + value * mean[j], 0),
      ),
    );
    const angle = Math.acos(cosine);
    const sine = Math.sin(angle);
    const stretch = sine < SMALLEST_SINE ? 1 : angle / sine;
    along += (stretch * cosine) / count;
    return stretch / count;
  });
  return tangent.map((value, i) => value - along * mean[i]);
}

/** Below this the angle is its own sine. */
const SMALLEST_SINE = 1e-8;

function normalised(cosines: readonly (readonly number[])[], coefficients: readonly number[]): number[] | undefined {
  const length = normIn(cosines, coefficients);
  return length < SMALLEST_SINE ? undefined : coefficients.map((value) => value / length);
}
