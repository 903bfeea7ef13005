import { OnebasinError } from "../../core/errors.js";
import type { Network } from "../../network/graph.js";
import { toFloat32 } from "../../network/inference.js";
import { createInitialState } from "../../network/initial-state.js";
import { sameShape } from "../../tensor/shape.js";
import type { StateDict } from "../../tensor/tensor.js";

export interface CoupledStartOptions {
  /** Default 0. */
  readonly seed?: number;
  /** Whether all draw from the same seed; default true. Else network i draws from seed + i. */
  readonly sameInit?: boolean;
  /** Takes the place of random values wherever key and shape are a network's. */
  readonly initial?: StateDict;
}

/**
 * What networks are before coupled training. Random values depend on seed and key, so that networks of different
 * structure agree wherever key and shape are the same.
 *
 * @throws `mismatch` when nothing of `initial` fits a network
 */
export function coupledStarts(
  networks: readonly { readonly network: Network }[],
  { seed = 0, sameInit = true, initial }: CoupledStartOptions,
): readonly StateDict[] {
  return networks.map(({ network }, index) => {
    const random = createInitialState(network, { seed: sameInit ? seed : seed + index });
    if (initial === undefined) return random;
    const fits = (key: string, { shape }: { readonly shape: readonly number[] }): boolean =>
      sameShape(initial.get(key)?.shape ?? [-1], shape);
    if (![...random].some(([key, tensor]) => fits(key, tensor) && network.state.get(key)?.kind === "parameter")) {
      throw new OnebasinError("mismatch", `The start has no parameter of ${network.name}.`, {
        hint: "Start from weights of the same architecture, or of one that shares layers with it.",
      });
    }
    return new Map(
      [...random].map(([key, tensor]) => [key, fits(key, tensor) ? toFloat32(initial.get(key)!) : tensor]),
    );
  });
}
