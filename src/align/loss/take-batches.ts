import { OnebasinError } from "../../core/errors.js";
import { type Batch, createMixedBatches } from "../../data/create-batches.js";
import { inputFormatOf } from "../../data/input-format-of.js";
import type { BatchSource } from "../../data/mean-outputs.js";
import type { Network } from "../../network/graph.js";

/**
 * Batches that a search goes through again and again, each with as many images of each dataset.
 *
 * @throws `missing-data` when the images do not fill one batch, `bad-argument`
 */
export function takeBatches(
  network: Network,
  {
    images,
    normalise,
    batch,
    batches,
    seed,
  }: Required<Pick<BatchSource, "batch" | "batches">> & BatchSource & { readonly seed: number },
): Batch[] {
  const format = inputFormatOf(network, { normalise });
  const taken: Batch[] = [];
  for (const it of createMixedBatches(images, { format, batch, seed, shuffle: true })) {
    if (taken.length === batches) break;
    taken.push(it);
  }
  if (taken.length > 0) return taken;
  const names = images.map((set) => `${set.name} (${set.count})`).join(", ");
  throw new OnebasinError("missing-data", `The images of ${names} do not fill one batch of ${batch}.`, {
    hint: "Give more images or a smaller batch.",
  });
}
