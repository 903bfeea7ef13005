import { OnebasinError, throwProblems } from "../core/errors.js";
import { createRandom } from "../core/random.js";
import { createBatches } from "../data/create-batches.js";
import type { ImageSet } from "../data/image-set.js";
import { inputFormatOf } from "../data/input-format-of.js";
import type { RunOptions } from "../data/mean-outputs.js";
import { batchSizes } from "../network/batch-sizes.js";
import { checkFit } from "../network/check-fit.js";
import { emitCrossEntropy } from "../network/cross-entropy.js";
import { differentiate } from "../network/differentiate.js";
import type { Network } from "../network/graph.js";
import { createGraphBuilder } from "../network/graph-builder.js";
import { inferShapes } from "../network/infer-shapes.js";
import { toFloat32 } from "../network/inference.js";
import { serializeOnnx } from "../network/onnx/serialize-onnx.js";
import { planUnits } from "../network/plan-units.js";
import { floatsTensor, tensorFloats } from "../tensor/float32.js";
import { elementCount } from "../tensor/shape.js";
import { createTensor, type StateDict, type Tensor } from "../tensor/tensor.js";
import { frozenNetwork } from "./frozen-network.js";
import type { MeasureSource } from "./measure-source.js";

export interface FisherOptions extends RunOptions {
  /** Whether labels are those of the images (the empirical Fisher information) or drawn from what the network says. */
  readonly labels?: "drawn" | "given";
  /** What the state dict is called in messages: a path. */
  readonly source?: string;
}

/**
 * The diagonal of a network's Fisher information: for each parameter, the mean over images of
 *
 *     (∂ log p(y | x) / ∂θ)²,   y drawn from p(· | x)
 *
 * as the network runs after training: running statistics, no dropout. One label is drawn for each image, by the seed.
 *
 * Cost: one forward and one backward pass for each image by itself, since squares of sums are no sums of squares.
 *
 * @returns one tensor for each parameter, in f32
 * @throws `mismatch` when state, network and classes do not fit; `unsupported` for an operator without gradient;
 * `missing-data` without images, `aborted`
 * @source Matena and Raffel, “Merging Models with Fisher-Weighted Averaging”, equations 2 and 3
 */
export async function fisherInformation(
  model: { readonly network: Network; readonly state: StateDict },
  { images, samples, normalise }: MeasureSource,
  options: FisherOptions,
): Promise<StateDict> {
  const { seed = 0, labels = "drawn", signal, onProgress, source = "the state dict" } = options;
  throwProblems(checkFit(model.network, model.state, { source }), source);
  const state = new Map([...model.state].map(([key, tensor]) => [key, toFloat32(tensor)]));
  const { graph, classes } = gradientGraph(frozenNetwork(model.network, state), images);
  const sums = new Map<string, Float64Array>();
  for (const [key, { kind, shape }] of model.network.state) {
    if (kind === "parameter") sums.set(key, new Float64Array(elementCount(shape)));
  }
  const format = inputFormatOf(model.network, { normalise });
  const session = await options.runtime.createSession(serializeOnnx(graph, { state }), options);
  let done = 0;
  try {
    for (const batch of createBatches(images, { format, batch: 1, seed, shuffle: true })) {
      if (done === samples) break;
      if (signal?.aborted) throw new OnebasinError("aborted", "Stopped while measuring Fisher information.");
      const outputs = await session.run({
        images: floatsTensor([1, format.channels, format.size, format.size], batch.images),
        lead: leadTensor(classes, labels === "given" ? batch.labels[0] : createRandom(seed, "fisher label", done)),
      });
      for (const [key, sum] of sums) {
        const output = outputs[squareOf(key)];
        if (output === undefined) continue;
        const squares = tensorFloats(output);
        for (let i = 0; i < squares.length; i++) sum[i] += squares[i];
      }
      done++;
      onProgress?.({ stage: "measuring Fisher information", done, total: samples, unit: "images" });
    }
  } finally {
    await session.close();
  }
  if (done === 0) throw new OnebasinError("missing-data", "There are no images to measure Fisher information on.");
  return new Map(
    [...sums].map(([key, sum]): [string, Tensor] => {
      const { shape } = model.network.state.get(key) as { shape: readonly number[] };
      return [
        key,
        createTensor(
          "f32",
          shape,
          sum.map((value) => value / done),
        ),
      ];
    }),
  );
}

const squareOf = (key: string): string => `square/${key}`;

/**
 * The largest of logits + lead is the label: with Gumbel noise, a draw from the network's own distribution; with a lead
 * that no logit makes up for, the class that leads.
 */
function leadTensor(classes: number, from: number | ReturnType<typeof createRandom>): Tensor {
  const gumbel = (random: ReturnType<typeof createRandom>): number =>
    -Math.log(-Math.log((random.word() + 0.5) * 2 ** -32));
  const values = Float32Array.from({ length: classes }, (_, at) =>
    typeof from === "number" ? (at === from ? 1e30 : 0) : gumbel(from),
  );
  return floatsTensor([1, classes], values);
}

/** Forward and backward pass for one image, with the square of each parameter's gradient as outputs. */
function gradientGraph(
  network: Network,
  images: readonly ImageSet[],
): { readonly graph: Network; readonly classes: number } {
  const shapes = inferShapes(network, { sizes: batchSizes(network, 1) });
  const [input] = network.inputs;
  const [output] = network.outputs;
  const logits = shapes.shapes.get(output.name) ?? [];
  const most = Math.max(...images.map((set) => set.classes));
  if (logits.length !== 2 || logits[0] !== 1 || logits[1] < most) {
    throw new OnebasinError(
      "mismatch",
      `${network.name} gives [${logits.join(", ")}] for one image; ${most} classes need logits [1, ${most}].`,
    );
  }
  const classes = logits[1];
  const build = createGraphBuilder("fisher information");
  build.input("images", "f32", shapes.shapes.get(input.name) as readonly number[]);
  build.input("lead", "f32", [1, classes]);
  for (const [key, entry] of network.state) build.state(key, entry);
  const parameters = [...network.state].flatMap(([key, { kind }]) => (kind === "parameter" ? [key] : []));
  const gradients = differentiate(build, network, {
    shapes,
    units: planUnits(network, shapes).units,
    values: new Map([...[...network.state.keys()].map((key) => [key, key] as const), [input.name, "images"]]),
    by: parameters,
    updateRunning: () => {},
    dropoutMask: () => {
      throw new Error("a frozen network has no dropout");
    },
    outputGradients: (emittedOf) => {
      const emitted = emittedOf(output.name);
      const led = build.node("Add", [emitted, "lead"]);
      const labels = build.node("ArgMax", [led], { axis: { int: 1 }, keepdims: { int: 0 } });
      return new Map([[output.name, emitCrossEntropy(build, emitted, { labels, shape: [1, classes] }).gradient]]);
    },
  });
  for (const key of parameters) {
    const gradient = gradients.get(key);
    if (gradient !== undefined) build.output(build.node("Mul", [gradient, gradient]), "f32", { as: squareOf(key) });
  }
  return { graph: build.build(), classes };
}
