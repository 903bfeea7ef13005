import { integer, number } from "../../core/params.js";
import { solve, weightedSum } from "../expression/expression.js";
import { gram } from "../formulas/gram.js";
import { karcherMean } from "../formulas/karcher-mean.js";
import { defineMergeMethod } from "../method.js";

export const karcher = defineMergeMethod({
  id: "karcher",
  title: "Karcher mean",
  doc: "The mean of the models' directions on the sphere, with the mean of their lengths.",
  formula: "μ ← exp_μ(1/n Σ log_μ(xᵢ/‖xᵢ‖)) until it stands still;   result μ · mean ‖xᵢ‖",
  use: "What slerp is for two models, for any number of them, all counting the same.",
  paper: "Karcher, “Riemannian center of mass and mollifier smoothing”, 1977",
  models: { min: 1 },
  base: "none",
  gives: "model",
  params: {
    max_iter: integer({ doc: "Rounds at most.", min: 0, max: 100000, default: 10 }),
    tol: number({
      doc: "Ends when the step is shorter; a tensor of a smaller norm has no direction.",
      min: 0,
      default: 1e-5,
    }),
  },
  combine: ({ models, params: { max_iter, tol } }) =>
    weightedSum(models, solve(karcherMean, [models.length, max_iter, tol, ...gram(models)], models.length)),
  cases: [
    {
      name: "stands half-way on the arc between two models",
      models: [
        [1, 0],
        [0, 3],
      ],
      expected: [Math.SQRT2, Math.SQRT2],
    },
    { name: "returns a lone model", models: [[3, -4]], expected: [3, -4] },
    {
      name: "leaves out a tensor of zeros, whose length counts all the same",
      models: [
        [0, 0],
        [0, 4],
      ],
      expected: [0, 2],
    },
    {
      name: "is the same vector for equal models",
      models: [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      expected: [1, 2],
    },
  ],
});
