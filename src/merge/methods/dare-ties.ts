import { defineTaskVectorMethod } from "../formulas/define-task-vector-method.js";

export const dareTies = defineTaskVectorMethod({
  id: "dare_ties",
  title: "DARE with TIES",
  doc: "As dare_linear, and adds the changes of the elected sign only.",
  formula: "base + λ·Σ kept wᵢ·rescale(maskᵢ·δᵢ),   kept where the sign is that of the sum",
  use: "As dare_linear, where the models disagree.",
  paper:
    "Yu et al., “Language models are super Mario: absorbing abilities from homologous models as a free lunch”, ICML 2024",
  sparsifier: "random",
  consensus: true,
  normalize: false,
  rescale: true,
  cases: [
    { name: "keeps everything at density 1", models: [[3, 5]], base: [1, 1], expected: [3, 5] },
    { name: "keeps nothing at density 0", models: [[3, 5]], base: [1, 1], params: { density: 0 }, expected: [1, 1] },
  ],
});
