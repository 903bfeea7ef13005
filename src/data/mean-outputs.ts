import { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import type { Network } from "../network/graph.js";
import { createInference } from "../network/inference.js";
import type { Runtime } from "../network/runtime.js";
import { floatsTensor, tensorFloats } from "../tensor/float32.js";
import type { StateDict } from "../tensor/tensor.js";
import { createMixedBatches } from "./create-batches.js";
import type { ImageSet } from "./image-set.js";
import type { InputFormat } from "./input-format.js";
import { inputFormatOf } from "./input-format-of.js";

/** Images that statistics are taken from. */
export interface BatchSource {
  /** Of one or several datasets: each batch holds as many of each. */
  readonly images: readonly ImageSet[];
  /** Images in a batch; a multiple of the number of datasets; default 64. */
  readonly batch?: number;
  /** How many batches, fewer where the images end; default 30. */
  readonly batches?: number;
  readonly normalise?: InputFormat["normalise"];
}

export interface RunOptions {
  readonly runtime: Runtime;
  readonly threads?: number;
  /** Which images are drawn; default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** Images in a batch, and batches, where nobody says otherwise. */
export const USUAL_BATCH = 64;
export const USUAL_BATCHES = 30;

export interface MeanOutputs {
  /** Means over batches, by output. */
  readonly means: ReadonlyMap<string, Float64Array>;
  /** How many batches there were. */
  readonly batches: number;
}

/**
 * Runs a network over batches, and gives the mean over batches of each of its outputs.
 *
 * @param options.stage what is being done, for progress and messages: `recomputing statistics`
 * @throws `missing-data` when the images do not fill one batch, `aborted`
 */
export async function meanOutputs(
  model: { readonly network: Network; readonly state: StateDict },
  source: BatchSource,
  options: RunOptions & { readonly stage: string },
): Promise<MeanOutputs> {
  const { images, batch = USUAL_BATCH, batches = USUAL_BATCHES, normalise } = source;
  const { seed = 0, signal, onProgress, stage } = options;
  const format = inputFormatOf(model.network, { normalise });
  const sums = new Map<string, Float64Array>();
  let done = 0;
  const inference = await createInference(model.network, model.state, options);
  try {
    for (const { images: pixels, count } of createMixedBatches(images, { format, batch, seed, shuffle: true })) {
      if (done === batches) break;
      if (signal?.aborted) throw new OnebasinError("aborted", `Stopped while ${stage}.`);
      const outputs = await inference.run(floatsTensor([count, format.channels, format.size, format.size], pixels));
      for (const [name, tensor] of Object.entries(outputs)) {
        const values = tensorFloats(tensor);
        const sum = sums.get(name) ?? new Float64Array(values.length);
        sums.set(name, sum);
        for (let i = 0; i < values.length; i++) sum[i] += values[i];
      }
      done++;
      onProgress?.({ stage, done, total: batches, unit: "steps" });
    }
  } finally {
    await inference.close();
  }
  if (done === 0) {
    const names = images.map((set) => `${set.name} (${set.count})`).join(", ");
    throw new OnebasinError("missing-data", `The images of ${names} do not fill one batch of ${batch}.`, {
      hint: "Give more images or a smaller batch.",
    });
  }
  return { means: new Map([...sums].map(([name, sum]) => [name, sum.map((value) => value / done)])), batches: done };
}
