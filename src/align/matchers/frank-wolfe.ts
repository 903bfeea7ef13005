import { choice, integer, number } from "../../core/params.js";
import type { StateDict } from "../../tensor/tensor.js";
import { createAssignmentSolver } from "../assignment/assignment-solver.js";
import { defineMatcher } from "../matcher.js";
import { createMatrixProduct } from "../matrix-product.js";
import { innerProduct } from "../scores/inner-product.js";
import { prepareWeights, WEIGHT_MEASURES } from "../scores/prepare-weights.js";
import { searchUniverse } from "../search/search-universe.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import { blendMatrices, evenMatrices, nearestPermutation, randomMatrices } from "../unit-maps/group-matrices.js";
import { identityPermutation } from "../unit-maps/permutation.js";

export const frankWolfe = defineMatcher({
  id: "frank-wolfe",
  title: "Cycle-consistent matching",
  doc: "Gives each network one map to an order common to all, and improves the maps of all layers at once by steps of Frank and Wolfe, each towards the best permutations and as far as is best.",
  use: "Two networks and more, without data, when time matters less than nearness: it comes nearer than weight matching and takes longer.",
  paper: "Crisostomi et al.: C²M³, Cycle-Consistent Multi-Model Merging (2024), arXiv:2405.17897",
  needs: "weights",
  widths: "equal",
  models: { min: 2 },
  params: {
    measure: choice(WEIGHT_MEASURES, { doc: "As in weight matching.", default: "auto" }),
    starts: integer({
      doc: "Searches, of which the best is kept: the first begins where every unit is alike, the others half-way to a random order.",
      default: 1,
      min: 1,
      max: 1000,
    }),
    steps: integer({ doc: "Most steps of one search.", default: 200, min: 1, max: 10_000 }),
    tolerance: number({
      doc: "A search ends when a step promises less than this share of what the weights score.",
      default: 1e-6,
      min: 0,
      max: 1,
    }),
  },
  async match({ models, spec, parameters, params, runtime, threads, seed, signal, onProgress }) {
    const { keys, scaled } = prepareWeights(models, { parameters, measure: params.measure });
    const product = await createMatrixProduct(runtime, { threads });
    try {
      const solver = await createAssignmentSolver();
      // Networks that began alike may be nearest as they are.
      const stay = scaled.slice(1).map(() => identityPermutation(spec));
      let best = { permutations: stay, objective: pairs(scaled, keys), steps: 0 };
      for (let start = 0; start < params.starts; start++) {
        const even = evenMatrices(spec);
        const begin = stay.map((_, i) =>
          start === 0
            ? even
            : blendMatrices(even, randomMatrices(spec, { seed: seed + start * models.length + i }), 0.5),
        );
        const found = await searchUniverse(scaled, begin, {
          spec,
          keys,
          solver,
          product,
          steps: params.steps,
          tolerance: params.tolerance,
          signal,
          onStep: (step) =>
            onProgress?.({
              stage: "matching networks",
              done: start + step / (step + 1),
              total: params.starts,
              unit: "steps",
              note: `step ${step}`,
            }),
        });
        const permutations = found.places.map((matrices) => nearestPermutation(matrices, solver));
        const placed = scaled.map((state, i) =>
          i === 0 ? state : applyPermutation(state, permutations[i - 1], { spec }),
        );
        const objective = pairs(placed, keys);
        if (objective > best.objective) best = { permutations, objective, steps: found.objective.length - 1 };
      }
      return { maps: best.permutations, facts: { objective: best.objective, steps: best.steps } };
    } finally {
      await product.close();
    }
  },
});

/** Σ over pairs of models of their inner product. */
function pairs(states: readonly StateDict[], keys: readonly string[]): number {
  return states.reduce(
    (total, state, i) => total + states.slice(0, i).reduce((sum, other) => sum + innerProduct(other, state, keys), 0),
    0,
  );
}
