import { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import { unknownName } from "../core/suggest.js";
import { type Batch, createBatches } from "../data/create-batches.js";
import type { ImageSet } from "../data/image-set.js";
import type { InputFormat } from "../data/input-format.js";
import { inputFormatOf } from "../data/input-format-of.js";
import type { Network } from "../network/graph.js";
import { createInference, type Inference } from "../network/inference.js";
import type { Runtime } from "../network/runtime.js";
import { floatsTensor } from "../tensor/float32.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";

export interface RunBatchesOptions {
  readonly runtime: Runtime;
  /** What the state dict is called in messages: a path. */
  readonly source?: string;
  /** How pixels are scaled; default as the network was told to expect, −1 to 1. */
  readonly normalise?: InputFormat["normalise"];
  /** Images per run; a whole number from 1; default 250. */
  readonly batch?: number;
  /** ≥ 1; default as many as the machine has cores. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** A network with its state, and one of its outputs. */
export interface JudgedNetwork {
  readonly network: Network;
  readonly state: StateDict;
  /** Which of its outputs; default the first. */
  readonly head?: string;
}

/** What networks say of a batch of images. */
export interface BatchOutputs extends Pick<Batch, "labels" | "count"> {
  /** The head's output of each network, in their order. */
  readonly outputs: readonly Tensor[];
}

/** Images per run where nobody says otherwise. */
const USUAL_BATCH = 250;

/**
 * Goes once through a set of images and gives what networks say of each batch. All take the same input. The states are
 * copied into the runtime, which lets go of them when the loop ends, however it does.
 *
 * Cost: one forward pass of every network over the set.
 *
 * @throws `mismatch` when a state and its network do not fit, `unknown-name` for a head, `aborted`
 */
export async function* runBatches(
  networks: readonly JudgedNetwork[],
  images: ImageSet,
  options: RunBatchesOptions,
): AsyncGenerator<BatchOutputs, void> {
  const { batch = USUAL_BATCH, normalise, signal, onProgress } = options;
  const format = inputFormatOf(networks[0].network, { normalise });
  const running: { readonly inference: Inference; readonly head: string }[] = [];
  try {
    for (const { network, state, head = network.outputs[0].name } of networks) {
      const heads = network.outputs.map(({ name }) => name);
      if (!heads.includes(head)) throw unknownName(`head of ${network.name} called`, head, heads);
      // Other outputs are only computed where they are the ones asked for.
      const outputs = heads.length > 1 ? [head] : undefined;
      running.push({ head, inference: await createInference(network, state, { ...options, outputs }) });
    }
    let done = 0;
    for (const { images: pixels, labels, count } of createBatches(images, { format, batch })) {
      if (signal?.aborted) throw new OnebasinError("aborted", `The evaluation on ${images.name} was stopped.`);
      const input = floatsTensor([count, format.channels, format.size, format.size], pixels);
      const outputs: Tensor[] = [];
      for (const { inference, head } of running) outputs.push((await inference.run(input))[head]);
      yield { outputs, labels, count };
      done += count;
      onProgress?.({ stage: `evaluating on ${images.name}`, done, total: images.count, unit: "images" });
    }
  } finally {
    for (const { inference } of running) await inference.close();
  }
}
