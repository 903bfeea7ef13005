import { integer, number } from "../../core/params.js";
import { addScaled } from "../../linear-algebra/add-scaled.js";
import { type Matrix, zeros } from "../../linear-algebra/matrix.js";
import { meanTaskVector } from "../formulas/mean-task-vector.js";
import { defineMergeMethod } from "../method.js";

/** Adam's usual rates at which means of gradients and of their squares forget, and what keeps it from dividing by 0. */
const FORGETTING = 0.9;
const SQUARE_FORGETTING = 0.999;
const SMALLEST_ROOT = 1e-8;

export const wudi = defineMergeMethod({
  id: "wudi",
  title: "WUDI merging",
  doc: "Starts from the sum of the task vectors and, by Adam, lessens what it does to each task along the inputs that the task's own vector stands for.",
  formula: "base + λ·τ,   τ from Σ δᵢ, lessening Σ ‖(τ − δᵢ)·δᵢᵀ‖² / ‖δᵢ‖²",
  use: "Models fine-tuned from one base, without any data. The mean of the task vectors is multiplied by lambda too. Each step is one product of matrices: much slower than elementwise methods, and the slowest of all for wide layers.",
  paper:
    "Cheng et al., “Whoever Started the Interference Should End It: Guiding Data-Free Model Merging via Task Vectors”, ICML 2025",
  models: { min: 1 },
  base: "required",
  gives: "model",
  params: {
    lambda: number({ doc: "Strength of what is added; 0 gives the base model.", default: 1 }),
    steps: integer({ doc: "Steps of Adam; 0 leaves the sum of the task vectors.", min: 0, default: 300 }),
    learning_rate: number({ doc: "How far an element moves in one step, at most.", min: 0, default: 1e-5 }),
  },
  combine: ({ models, base, params }) => meanTaskVector(models, base, params.lambda),
  matrix: {
    others: "mean of the task vectors",
    numbers: ({ rows, cols }) => 8 * rows * cols + 3 * cols * cols,
    combine: async ({ rows, cols, models, taskVector, base, params, multiply }) => {
      const merged = zeros(rows, cols);
      // The loss is a quadratic: its gradient is 2·(τ·inputs − target), however many tasks there are.
      const inputs = zeros(cols, cols);
      const target = zeros(rows, cols);
      for (let task = 0; task < models; task++) {
        const delta = await taskVector(task);
        addScaled(merged, delta, 1);
        const square = delta.values.reduce((sum, value) => sum + value * value, 0);
        if (square === 0) continue;
        const own = multiply(delta, delta, { transposeA: true });
        addScaled(inputs, own, 1 / square);
        addScaled(target, multiply(delta, own), 1 / square);
      }
      const step = createAdam(merged, params.learning_rate);
      for (let i = 0; i < params.steps; i++) {
        const gradient = multiply(merged, inputs);
        for (let k = 0; k < gradient.values.length; k++)
          gradient.values[k] = 2 * (gradient.values[k] - target.values[k]);
        step(gradient.values);
      }
      return addScaled(await base(), merged, params.lambda);
    },
  },
  cases: [
    {
      name: "stays at the sum of tasks that do not meet",
      shape: [2, 2],
      models: [
        [3, 0, 0, 1],
        [1, 0, 0, 4],
      ],
      base: [1, 0, 0, 1],
      expected: [3, 0, 0, 4],
    },
    {
      name: "moves by the learning rate where tasks pull one way",
      shape: [2, 2],
      models: [
        [2, 0, 0, 0],
        [2, 0, 0, 0],
      ],
      base: [0, 0, 0, 0],
      params: { steps: 1, learning_rate: 0.5 },
      expected: [4 - 4 / (8 + 1e-8), 0, 0, 0],
    },
    {
      name: "adds task vectors at no step",
      shape: [2, 2],
      models: [[1, 2, 3, 4]],
      base: [0, 1, 0, 1],
      params: { steps: 0 },
      expected: [1, 2, 3, 4],
    },
    { name: "adds the mean change of vectors", models: [[3], [1]], base: [1], expected: [2] },
  ],
});

/** Adam without decay, changing `matrix` by each gradient that it is given. */
function createAdam({ values }: Matrix, rate: number): (gradient: Float64Array) => void {
  const mean = new Float64Array(values.length);
  const square = new Float64Array(values.length);
  let [known, squareKnown] = [1, 1];
  return (gradient) => {
    known *= FORGETTING;
    squareKnown *= SQUARE_FORGETTING;
    for (let k = 0; k < values.length; k++) {
      const slope = gradient[k];
      mean[k] += (1 - FORGETTING) * (slope - mean[k]);
      square[k] += (1 - SQUARE_FORGETTING) * (slope * slope - square[k]);
      const root = Math.sqrt(square[k] / (1 - squareKnown));
      values[k] -= (rate * mean[k]) / ((1 - known) * (root + SMALLEST_ROOT));
    }
  };
}
