import { defineTaskVectorMethod } from "../formulas/define-task-vector-method.js";

export const ties = defineTaskVectorMethod({
  id: "ties",
  title: "TIES",
  doc: "Trims each task vector to its largest changes, elects a sign for each element, and adds the changes of that sign.",
  formula: "base + λ·Σ kept wᵢδᵢ / Σ kept wᵢ,   δᵢ trimmed to density, kept where its sign is that of Σ wᵢδᵢ",
  use: "Several fine-tuned models of one base whose changes get in each other's way; density 0.2 to 0.6.",
  paper: "Yadav et al., “TIES-Merging: resolving interference when merging models”, NeurIPS 2023",
  sparsifier: "magnitude",
  consensus: true,
  normalize: true,
  rescale: false,
  cases: [
    {
      name: "keeps the largest changes",
      models: [[1, -3, 2, 0.5]],
      base: [0, 0, 0, 0],
      params: { density: 0.5 },
      expected: [0, -3, 2, 0],
    },
    {
      name: "adds the changes of the elected sign only",
      models: [
        [3, 1],
        [-1, 1],
      ],
      base: [0, 0],
      expected: [3, 1],
    },
    {
      name: "keeps the first of equal changes",
      models: [[1, 1, -1, 1]],
      base: [0, 0, 0, 0],
      params: { density: 0.5 },
      expected: [1, 1, 0, 0],
    },
    {
      name: "keeps a lone element whatever the density",
      models: [[3]],
      base: [1],
      params: { density: 0.5 },
      expected: [3],
    },
    {
      name: "takes a density for each model",
      models: [
        [4, 2],
        [1, 2],
      ],
      base: [0, 0],
      params: { density: [0.5, 1], normalize: false },
      expected: [5, 2],
    },
    { name: "lets a model of weight 0 out", models: [[3], [5]], base: [1], weights: [1, 0], expected: [3] },
    {
      name: "elects without weights and divides by the count, as PEFT does",
      models: [
        [3, 2],
        [-1, 4],
      ],
      base: [0, 0],
      weights: [0.5, 1],
      params: { profile: "peft" },
      expected: [1.5, 2.5],
    },
  ],
});
