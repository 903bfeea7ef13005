import { defineTaskVectorMethod } from "../formulas/define-task-vector-method.js";

export const della = defineTaskVectorMethod({
  id: "della",
  title: "DELLA with TIES",
  doc: "As della_linear, and adds the changes of the elected sign only.",
  formula: "base + λ·Σ kept wᵢ·rescale(maskᵢ·δᵢ) / Σ kept wᵢ,   P(mask) = density − ε + 2ε·rank",
  use: "As della_linear, where the models disagree.",
  paper: "Deep et al., “DELLA-Merging: reducing interference in model merging through magnitude-based sampling”, 2024",
  sparsifier: "ranked",
  consensus: true,
  normalize: true,
  rescale: true,
  cases: [
    { name: "keeps everything at density 1", models: [[3, 5]], base: [1, 1], expected: [3, 5] },
    { name: "keeps nothing at density 0", models: [[3, 5]], base: [1, 1], params: { density: 0 }, expected: [1, 1] },
  ],
});
