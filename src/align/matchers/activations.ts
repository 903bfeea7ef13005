import { choice, integer } from "../../core/params.js";
import { createAssignmentSolver } from "../assignment/assignment-solver.js";
import { defineMatcher, type MatchData, seenModels } from "../matcher.js";
import { activationScores } from "../scores/activation-scores.js";
import { METRICS } from "../scores/score-moments.js";

export const activations = defineMatcher({
  id: "activations",
  title: "Activation matching",
  doc: "Shows both networks the same images, once, and pairs the units that do the most similar things, layer by layer by linear assignment.",
  use: "The first to try when there are images: some hundred are enough, and they need no labels.",
  paper: "Li et al.: Convergent Learning (2016), arXiv:1511.07543; Ainsworth et al.: Git Re-Basin (2023), section 3.1",
  needs: "data",
  widths: "equal",
  models: { min: 2, max: 2 },
  params: {
    metric: choice(METRICS, {
      doc: "How alike two units are: correlation of what they do, inner product, or distance.",
      default: "correlation",
    }),
    batch: integer({ doc: "Images in a batch, shared among the datasets.", default: 64, min: 1, max: 65_536 }),
    batches: integer({ doc: "How many batches are looked at.", default: 30, min: 1, max: 1_000_000 }),
  },
  async match(context) {
    const { spec, data, params, runtime, threads, seed, signal, onProgress } = context;
    const { images, normalise } = data as MatchData;
    const scores = await activationScores(
      seenModels(context),
      { images, normalise, batch: params.batch, batches: params.batches },
      { metric: params.metric, runtime, threads, seed, signal, onProgress },
    );
    const solver = await createAssignmentSolver();
    const permutation = new Map<string, Uint32Array>();
    const similarity = new Map<string, number>();
    for (const [group, own] of scores) {
      const units = spec.groups.get(group) ?? 0;
      const order = solver.assign(own, { rows: units, columns: units });
      permutation.set(group, order);
      const total = order.reduce((sum, column, row) => sum + own[row * units + column], 0);
      similarity.set(group, total / units);
    }
    const mean = [...similarity.values()].reduce((sum, value) => sum + value, 0) / Math.max(1, similarity.size);
    return { maps: [permutation], similarity, facts: { similarity: mean } };
  },
});
