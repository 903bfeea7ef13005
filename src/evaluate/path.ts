import { OnebasinError } from "../core/errors.js";
import type { ImageSet } from "../data/image-set.js";
import type { Network } from "../network/graph.js";
import type { StateDict } from "../tensor/tensor.js";
import { type EvaluateOptions, evaluate } from "./evaluate.js";
import { interpolate } from "./interpolate.js";

/** Points at which a path is measured unless told otherwise. */
export const USUAL_POINTS = 25;

export interface Ends {
  readonly network: Network;
  readonly a: StateDict;
  readonly b: StateDict;
}

/** What is done to a point of the path before it is judged: putting its statistics right, say. */
export type Repair = (state: StateDict, t: number) => Promise<StateDict>;

export interface PathOptions extends EvaluateOptions {
  /** How many points, both ends included; a whole number from 2; default 25. */
  readonly points?: number;
  /** Judges each point a second time, after this. */
  readonly repair?: Repair;
}

/** Accuracy (percent) and loss (nats) along a path, one number a point. */
export interface Curve {
  readonly dataset: string;
  readonly repaired: boolean;
  readonly accuracy: readonly number[];
  readonly loss: readonly number[];
  /** Largest loss above the straight line between the losses of the ends; 0 where none lies above. */
  readonly barrier: number;
}

export interface PathReport {
  /** From 0 (the first model) to 1 (the second), evenly spread. */
  readonly t: readonly number[];
  /** For each dataset, as it is and, where asked for, repaired. */
  readonly curves: readonly Curve[];
}

/**
 * Loss and accuracy at points of the straight line between two state dicts, on each dataset.
 *
 * Cost: points × datasets passes over the images, twice as many with repair.
 *
 * @throws `bad-argument`, `mismatch`, `aborted`
 */
export async function evaluatePath(ends: Ends, images: readonly ImageSet[], options: PathOptions): Promise<PathReport> {
  const { points = USUAL_POINTS, repair, onProgress } = options;
  if (!Number.isInteger(points) || points < 2) {
    throw new OnebasinError("bad-argument", `A path of ${points} points; expected a whole number from 2.`);
  }
  const t = Array.from({ length: points }, (_, i) => i / (points - 1));
  const kinds = repair === undefined ? [false] : [false, true];
  const curves = images.flatMap(({ name }) =>
    kinds.map((repaired) => ({ dataset: name, repaired, accuracy: [] as number[], loss: [] as number[] })),
  );
  for (const [i, share] of t.entries()) {
    const plain = interpolate(ends.a, ends.b, share);
    for (const repaired of kinds) {
      const state = repaired && repair !== undefined ? await repair(plain, share) : plain;
      for (const set of images) {
        const score = await evaluate({ network: ends.network, state }, set, { ...options, onProgress: undefined });
        const curve = curves.find((it) => it.dataset === set.name && it.repaired === repaired);
        curve?.accuracy.push(score.accuracy);
        curve?.loss.push(score.loss);
      }
    }
    onProgress?.({ stage: "going along the path", done: i + 1, total: points, unit: "steps" });
  }
  return { t, curves: curves.map((curve) => ({ ...curve, barrier: barrierOf(t, curve.loss) })) };
}

/** Largest loss above the straight line between the first and the last. */
export function barrierOf(t: readonly number[], loss: readonly number[]): number {
  const [first, last] = [loss[0], loss[loss.length - 1]];
  return loss.reduce((barrier, value, i) => Math.max(barrier, value - ((1 - t[i]) * first + t[i] * last)), 0);
}
