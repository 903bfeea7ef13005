import { choice, integer } from "../../core/params.js";
import { createRandom } from "../../core/random.js";
import { createAssignmentSolver } from "../assignment/assignment-solver.js";
import { defineMatcher } from "../matcher.js";
import { createMatrixProduct } from "../matrix-product.js";
import { createGroupScores } from "../scores/group-scores.js";
import { prepareWeights, WEIGHT_MEASURES } from "../scores/prepare-weights.js";
import { descend } from "../search/descend.js";
import { meanOfOthers } from "../search/mean-of-others.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import type { Permutation } from "../unit-maps/permutation.js";

export const mergeMany = defineMatcher({
  id: "merge-many",
  title: "Matching of three networks and more",
  doc: "Aligns one network after the other with the mean of the others by weight matching, until none moves any more.",
  use: "Three networks and more, without data. No network is the measure of the others, as it would be if each were aligned with the first.",
  paper: "Ainsworth, Hayase and Srinivasa: Git Re-Basin (2023), arXiv:2209.04836, algorithm 3 (MergeMany)",
  needs: "weights",
  widths: "equal",
  models: { min: 2 },
  params: {
    measure: choice(WEIGHT_MEASURES, { doc: "As in weight matching.", default: "auto" }),
    sweeps: integer({ doc: "Most visits of every layer in one alignment.", default: 100, min: 1, max: 10_000 }),
    rounds: integer({
      doc: "Most times that every network is aligned with the others.",
      default: 20,
      min: 1,
      max: 1000,
    }),
  },
  async match({ models, spec, parameters, params, runtime, threads, seed, signal, onProgress }) {
    const product = await createMatrixProduct(runtime, { threads });
    try {
      const solver = await createAssignmentSolver();
      const { keys, scaled } = prepareWeights(models, { parameters, measure: params.measure });
      const permutations: Permutation[] = models.map(() => new Map());
      const placed = [...scaled];
      let round = 0;
      for (let isMoving = true; isMoving && round < params.rounds; round++) {
        isMoving = false;
        // The first stays: only orders relative to it matter.
        const visited = createRandom(seed, "merge-many", round).shuffle(models.map((_, i) => i).slice(1));
        for (const [done, i] of visited.entries()) {
          const a = meanOfOthers(placed, i, keys);
          const groups = createGroupScores(a, placed[i], { spec, keys, product });
          const found = await descend({ a, b: placed[i] }, groups, {
            spec,
            keys,
            solver,
            sweeps: params.sweeps,
            order: "chain",
            seed: seed + round,
            signal,
          });
          onProgress?.({
            stage: "matching networks",
            done: done + 1,
            total: visited.length,
            unit: "steps",
            note: `round ${round + 1}`,
          });
          const moved = [...found.permutation].some(([, order]) => order.some((place, unit) => place !== unit));
          if (!moved) continue;
          isMoving = true;
          permutations[i] = compose(permutations[i], found.permutation);
          placed[i] = applyPermutation(scaled[i], permutations[i], { spec });
        }
      }
      return { maps: permutations.slice(1), facts: { rounds: round } };
    } finally {
      await product.close();
    }
  },
});

/** First one order, then the other. */
const compose = (first: Permutation, second: Permutation): Permutation =>
  new Map(
    [...second].map(([group, order]) => {
      const before = first.get(group);
      return [group, before === undefined ? order : Uint32Array.from(order, (place) => before[place])];
    }),
  );
