import { number } from "../../core/params.js";
import { add, div, type Expression, max, min, mul, sum } from "../expression/expression.js";
import { sumOf, taskVectors } from "../formulas/task-vectors.js";
import { touched, touchedAlone, touchedTogether } from "../formulas/touched.js";
import { defineMergeMethod } from "../method.js";

export const ramplusTl = defineMergeMethod({
  id: "ramplus_tl",
  title: "Reinforced agent merging, rescaled",
  doc: "As ram, and strengthens a model's own changes by how much of its work it shares with others.",
  formula: "base + mean of shared δ + Σ own δᵢ·(1 + r·clamp(sharedᵢ/ownᵢ, 0, α))",
  use: "As ram, where averaging the shared changes loses skills.",
  paper: "Yuan et al., “Behavior Knowledge Merge in Reinforced Agentic Models”, arXiv 2601.13572",
  models: { min: 1 },
  base: "required",
  gives: "model",
  params: {
    epsilon: number({ doc: "Changes up to this size count as none.", min: 0, default: 1e-5 }),
    r: number({ doc: "Strength of the rescaling.", default: 0.1 }),
    alpha: number({ doc: "Largest ratio of shared to own changes that counts.", min: 0, default: 0.2 }),
  },
  combine: ({ models, base, params: { epsilon, r, alpha } }) => {
    const deltas = taskVectors(models, base);
    const { masks, count } = touched(deltas, epsilon);
    const changes = deltas.map((delta, i): Expression => {
      const alone = touchedAlone(masks[i], count);
      const together = touchedTogether(masks[i], count);
      // A model with nothing of its own has nothing to scale, so the divisor may be anything.
      const overlap = max(min(div(sum(together), max(sum(alone), 1)), alpha), 0);
      const share = add(mul(alone, add(mul(overlap, r), 1)), div(together, max(count, 1)));
      return mul(delta, share);
    });
    return add(base as Expression, sumOf(changes));
  },
  cases: [
    {
      name: "strengthens a lone change, and averages shared ones",
      models: [
        [2, 3, 1, 1],
        [1, 5, 1, 3],
      ],
      base: [1, 1, 1, 1],
      params: { r: 1, alpha: 0.5 },
      expected: [2.5, 4, 1, 4],
    },
  ],
});
