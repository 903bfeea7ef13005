import type { Batch } from "../../data/create-batches.js";
import { inputFormatOf } from "../../data/input-format-of.js";
import { emitCrossEntropy } from "../../network/cross-entropy.js";
import { differentiate } from "../../network/differentiate.js";
import type { Network } from "../../network/graph.js";
import { createGraphBuilder } from "../../network/graph-builder.js";
import { inferShapes } from "../../network/infer-shapes.js";
import { serializeOnnx } from "../../network/onnx/serialize-onnx.js";
import { planUnits } from "../../network/plan-units.js";
import type { Runtime } from "../../network/runtime.js";
import { floatsTensor, tensorFloats } from "../../tensor/float32.js";
import { createTensor, type StateDict, type Tensor } from "../../tensor/tensor.js";

/** The loss of a network on images, and how it changes with the parameters. Owns the runtime's memory until closed. */
export interface LossGradient {
  /**
   * @param state in f32
   * @returns the mean cross-entropy in nats, and its gradient by key of the parameters that it depends on
   */
  run(
    state: StateDict,
    batch: Batch,
  ): Promise<{ readonly loss: number; readonly gradients: ReadonlyMap<string, Float32Array> }>;
  close(): Promise<void>;
}

/**
 * Prepares a network to be differentiated by its parameters, as it runs in training: batch normalisation by the
 * statistics of the batch, as if they were put right for every point that is looked at; no dropout.
 *
 * @param options.batch images in a batch
 * @throws `unsupported` when an operator has no gradient, or images do not fit the network
 */
export async function createLossGradient(
  network: Network,
  { runtime, threads, batch }: { readonly runtime: Runtime; readonly threads?: number; readonly batch: number },
): Promise<LossGradient> {
  const format = inputFormatOf(network);
  const [input] = network.inputs;
  const [output] = network.outputs;
  const sizes = Object.fromEntries(
    (input.shape ?? []).flatMap((dim) => (typeof dim === "string" ? [[dim, batch]] : [])),
  );
  const shapes = inferShapes(network, { sizes });
  const build = createGraphBuilder("loss and gradient");
  const read = new Set(network.nodes.flatMap(({ inputs }) => inputs));
  const keys = [...network.state].flatMap(([key, { dtype }]) => (dtype === "f32" && read.has(key) ? [key] : []));
  const parameters = keys.filter((key) => network.state.get(key)?.kind === "parameter");
  const names = new Map(
    keys.map((key) => [key, build.input(`state ${key}`, "f32", network.state.get(key)?.shape ?? [])]),
  );
  const images = build.input("images", "f32", shapes.shapes.get(input.name) ?? []);
  const labels = build.input("labels", "i64", [batch]);
  const found = differentiate(build, network, {
    shapes,
    units: planUnits(network, shapes).units,
    values: new Map([...names, [input.name, images]]),
    by: parameters,
    updateRunning: () => undefined,
    dropoutMask: () => build.scalar(1),
    outputGradients(emittedOf) {
      const [n, classes] = shapes.shapes.get(output.name) ?? [];
      const scored = emitCrossEntropy(build, emittedOf(output.name), { labels, shape: [n, classes] });
      build.output(scored.loss, "f32", { as: "loss" });
      return new Map([[output.name, scored.gradient]]);
    },
  });
  const differentiated = parameters.filter((key) => found.has(key));
  for (const key of differentiated) build.output(found.get(key) as string, "f32", { as: `gradient ${key}` });
  const session = await runtime.createSession(serializeOnnx(build.build()), { threads });
  return {
    async run(state, { images: pixels, labels: classes, count }) {
      const feeds: Record<string, Tensor> = {
        images: floatsTensor([count, format.channels, format.size, format.size], pixels),
        labels: createTensor("i64", [count], classes),
      };
      for (const [key, name] of names) feeds[name] = state.get(key) as Tensor;
      const results = await session.run(feeds);
      return {
        loss: tensorFloats(results.loss)[0],
        gradients: new Map(differentiated.map((key) => [key, tensorFloats(results[`gradient ${key}`])])),
      };
    },
    close: () => session.close(),
  };
}
