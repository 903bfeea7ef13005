import { defineTaskVectorMethod } from "../formulas/define-task-vector-method.js";

export const taskArithmetic = defineTaskVectorMethod({
  id: "task_arithmetic",
  title: "Task arithmetic",
  doc: "Adds the weighted task vectors of all models to the base model they came from.",
  formula: "base + λ·Σ wᵢ·(xᵢ − base)",
  use: "Models fine-tuned from one base, whose skills are to be added; a negative weight takes a skill away.",
  paper: "Ilharco et al., “Editing models with task arithmetic”, ICLR 2023",
  sparsifier: "none",
  consensus: false,
  normalize: false,
  rescale: false,
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
    {
      name: "divides by the weights",
      models: [[3], [5]],
      base: [1],
      weights: [1, 3],
      params: { normalize: true },
      expected: [4.5],
    },
  ],
});
