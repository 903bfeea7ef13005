import { throwProblems } from "../core/errors.js";
import { unknownName } from "../core/suggest.js";
import { isFloat } from "../tensor/dtype.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { checkFit } from "./check-fit.js";
import type { Network } from "./graph.js";
import { serializeOnnx } from "./onnx/serialize-onnx.js";
import type { Runtime, RuntimeOptions } from "./runtime.js";

export interface InferenceOptions extends RuntimeOptions {
  readonly runtime: Runtime;
  /** What the state dict is called in messages: a path. Default: "the state dict". */
  readonly source?: string;
  /** Values of the network to give instead of its outputs: what goes into a batch normalisation, say. */
  readonly outputs?: readonly string[];
}

/** A network with its state, ready to run. Owns the runtime's memory until closed. */
export interface Inference {
  /**
   * @param images [n, …the network's input], any n
   * @returns the network's outputs, or the values that were asked for, by name
   */
  run(images: Tensor): Promise<Readonly<Record<string, Tensor>>>;
  close(): Promise<void>;
}

/**
 * Loads a network and its state into the runtime, to run as it does after training: running statistics, no
 * dropout. The runtime folds batch normalisation into the convolution before it. State of other float dtypes is
 * widened to f32.
 *
 * @throws `mismatch` with all that does not fit between network and state dict
 */
export async function createInference(
  network: Network,
  state: StateDict,
  options: InferenceOptions,
): Promise<Inference> {
  const { runtime, source = "the state dict", outputs } = options;
  throwProblems(checkFit(network, state, { source }), source);
  const f32 = new Map([...state].map(([key, tensor]) => [key, toFloat32(tensor)]));
  const graph = outputs === undefined ? network : withOutputs(network, outputs);
  const session = await runtime.createSession(serializeOnnx(graph, { state: f32 }), options);
  const [input] = network.inputs;
  return {
    run: (images) => session.run({ [input.name]: images }),
    close: () => session.close(),
  };
}

/** The same tensor in f32; integers and f32 as they are, not copied. */
export function toFloat32(tensor: Tensor): Tensor {
  if (!isFloat(tensor.dtype) || tensor.dtype === "f32") return tensor;
  return createTensor("f32", tensor.shape, tensorNumbers(tensor));
}

function withOutputs(network: Network, outputs: readonly string[]): Network {
  const made = network.nodes.flatMap((node) => node.outputs);
  for (const name of outputs) {
    if (!made.includes(name)) throw unknownName(`value of ${network.name} called`, name, made);
  }
  return { ...network, outputs: outputs.map((name) => ({ name, dtype: "f32" })) };
}
