import { number } from "../../core/params.js";
import { addScaled } from "../../linear-algebra/add-scaled.js";
import { rowOf } from "../../linear-algebra/matrix.js";
import { svd } from "../../linear-algebra/svd.js";
import { meanTaskVector } from "../formulas/mean-task-vector.js";
import { defineMergeMethod } from "../method.js";

export const isoC = defineMergeMethod({
  id: "iso_c",
  title: "Isotropic merging in the common subspace",
  doc: "Adds the task vectors and gives all singular values of their sum the same size, so that no task outweighs the others.",
  formula: "base + λ·σ̄·U·Vᵀ,   Σ δᵢ = U·diag(σ)·Vᵀ,   σ̄ = mean(σ)",
  use: "Many models fine-tuned from one base, where the plain sum is ruled by a few directions. The mean of the task vectors is multiplied by lambda too. Directions in which no model moved stay as they are. Much slower than elementwise methods.",
  paper:
    "Marczak et al., “No Task Left Behind: Isotropic Model Merging with Common and Task-Specific Subspaces”, ICML 2025 (Iso-C)",
  models: { min: 1 },
  base: "required",
  gives: "model",
  params: {
    lambda: number({ doc: "Strength of what is added; 0 gives the base model.", default: 1 }),
  },
  combine: ({ models, base, params }) => meanTaskVector(models, base, params.lambda),
  matrix: {
    others: "mean of the task vectors",
    numbers: ({ rows, cols }) => 5 * rows * cols + 6 * Math.min(rows, cols) ** 2,
    combine: async ({ models, taskVector, base, params, multiply }) => {
      const total = await taskVector(0);
      for (let task = 1; task < models; task++) addScaled(total, await taskVector(task), 1);
      const { singular, left, right } = await svd(total, { multiply });
      const moved = singular.filter((value) => value > 0).length;
      const mean = singular.reduce((sum, value) => sum + value, 0) / Math.max(1, moved);
      for (let i = moved; i < left.rows; i++) rowOf(left, i).fill(0);
      return addScaled(await base(), multiply(left, right, { transposeA: true }), params.lambda * mean);
    },
  },
  cases: [
    {
      name: "gives all directions the same strength",
      shape: [2, 2],
      models: [
        [4, 0, 0, 1],
        [1, 0, 0, 2],
      ],
      base: [1, 0, 0, 1],
      expected: [3, 0, 0, 3],
    },
    {
      name: "leaves alone what no model moved",
      shape: [2, 2],
      models: [[5, 1, 0, 1]],
      base: [1, 1, 0, 1],
      params: { lambda: 0.5 },
      expected: [3, 1, 0, 1],
    },
    {
      name: "adds the mean change of vectors",
      models: [[3], [1]],
      base: [1],
      expected: [2],
    },
  ],
});
