/** Adam's usual shares of what is kept, and what guards against division by 0. */
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** Moves numbers against their gradients, step by step. */
export interface Adam {
  /** Changes the numbers of each name that has a gradient. */
  step(numbers: ReadonlyMap<string, Float32Array>, gradients: ReadonlyMap<string, ArrayLike<number>>): void;
}

/**
 * Adam outside a graph, for searches whose steps are not all arithmetic.
 *
 *     m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  w ← w − rate · m̂ / (√v̂ + ε)
 *
 * @source Kingma and Ba, "Adam", ICLR 2015, algorithm 1
 */
export function createAdam({ rate }: { readonly rate: number }): Adam {
  const slots = new Map<string, { readonly mean: Float32Array; readonly square: Float32Array }>();
  let done = 0;
  return {
    step(numbers, gradients) {
      done++;
      const [scale, root] = [rate / (1 - BETA1 ** done), 1 / Math.sqrt(1 - BETA2 ** done)];
      for (const [name, gradient] of gradients) {
        const values = numbers.get(name);
        if (values === undefined) continue;
        const { mean, square } = slots.get(name) ?? {
          mean: new Float32Array(values.length),
          square: new Float32Array(values.length),
        };
        slots.set(name, { mean, square });
        for (let i = 0; i < values.length; i++) {
          mean[i] = BETA1 * mean[i] + (1 - BETA1) * gradient[i];
          square[i] = BETA2 * square[i] + (1 - BETA2) * gradient[i] ** 2;
          values[i] -= (scale * mean[i]) / (Math.sqrt(square[i]) * root + EPSILON);
        }
      }
    },
  };
}
