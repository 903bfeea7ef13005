import { OnebasinError } from "../core/errors.js";
import type { ImageSet } from "../data/image-set.js";
import type { StateDict } from "../tensor/tensor.js";
import { type EvaluateOptions, evaluate } from "./evaluate.js";
import { interpolate } from "./interpolate.js";
import type { Ends, Repair } from "./path.js";

export interface SearchOptions extends EvaluateOptions {
  /** Done to a point before it is judged. */
  readonly repair?: Repair;
  /** Points of the search for one `t`; a whole number from 2; default 21. */
  readonly points?: number;
  /** Layers that may have a `t` of their own, with the keys of each; absent for one `t` alone. */
  readonly layers?: readonly { readonly name: string; readonly keys: readonly string[] }[];
  /** How far the `t` of a layer is moved, first to last; default 0.2, 0.1. */
  readonly steps?: readonly number[];
}

/** The best point found, judged by the loss on the images of the search: its mean over the datasets. */
export interface BestPoint {
  readonly t: number;
  readonly loss: number;
  /** One `t` a layer, and the loss they lead to. */
  readonly perLayer?: { readonly t: Readonly<Record<string, number>>; readonly loss: number };
  /** The point as it was judged: repaired, where a repair was given. */
  readonly state: StateDict;
}

const USUAL_POINTS = 21;
const USUAL_STEPS = [0.2, 0.1];

/**
 * Searches the best point between two state dicts: one `t` for all layers by trying them, then from there one for each
 * layer by moving one after the other as long as the loss falls.
 *
 * @param images held out from training, of one or several datasets; never those the result is judged on
 */
export async function searchPath(ends: Ends, images: readonly ImageSet[], options: SearchOptions): Promise<BestPoint> {
  const { points = USUAL_POINTS, layers, steps = USUAL_STEPS, repair, onProgress, signal } = options;
  const total = points + (layers === undefined ? 0 : 2 * layers.length * steps.length);
  let done = 0;
  const judge = async (t: number | ((key: string) => number), about: number) => {
    if (signal?.aborted) throw new OnebasinError("aborted", "The search for the best point was stopped.");
    const plain = interpolate(ends.a, ends.b, t);
    const state = repair === undefined ? plain : await repair(plain, about);
    let loss = 0;
    for (const set of images) {
      loss += (await evaluate({ network: ends.network, state }, set, { ...options, onProgress: undefined })).loss;
    }
    onProgress?.({ stage: "searching the best point", done: Math.min(++done, total), total, unit: "steps" });
    return { loss: loss / images.length, state };
  };
  let best = { t: 0, ...(await judge(0, 0)) };
  for (let i = 1; i < points; i++) {
    const t = i / (points - 1);
    const found = await judge(t, t);
    if (found.loss < best.loss) best = { t, ...found };
  }
  if (layers === undefined) return best;
  const own = new Map(layers.map(({ name }) => [name, best.t]));
  const layerOf = new Map(layers.flatMap(({ name, keys }) => keys.map((key) => [key, name] as const)));
  let reached = { loss: best.loss, state: best.state };
  for (const step of steps) {
    for (const { name } of layers) {
      const held = own.get(name) as number;
      for (const t of [held - step, held + step]) {
        if (t < 0 || t > 1) continue;
        const at = (key: string): number => {
          const layer = layerOf.get(key);
          return layer === name ? t : layer === undefined ? best.t : (own.get(layer) as number);
        };
        const found = await judge(at, best.t);
        if (found.loss >= reached.loss) continue;
        reached = found;
        own.set(name, t);
        break;
      }
    }
  }
  return {
    t: best.t,
    loss: best.loss,
    perLayer: { t: Object.fromEntries(own), loss: reached.loss },
    state: reached.state,
  };
}
