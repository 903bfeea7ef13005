import type { StateDict } from "../../tensor/tensor.js";
import { tensorNumbers } from "../../tensor/tensor.js";
import type { CoupledParameter } from "./coupling-plan.js";

/** How far networks are from each other in one layer, or in all. */
export interface Distance {
  /** ‖w_A − w_B‖; of more than two networks, the root of the mean of its square over all pairs. */
  readonly distance: number;
  /** That divided by the root of the mean of ‖w‖² over the networks; 0 where all are 0. */
  readonly relative: number;
}

export interface LayerDistances extends Distance {
  /** By layer, from the image on. */
  readonly layers: Readonly<Record<string, Distance>>;
}

/** Sums of squares, as distances are made of. */
interface Sums {
  pairs: number;
  norms: number;
}

/**
 * Distances between networks, over the parameters that all have: the coupled and the free.
 *
 * Cost: one pass over the parameters.
 */
export function layerDistances(
  states: readonly StateDict[],
  parameters: readonly Pick<CoupledParameter, "key" | "layer">[],
): LayerDistances {
  const layers = new Map<string, Sums>();
  const total: Sums = { pairs: 0, norms: 0 };
  const count = states.length;
  const pairs = (count * (count - 1)) / 2;
  for (const { key, layer } of parameters) {
    const values = states.map((state) => tensorNumbers(state.get(key)!));
    const sums = layers.get(layer) ?? { pairs: 0, norms: 0 };
    layers.set(layer, sums);
    let apart = 0;
    let square = 0;
    for (let i = 0; i < values[0].length; i++) {
      for (let a = 0; a < count; a++) {
        square += values[a][i] ** 2;
        for (let b = 0; b < a; b++) apart += (values[a][i] - values[b][i]) ** 2;
      }
    }
    for (const it of [sums, total]) {
      it.pairs += apart / pairs;
      it.norms += square / count;
    }
  }
  const distanceOf = ({ pairs: squares, norms }: Sums): Distance => ({
    distance: Math.sqrt(squares),
    relative: norms === 0 ? 0 : Math.sqrt(squares / norms),
  });
  const byLayer = [...layers].map(([layer, sums]) => [layer, distanceOf(sums)] as const);
  return { ...distanceOf(total), layers: Object.fromEntries(byLayer) };
}
