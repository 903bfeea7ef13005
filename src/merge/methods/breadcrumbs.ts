import { defineTaskVectorMethod } from "../formulas/define-task-vector-method.js";

export const breadcrumbs = defineTaskVectorMethod({
  id: "breadcrumbs",
  title: "Model breadcrumbs",
  doc: "Drops the smallest and the very largest changes of each model, and adds the rest.",
  formula: "base + λ·Σ wᵢδᵢ,   δᵢ without its int(γn) largest, then trimmed to density",
  use: "Many fine-tuned models: outliers of one do not drown the others.",
  paper: "Davari & Belilovsky, “Model breadcrumbs: scaling multi-task model merging with sparse masks”, ECCV 2024",
  sparsifier: "outliers",
  consensus: false,
  normalize: false,
  rescale: false,
  cases: [
    {
      name: "keeps the middle",
      models: [[5, 1, 2, 3]],
      base: [0, 0, 0, 0],
      params: { density: 0.5, gamma: 0.25 },
      expected: [0, 0, 2, 3],
    },
    {
      name: "keeps the largest when none counts as an outlier",
      models: [[5, 1, 2, 3]],
      base: [0, 0, 0, 0],
      params: { density: 0.5 },
      expected: [5, 0, 0, 3],
    },
    {
      name: "keeps nothing then when mergekit is followed to the letter",
      models: [[5, 1, 2, 3]],
      base: [1, 1, 1, 1],
      params: { density: 0.5, profile: "mergekit" },
      expected: [1, 1, 1, 1],
    },
  ],
});
