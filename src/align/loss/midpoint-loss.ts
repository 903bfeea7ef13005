import type { Batch } from "../../data/create-batches.js";
import type { BatchSource } from "../../data/mean-outputs.js";
import type { Network } from "../../network/graph.js";
import type { Runtime } from "../../network/runtime.js";
import { floatsTensor, tensorFloats } from "../../tensor/float32.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";
import { createLossGradient } from "./loss-gradient.js";
import { takeBatches } from "./take-batches.js";

/** Tells how good a network between two is. Owns the runtime's memory until closed. */
export interface MidpointLoss {
  readonly batches: number;
  /** The loss in nats half-way to `b` on one of the batches, and its gradient with respect to the parameters of `b`. */
  at(
    b: StateDict,
    batch: number,
  ): Promise<{ readonly loss: number; readonly gradients: ReadonlyMap<string, Float32Array> }>;
  /** The mean loss half-way to `b` over all batches. */
  mean(b: StateDict): Promise<number>;
  close(): Promise<void>;
}

/**
 * The loss of the network half-way between `a` and another, on the same batches of images again and again.
 *
 * @param a in f32
 * @throws `missing-data` when the images do not fill one batch, `unsupported`
 */
export async function createMidpointLoss(
  {
    network,
    a,
    parameters,
  }: { readonly network: Network; readonly a: StateDict; readonly parameters: readonly string[] },
  options: Required<Pick<BatchSource, "batch" | "batches">> &
    BatchSource & { readonly runtime: Runtime; readonly threads?: number; readonly seed: number },
): Promise<MidpointLoss> {
  const batches: readonly Batch[] = takeBatches(network, options);
  const gradient = await createLossGradient(network, options);
  return {
    batches: batches.length,
    async at(b, batch) {
      const { loss, gradients } = await gradient.run(middle(a, b, parameters), batches[batch]);
      return { loss, gradients: new Map([...gradients].map(([key, values]) => [key, values.map((it) => it / 2)])) };
    },
    async mean(b) {
      const state = middle(a, b, parameters);
      let sum = 0;
      for (const batch of batches) sum += (await gradient.run(state, batch)).loss;
      return sum / batches.length;
    },
    close: () => gradient.close(),
  };
}

function middle(a: StateDict, b: StateDict, parameters: readonly string[]): StateDict {
  const state = new Map(a);
  for (const key of parameters) {
    const [first, second] = [tensorFloats(a.get(key) as Tensor), tensorFloats(b.get(key) as Tensor)];
    state.set(
      key,
      floatsTensor(
        (a.get(key) as Tensor).shape,
        first.map((value, i) => (value + second[i]) / 2),
      ),
    );
  }
  return state;
}
