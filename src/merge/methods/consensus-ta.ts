import { integer, number } from "../../core/params.js";
import { abs, add, apply, type Expression, le, mul, sub, weightedSum } from "../expression/expression.js";
import { sumOf, taskVectors } from "../formulas/task-vectors.js";
import { defineMergeMethod } from "../method.js";

export const consensusTa = defineMergeMethod({
  id: "consensus_ta",
  title: "Consensus task arithmetic",
  doc: "Adds up the task vectors, and keeps the sum only where it matters to several models.",
  formula: "base + λ·Δ·[at least k of |δᵢ| ≥ t·|Δ − δᵢ|],   Δ = Σ wᵢδᵢ",
  use: "Many fine-tuned models: drops what serves a single one (selfish weights) or none of them (catastrophic weights).",
  paper: "Wang et al., “Localizing task information for improved model merging and compression”, ICML 2024",
  models: { min: 2 },
  base: "required",
  defaultWeight: 1,
  gives: "model",
  params: {
    lambda: number({ doc: "Strength of the summed task vectors; 0 gives the base model.", default: 0.3 }),
    threshold: number({
      doc: "How large a model's own change must be, beside what the others add to it, to matter to it.",
      min: 0,
      default: 0.4,
    }),
    agree: integer({ doc: "How many models an element must matter to.", min: 0, default: 2 }),
  },
  problem: ({ models, params: { agree } }) =>
    agree > models ? `agree=${agree} asks for more models than the ${models} there are.` : undefined,
  combine: ({ models, base, weights, params: { lambda, threshold, agree } }) => {
    const deltas = taskVectors(models, base);
    const total = weightedSum(deltas, weights);
    const matters = deltas.map((delta) => le(mul(abs(sub(total, delta)), threshold), abs(delta)));
    const kept = apply("le", agree, sumOf(matters));
    return add(base as Expression, mul(mul(total, kept), lambda));
  },
  cases: [
    {
      name: "keeps what matters to both, and drops what serves one alone",
      models: [
        [2, 5, 1],
        [3, 1, 1],
      ],
      base: [1, 1, 1],
      params: { lambda: 1, threshold: 0.5 },
      expected: [4, 1, 1],
    },
    {
      name: "is task arithmetic when no agreement is asked for",
      models: [
        [2, 5],
        [3, 1],
      ],
      base: [1, 1],
      params: { lambda: 0.5, agree: 0 },
      expected: [2.5, 3],
    },
  ],
});
