import { integer, number } from "../../core/params.js";
import { addScaled } from "../../linear-algebra/add-scaled.js";
import { type Matrix, rowOf, zeros } from "../../linear-algebra/matrix.js";
import { polarFactor } from "../../linear-algebra/polar-factor.js";
import { svd } from "../../linear-algebra/svd.js";
import { meanTaskVector } from "../formulas/mean-task-vector.js";
import { defineMergeMethod } from "../method.js";

export const tsv = defineMergeMethod({
  id: "tsv",
  title: "Task singular vectors",
  doc: "Keeps the strongest singular vectors of each task vector, brings those of all tasks to right angles, and adds them.",
  formula:
    "base + λ·U⊥·Σ·V⊥ᵀ,   U = [U₁ … U_N], Σ, V: the first k singular values and vectors of each δᵢ;   X⊥ = P·Qᵀ, X = P·D·Qᵀ",
  use: "Models fine-tuned from one base on tasks that get in each other's way. The mean of the task vectors is multiplied by lambda too; it is also taken for matrices with fewer rows or columns than there are models. Much slower than elementwise methods.",
  paper: "Gargiulo et al., “Task Singular Vectors: Reducing Task Interference in Model Merging”, CVPR 2025 (TSV-Merge)",
  models: { min: 1 },
  base: "required",
  gives: "model",
  params: {
    lambda: number({ doc: "Strength of what is added; 0 gives the base model.", default: 1 }),
    rank: integer({
      doc: "Singular vectors kept of each task; 0 divides the rank of the matrix evenly among the tasks.",
      min: 0,
      default: 0,
    }),
  },
  combine: ({ models, base, params }) => meanTaskVector(models, base, params.lambda),
  matrix: {
    others: "mean of the task vectors",
    takes: ({ rows, cols, models }) => Math.min(rows, cols) >= Math.max(2, models),
    numbers: ({ rows, cols }) => {
      const side = Math.min(rows, cols);
      // Singular vectors of all tasks, and one side of them orthogonalised; a matrix, its image, its Gram matrix, what
      // its eigenvectors are found in, what is made of them, and what was used before and is not yet taken back.
      return side * (2 * rows + cols) + 6 * rows * cols + 7 * side * side;
    },
    combine: async ({ rows, cols, models, taskVector, base, params, multiply }) => {
      const side = Math.min(rows, cols);
      const share = Math.floor(side / models);
      const kept = params.rank === 0 ? share : Math.min(params.rank, share);
      const left = zeros(models * kept, rows);
      const right = zeros(models * kept, cols);
      const strength = new Float64Array(models * kept);
      for (let task = 0; task < models; task++) {
        const found = await svd(await taskVector(task), { multiply, rank: kept });
        left.values.set(found.left.values, task * kept * rows);
        right.values.set(found.right.values, task * kept * cols);
        strength.set(found.singular, task * kept);
      }
      const scaled = scaleRows(await polarFactor(left, multiply), strength);
      const merged = multiply(scaled, await polarFactor(right, multiply), { transposeA: true });
      return addScaled(await base(), merged, params.lambda);
    },
  },
  cases: [
    {
      name: "adds tasks that do not meet",
      shape: [2, 2],
      models: [
        [3, 0, 0, 1],
        [1, 0, 0, 4],
      ],
      base: [1, 0, 0, 1],
      expected: [3, 0, 0, 4],
    },
    {
      name: "keeps of each task as many directions as are its share",
      shape: [2, 2],
      models: [
        [5, 0, 0, 2],
        [1, 0, 0, 4],
      ],
      base: [1, 0, 0, 1],
      expected: [5, 0, 0, 4],
    },
    {
      name: "returns the only model",
      shape: [2, 2],
      models: [[1, 2, 3, 4]],
      base: [1, 1, 1, 0],
      expected: [1, 2, 3, 4],
    },
    {
      name: "adds the mean change of vectors",
      models: [
        [3, 1],
        [1, 2],
      ],
      base: [1, 1],
      params: { lambda: 2 },
      expected: [3, 2],
    },
  ],
});

function scaleRows(matrix: Matrix, factors: Float64Array): Matrix {
  for (let i = 0; i < matrix.rows; i++) {
    const row = rowOf(matrix, i);
    for (let k = 0; k < row.length; k++) row[k] *= factors[i];
  }
  return matrix;
}
