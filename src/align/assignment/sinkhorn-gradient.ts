/** The system is solved until what is left of its right side is this share. */
const TOLERANCE = 1e-5;
const MAX_ITERATIONS = 100;

/**
 * The gradient of a loss with respect to the scores of Sinkhorn's scaling, given that with respect to the soft
 * permutation P = diag(u) · exp(scores / temperature) · diag(v) that it ends at. The conditions that hold at the end are
 * differentiated, not the rounds that led there: no round is kept, and their number does not matter.
 *
 *     dX = P ⊙ (G − r·1ᵀ − 1·cᵀ) / temperature,  where  r + P·c = (P ⊙ G)·1  and  Pᵀ·r + c = (P ⊙ G)ᵀ·1
 *
 * r is put into the second equation, and c found by conjugate gradients. Cost: 2 · n² for each of at most 100 iterations.
 *
 * @param soft P, [n, n], rows and columns sum to 1
 * @param gradient G, [n, n]
 * @source Peña, Medeiros, Dubail, Aminbeidokhti, Granger and Pedersoli, "Re-basin via implicit Sinkhorn
 * differentiation", CVPR 2023, section 3.2, after Eisenberger et al., "A unified framework for implicit Sinkhorn
 * differentiation", CVPR 2022
 */
export function sinkhornGradient(
  soft: Float32Array,
  gradient: Float32Array,
  { units, temperature }: { readonly units: number; readonly temperature: number },
): Float32Array {
  const rowSums = new Float64Array(units);
  const columnSums = new Float64Array(units);
  for (let i = 0; i < units; i++) {
    for (let j = 0; j < units; j++) {
      const value = soft[i * units + j] * gradient[i * units + j];
      rowSums[i] += value;
      columnSums[j] += value;
    }
  }
  const right = columnSums.map((sum) => sum);
  addTransposed(right, soft, rowSums, -1);
  const columns = conjugateGradients(right, (vector) => {
    const result = vector.slice();
    addTransposed(result, soft, times(soft, vector), -1);
    return result;
  });
  const held = times(soft, columns);
  const rows = rowSums.map((sum, i) => sum - held[i]);
  const out = new Float32Array(soft.length);
  for (let i = 0; i < units; i++) {
    for (let j = 0; j < units; j++) {
      const at = i * units + j;
      out[at] = (soft[at] * (gradient[at] - rows[i] - columns[j])) / temperature;
    }
  }
  return out;
}

/** P · vector */
function times(soft: Float32Array, vector: Float64Array): Float64Array {
  const n = vector.length;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += soft[i * n + j] * vector[j];
    out[i] = sum;
  }
  return out;
}

/** out += scale · Pᵀ · vector */
function addTransposed(out: Float64Array, soft: Float32Array, vector: Float64Array, scale: number): void {
  const n = out.length;
  for (let i = 0; i < n; i++) {
    const factor = scale * vector[i];
    for (let j = 0; j < n; j++) out[j] += factor * soft[i * n + j];
  }
}

/** Solves A·x = b for a symmetric A without negative eigenvalues, b in its range. */
function conjugateGradients(b: Float64Array, apply: (vector: Float64Array) => Float64Array): Float64Array {
  const x = new Float64Array(b.length);
  const rest = b.slice();
  let direction = b.slice();
  let size = dot(rest, rest);
  const enough = TOLERANCE ** 2 * size;
  for (let i = 0; i < MAX_ITERATIONS && size > enough; i++) {
    const applied = apply(direction);
    const curve = dot(direction, applied);
    // What is left lies where A is 0 but for rounding.
    if (!(curve > 0)) break;
    const step = size / curve;
    for (let k = 0; k < x.length; k++) {
      x[k] += step * direction[k];
      rest[k] -= step * applied[k];
    }
    const now = dot(rest, rest);
    const share = now / size;
    direction = direction.map((value, k) => rest[k] + share * value);
    size = now;
  }
  return x;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
