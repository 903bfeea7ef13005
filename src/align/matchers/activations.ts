import { choice, integer } from "../../core/params.js";
import { activationMoments, type Moments } from "../activation-moments.js";
import { createAssignmentSolver } from "../assignment.js";
import { defineMatcher, type MatchData } from "../matcher.js";
import { METRICS, scoreMoments } from "../score-moments.js";
import { unitValues } from "../unit-values.js";

export const activations = defineMatcher({
  id: "activations",
  title: "Activation matching",
  doc: "Shows both networks the same images, once, and pairs the units that do the most similar things, layer by layer by linear assignment.",
  use: "The first to try when there are images: some hundred are enough, and they need no labels.",
  paper: "Li et al.: Convergent Learning (2016), arXiv:1511.07543; Ainsworth et al.: Git Re-Basin (2023), section 3.1",
  needs: "data",
  models: { min: 2, max: 2 },
  params: {
    metric: choice(METRICS, {
      doc: "How alike two units are: correlation of what they do, inner product, or distance.",
      default: "correlation",
    }),
    batch: integer({ doc: "Images in a batch, shared among the datasets.", default: 64, min: 1, max: 65_536 }),
    batches: integer({ doc: "How many batches are looked at.", default: 30, min: 1, max: 1_000_000 }),
  },
  async match({ models, spec, data, params, runtime, threads, seed, signal, onProgress }) {
    const { network, images, normalise } = data as MatchData;
    const values = unitValues(network, spec);
    const moments = await activationMoments(
      models.map((state) => ({ network, state })),
      values.map((value) => [value, value]),
      { images, normalise, batch: params.batch, batches: params.batches },
      { runtime, threads, seed, signal, onProgress },
    );
    const solver = await createAssignmentSolver();
    const permutation = new Map<string, Uint32Array>();
    const similarity = new Map<string, number>();
    for (const [group, units] of spec.groups) {
      const own = moments.filter(({ value }) => value.group === group);
      if (own.length === 0) continue;
      const scores = sumOfScores(own, params.metric);
      const order = solver.assign(scores, { rows: units, columns: units });
      permutation.set(group, order);
      const total = order.reduce((sum, column, row) => sum + scores[row * units + column], 0);
      similarity.set(group, total / (units * own.length));
    }
    const mean = [...similarity.values()].reduce((sum, value) => sum + value, 0) / Math.max(1, similarity.size);
    return { permutations: [permutation], similarity, facts: { similarity: mean } };
  },
});

function sumOfScores(moments: readonly Moments[], metric: (typeof METRICS)[number]): Float32Array {
  const [first, ...others] = moments.map((moment) => scoreMoments(moment, metric));
  for (const other of others) for (let i = 0; i < first.length; i++) first[i] += other[i];
  return first;
}
