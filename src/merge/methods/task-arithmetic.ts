import { number } from "../../core/params.js";
import { add, mul, sub, weightedSum } from "../expression/expression.js";
import { defineMergeMethod } from "../method.js";

export const taskArithmetic = defineMergeMethod({
  id: "task_arithmetic",
  title: "Task arithmetic",
  doc: "Adds the weighted task vectors of all models to the base model they came from.",
  formula: "base + λ·Σ wᵢ·(xᵢ − base)",
  use: "Models fine-tuned from one base, whose skills are to be added; a negative weight takes a skill away.",
  paper: "Ilharco et al., “Editing models with task arithmetic”, ICLR 2023",
  models: { min: 1 },
  base: "required",
  defaultWeight: 1,
  gives: "model",
  params: {
    lambda: number({ doc: "Strength of the summed task vectors; 0 gives the base model.", default: 1 }),
  },
  combine: ({ models, base, weights, params: { lambda } }) => {
    if (base === undefined) throw new Error("task_arithmetic is called without its base");
    return add(
      base,
      mul(
        weightedSum(
          models.map((model) => sub(model, base)),
          weights,
        ),
        lambda,
      ),
    );
  },
  cases: [
    {
      name: "adds both changes to the base",
      models: [
        [2, 1],
        [1, 4],
      ],
      base: [1, 1],
      expected: [2, 4],
    },
    { name: "scales each change", models: [[3], [5]], base: [1], weights: [0.5, -0.25], expected: [1] },
    { name: "scales all changes", models: [[3]], base: [1], params: { lambda: 0.5 }, expected: [2] },
  ],
});
