import { boolean, number } from "../../core/params.js";
import {
  add,
  apply,
  div,
  dot,
  type Expression,
  elementCountOf,
  lt,
  max,
  mul,
  sub,
  sum,
  where,
} from "../expression/expression.js";
import { takeLargest } from "../expression/selection.js";
import { sumOf, taskVectors } from "../formulas/task-vectors.js";
import { defineMergeMethod } from "../method.js";

/** Below this the models changed nothing, and count the same. */
const SMALLEST_ENERGY = 1e-6;
const SMALLEST_DIVISOR = 1e-6;

export const sce = defineMergeMethod({
  id: "sce",
  title: "Select, calculate, erase",
  doc: "Keeps the elements on which the models differ most, weighs models by how much they changed, and adds the changes of the elected sign.",
  formula: "base + Σ wᵢδᵢ·keptᵢ / Σ wᵢ·keptᵢ,   wᵢ = mean δᵢ² / Σ mean δⱼ²,   kept where the sign is that of Σ δᵢ",
  use: "Several fine-tuned models of one base, without weights to tune.",
  paper: "Wan et al., “FuseChat: knowledge fusion of chat models”, EMNLP 2025",
  models: { min: 1 },
  base: "required",
  gives: "model",
  params: {
    select_topk: number({ doc: "Share of the elements of largest variance that is kept.", min: 0, max: 1, default: 1 }),
    int8_mask: boolean({ doc: "Accepted, without effect: no mask is stored here.", default: false }),
  },
  combine: ({ models, base, params: { select_topk } }) => {
    const deltas = selected(taskVectors(models, base), select_topk);
    const energies = deltas.map((delta) => div(dot(delta, delta), elementCountOf));
    const total = sumOf(energies);
    const shares = energies.map((energy) => where(lt(total, SMALLEST_ENERGY), 1 / deltas.length, div(energy, total)));
    const elected = sumOf(deltas);
    const kept = deltas.map((delta) => apply("agree", delta, elected));
    const mixed = sumOf(kept.map((delta, i) => mul(delta, shares[i])));
    const divisor = sumOf(kept.map((delta, i) => mul(apply("ne", delta, 0), shares[i])));
    return add(base as Expression, div(mixed, max(divisor, SMALLEST_DIVISOR)));
  },
  cases: [
    {
      name: "weighs models by their changes",
      models: [
        [2, 0],
        [1, 0],
      ],
      base: [0, 0],
      expected: [1.8, 0],
    },
    {
      name: "keeps where the models differ most",
      models: [
        [4, 1, 3],
        [0, 1, 2],
      ],
      base: [0, 0, 0],
      params: { select_topk: 0.5 },
      expected: [4, 0, 0],
    },
    { name: "returns the base when nothing changed", models: [[1], [1]], base: [1], expected: [1] },
  ],
});

/** The task vectors where their variance is among the largest, 0 elsewhere. */
function selected(deltas: readonly Expression[], share: number): readonly Expression[] {
  if (share >= 1) return deltas;
  const mean = div(sumOf(deltas), deltas.length);
  const squares = deltas.map((delta) => sub(delta, mean)).map((centred) => mul(centred, centred));
  const variance = div(sumOf(squares), deltas.length);
  const wanted = apply("floor", mul(sum(apply("ne", variance, 0)), share));
  const isWanted = takeLargest(variance, wanted);
  return deltas.map((delta) => where(isWanted, delta, 0));
}
