import { drain } from "../core/drain.js";
import type { ImageSet } from "../data/image-set.js";
import type { Network } from "../network/graph.js";
import { type TrainEvent, type TrainOptions, type TrainReport, train } from "./train.js";

/**
 * Trains to the end, for callers who do not want each step: {@link train} as a promise.
 *
 * @throws as {@link train}
 */
export async function runTraining(
  network: Network,
  images: ImageSet | readonly ImageSet[],
  options: TrainOptions & { readonly onEvent?: (event: TrainEvent) => void },
): Promise<TrainReport> {
  return drain(train(network, images, options), options.onEvent);
}
