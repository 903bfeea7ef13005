import { OnebasinError } from "../../core/errors.js";
import { choice, integer, number } from "../../core/params.js";
import { createAssignmentSolver } from "../assignment/assignment-solver.js";
import { sinkhornScaling } from "../assignment/sinkhorn-scaling.js";
import { solveTransport } from "../assignment/solve-transport.js";
import { defineMatcher, imagesNeeded, seenModels } from "../matcher.js";
import { createMatrixProduct } from "../matrix-product.js";
import { activationScores } from "../scores/activation-scores.js";
import { METRICS } from "../scores/score-moments.js";
import { weightScores } from "../scores/weight-scores.js";
import { incomingAxes, usualIncoming } from "../spec/incoming-axes.js";
import type { UnitMap } from "../unit-maps/unit-maps.js";

/** Rounds of scaling; smoothing that wants more is nearly none. */
const ROUNDS = 2000;

export const transport = defineMatcher({
  id: "transport",
  title: "Optimal transport",
  doc: "Takes each unit of one network to stand for shares of several units of the other, layer by layer by optimal transport, and mixes the other's units accordingly. What the other computes changes, unless the widths are equal and nothing is smoothed.",
  use: "For networks of different widths: the second takes on the shapes of the first. Repair afterwards.",
  paper: "Singh and Jaggi: Model Fusion via Optimal Transport (2020), arXiv:1910.05653",
  needs: "weights",
  widths: "any",
  models: { min: 2, max: 2 },
  params: {
    by: choice(["auto", "activations", "weights"], {
      doc: "What units are compared by: what they do on images, or the weights with which they hear the layer before. `auto`: activations where there are images.",
      default: "auto",
    }),
    metric: choice(METRICS, {
      doc: "How alike two units are: correlation, inner product, or distance.",
      default: "correlation",
    }),
    entropy: number({
      doc: "Smoothing, as a share of the range of the scores; 0 solves exactly, and pairs units of equal widths one to one.",
      default: 0,
      min: 0,
      max: 100,
    }),
    batch: integer({ doc: "Images in a batch, shared among the datasets.", default: 64, min: 1, max: 65_536 }),
    batches: integer({ doc: "How many batches are looked at.", default: 30, min: 1, max: 1_000_000 }),
  },
  async match(context) {
    const { models, specs, parameters, networks, data, params, runtime, threads, seed, signal, onProgress } = context;
    const isByActivations = params.by === "activations" || (params.by === "auto" && data !== undefined);
    if (isByActivations && data === undefined) throw imagesNeeded("transport", "by=weights");
    const [a, b] = models;
    const run = { runtime, threads, seed, signal, onProgress };
    const seen =
      data === undefined || !isByActivations
        ? undefined
        : await activationScores(
            seenModels(context),
            { images: data.images, normalise: data.normalise, batch: params.batch, batches: params.batches },
            { ...run, metric: params.metric },
          );
    const isIncoming =
      networks === undefined ? usualIncoming((key) => a.get(key)?.shape ?? []) : incomingAxes(networks[0]);
    const solver = await createAssignmentSolver();
    const product = await createMatrixProduct(runtime, { threads });
    const maps = new Map<string, UnitMap>();
    const similarity = new Map<string, number>();
    try {
      for (const [done, [group, units]] of [...specs[0].groups].entries()) {
        if (signal?.aborted) throw new OnebasinError("aborted", "The matching was stopped.");
        const others = specs[1].groups.get(group) ?? 0;
        const scores =
          seen?.get(group) ??
          (await weightScores({ a, b }, group, {
            specs: [specs[0], specs[1]],
            keys: parameters,
            maps,
            isIncoming,
            metric: params.metric,
            product,
          }));
        if (scores === undefined) {
          throw new OnebasinError(
            "unsupported",
            `Nothing shows what the units of "${group}" do before others need it.`,
            {
              hint: "Align with --using weights, which visits every group again and again.",
            },
          );
        }
        onProgress?.({ stage: "transporting units", done: done + 1, total: specs[0].groups.size, unit: "steps" });
        if (params.entropy === 0 && units === others) {
          const order = solver.assign(scores, { rows: units, columns: units });
          maps.set(group, order);
          similarity.set(group, order.reduce((sum, unit, i) => sum + scores[i * units + unit], 0) / units);
          continue;
        }
        const turned = new Float32Array(scores.length);
        for (let i = 0; i < units; i++) for (let j = 0; j < others; j++) turned[j * units + i] = scores[i * others + j];
        const size = { rows: others, columns: units };
        const shares =
          params.entropy === 0
            ? solveTransport(turned, size)
            : sinkhornScaling(turned, { ...size, temperature: temperature(turned, params.entropy), rounds: ROUNDS });
        maps.set(group, { from: others, to: units, shares });
        similarity.set(
          group,
          shares.reduce((sum, share, i) => sum + share * turned[i], 0),
        );
      }
    } finally {
      await product.close();
    }
    const mean = [...similarity.values()].reduce((sum, value) => sum + value, 0) / Math.max(1, similarity.size);
    return { maps: [maps], similarity, facts: { similarity: mean } };
  },
});

function temperature(scores: Float32Array, entropy: number): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const score of scores) {
    least = Math.min(least, score);
    most = Math.max(most, score);
  }
  return Math.max(entropy * (most - least), Number.MIN_VALUE);
}
