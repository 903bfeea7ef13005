import { defineTaskVectorMethod } from "../formulas/define-task-vector-method.js";

export const magnitudePrune = defineTaskVectorMethod({
  id: "magnitude_prune",
  title: "Magnitude pruning",
  doc: "Trims each task vector to its largest changes and adds them all.",
  formula: "base + λ·Σ wᵢδᵢ,   δᵢ trimmed to density",
  use: "As task arithmetic, with less noise; what PEFT calls magnitude_prune.",
  paper: "Yadav et al., “TIES-Merging: resolving interference when merging models”, NeurIPS 2023 (the trimming step)",
  sparsifier: "magnitude",
  consensus: false,
  normalize: false,
  rescale: false,
  cases: [
    {
      name: "adds what is left of both",
      models: [
        [1, -3],
        [2, 1],
      ],
      base: [0, 0],
      params: { density: 0.5 },
      expected: [2, -3],
    },
  ],
});
