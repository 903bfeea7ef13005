import { number } from "../../core/params.js";
import { add } from "../expression/expression.js";
import { taskVectors } from "../formulas/task-vectors.js";
import { meanOfTouched, touched } from "../formulas/touched.js";
import { defineMergeMethod } from "../method.js";

export const ram = defineMergeMethod({
  id: "ram",
  title: "Reinforced agent merging",
  doc: "Keeps what one model alone changed whole, and averages what several changed.",
  formula: "base + Σ mᵢδᵢ / max(Σ mᵢ, 1),   mᵢ = |δᵢ| > ε",
  use: "Models trained by reinforcement, whose changes are sparse and seldom overlap: averaging all would halve them.",
  paper: "Yuan et al., “Behavior Knowledge Merge in Reinforced Agentic Models”, arXiv 2601.13572",
  models: { min: 1 },
  base: "required",
  gives: "model",
  params: { epsilon: number({ doc: "Changes up to this size count as none.", min: 0, default: 1e-5 }) },
  combine: ({ models, base, params: { epsilon } }) => {
    const deltas = taskVectors(models, base);
    return add(base as NonNullable<typeof base>, meanOfTouched(deltas, touched(deltas, epsilon)));
  },
  cases: [
    {
      name: "keeps a lone change whole and averages shared ones",
      models: [
        [2, 3, 1],
        [1, 5, 1],
      ],
      base: [1, 1, 1],
      expected: [2, 4, 1],
    },
    { name: "counts small changes as none", models: [[2], [1.5]], base: [1], params: { epsilon: 0.5 }, expected: [2] },
  ],
});
