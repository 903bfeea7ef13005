import { integer, number } from "../../core/params.js";
import { addScaled } from "../../linear-algebra/add-scaled.js";
import { descendNumbers, descendQuadratic } from "../../linear-algebra/descend-quadratic.js";
import { zeros } from "../../linear-algebra/matrix.js";
import { meanTaskVector } from "../formulas/mean-task-vector.js";
import { defineMergeMethod } from "../method.js";

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
    numbers: (sides) => 6 * sides.rows * sides.cols + 3 * sides.cols ** 2 + descendNumbers(sides),
    combine: async ({ rows, cols, models, taskVector, base, params, multiply, precision }) => {
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
      const slope = addScaled(multiply(merged, inputs), target, -1);
      const { steps, learning_rate: rate } = params;
      await descendQuadratic(merged, { slope, curvature: inputs, steps, rate, precision });
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
