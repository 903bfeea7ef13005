import { choice, integer } from "../../core/params.js";
import { createAssignmentSolver } from "../assignment/assignment-solver.js";
import { defineMatcher } from "../matcher.js";
import { createMatrixProduct } from "../matrix-product.js";
import { createGroupScores } from "../scores/group-scores.js";
import { prepareWeights, WEIGHT_MEASURES } from "../scores/prepare-weights.js";
import { type Descent, descend } from "../search/descend.js";

export const weights = defineMatcher({
  id: "weights",
  title: "Weight matching",
  doc: "Brings the weights of one network as near to the other's as an order of its units can: one layer after the other by linear assignment, again and again until none gains.",
  use: "When there is no data. Where there is, activation matching is better, and quicker.",
  paper: "Ainsworth, Hayase and Srinivasa: Git Re-Basin (2023), arXiv:2209.04836, section 3.2",
  needs: "weights",
  widths: "equal",
  models: { min: 2, max: 2 },
  params: {
    measure: choice(WEIGHT_MEASURES, {
      doc: "What is to be small or large: distance between all parameters, as the paper has it; or cosine of each layer's weight, for networks with batch normalisation, where the size of a weight means nothing and scales and biases outweigh all else. `auto` takes cosine where there are running statistics.",
      default: "auto",
    }),
    starts: integer({
      doc: "Searches from different orders, of which the best is kept: the first goes from input to output, the others as chance has it. 0: three, or one where a layer has more than 2048 units and a search takes long.",
      default: 0,
      min: 0,
      max: 1000,
    }),
    sweeps: integer({ doc: "Most visits of every layer in one search.", default: 100, min: 1, max: 10_000 }),
  },
  async match({ models, spec, parameters, params, runtime, threads, seed, signal, onProgress }) {
    const { keys, scaled } = prepareWeights(models, { parameters, measure: params.measure });
    const [a, b] = scaled;
    const product = await createMatrixProduct(runtime, { threads });
    try {
      const solver = await createAssignmentSolver();
      const groups = createGroupScores(a, b, { spec, keys, product });
      const isLarge = groups.some(({ units }) => units > MANY_UNITS);
      const starts = params.starts > 0 ? params.starts : isLarge ? 1 : 3;
      let best: Descent | undefined;
      for (let start = 0; start < starts; start++) {
        const found = await descend({ a, b }, groups, {
          spec,
          keys,
          solver,
          sweeps: params.sweeps,
          order: start === 0 ? "chain" : "random",
          seed: seed + start,
          signal,
          onSweep: (sweep) =>
            onProgress?.({
              stage: "matching weights",
              done: start + sweep / (sweep + 1),
              total: starts,
              unit: "steps",
              note: `sweep ${sweep}`,
            }),
        });
        if (best === undefined || lastOf(found) > lastOf(best)) best = found;
      }
      const { permutation, sweeps } = best as Descent;
      return { maps: [permutation], facts: { objective: lastOf(best as Descent), sweeps } };
    } finally {
      await product.close();
    }
  },
});

/** From here on one search takes about a minute. */
const MANY_UNITS = 2048;

const lastOf = ({ objective }: Descent): number => objective[objective.length - 1] ?? Number.NEGATIVE_INFINITY;
