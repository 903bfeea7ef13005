import { defineTaskVectorMethod } from "../formulas/define-task-vector-method.js";

export const dareLinear = defineTaskVectorMethod({
  id: "dare_linear",
  title: "DARE",
  doc: "Drops a random part of each task vector, scales up the rest, and adds them.",
  formula: "base + λ·Σ wᵢ·rescale(maskᵢ·δᵢ),   maskᵢ = 1 with probability density",
  use: "Fine-tuned models with many small changes; a density of 0.1 often does no harm.",
  paper:
    "Yu et al., “Language models are super Mario: absorbing abilities from homologous models as a free lunch”, ICML 2024",
  sparsifier: "random",
  consensus: false,
  normalize: false,
  rescale: true,
  cases: [
    { name: "keeps everything at density 1", models: [[3, 5]], base: [1, 1], expected: [3, 5] },
    { name: "keeps nothing at density 0", models: [[3, 5]], base: [1, 1], params: { density: 0 }, expected: [1, 1] },
  ],
});
