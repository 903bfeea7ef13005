import { defineTaskVectorMethod } from "../formulas/define-task-vector-method.js";

export const dellaLinear = defineTaskVectorMethod({
  id: "della_linear",
  title: "DELLA",
  doc: "As dare_linear, but larger changes of a row are likelier to be kept.",
  formula: "base + λ·Σ wᵢ·rescale(maskᵢ·δᵢ),   P(mask) = density − ε + 2ε·rank",
  use: "As dare_linear, when dropping large changes costs too much.",
  paper: "Deep et al., “DELLA-Merging: reducing interference in model merging through magnitude-based sampling”, 2024",
  sparsifier: "ranked",
  consensus: false,
  normalize: false,
  rescale: true,
  cases: [
    { name: "keeps everything at density 1", models: [[3, 5]], base: [1, 1], expected: [3, 5] },
    { name: "keeps nothing at density 0", models: [[3, 5]], base: [1, 1], params: { density: 0 }, expected: [1, 1] },
  ],
});
