import { createRandom } from "../../src/core/random.js";
import type { Network } from "../../src/network/graph.js";
import { createGraphBuilder } from "../../src/network/graph-builder.js";
import { inferShapes } from "../../src/network/infer-shapes.js";
import type { Operator, OperatorCase } from "../../src/network/operator.js";
import { elementCount, type Shape } from "../../src/tensor/shape.js";
import { createTensor, type Tensor } from "../../src/tensor/tensor.js";

/** How far inputs are moved to measure a slope: half the distance between the two ends of a difference. */
export const STEP = 0.02;

/** Numbers apart from one another and from 0 by far more than a step, so that kinks are not stepped over. */
function spacedValues(shape: Shape, random: ReturnType<typeof createRandom>, positive: boolean): number[] {
  const count = elementCount(shape);
  const places = random.shuffle(Array.from({ length: count }, (_, i) => i));
  const spacing = Math.max(3 / count, 2.5 * STEP);
  return places.map((place) => {
    const value = (place - Math.floor(count / 2) + 0.5) * spacing;
    return positive ? Math.abs(value) + 0.5 : value;
  });
}

export interface CaseNetwork {
  /** The operator alone, its inputs parameters `x0`, `x1`, … unless constant. */
  readonly network: Network;
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** All inputs in order, constants as well. */
  readonly inputs: readonly Tensor[];
}

/** A network of one operator, and numbers to run it on. */
export function caseNetwork(operator: Operator, example: OperatorCase): CaseNetwork {
  const random = createRandom(1, operator.type, example.name);
  const build = createGraphBuilder(operator.type);
  const feeds: Record<string, Tensor> = {};
  const inputs: Tensor[] = [];
  const names = example.inputs.map(({ shape, dtype = "f32", values, constant, positive = false }, index) => {
    const tensor = createTensor(dtype, shape, values ?? spacedValues(shape, random, positive));
    inputs.push(tensor);
    if (constant) return build.constant(tensor);
    feeds[`x${index}`] = tensor;
    return build.state(`x${index}`, { shape, dtype, kind: "parameter", initial: { kind: "constant", value: 0 } });
  });
  build.output(build.node(operator.type, names, example.attributes), "f32");
  return { network: build.build(), feeds, inputs };
}

/** The weights of the output's numbers in the sum whose gradient is taken. */
export function caseProbe(operator: Operator, example: OperatorCase): Tensor {
  const { network } = caseNetwork(operator, example);
  const shape = inferShapes(network).shapes.get(network.outputs[0].name) as Shape;
  const random = createRandom(2, operator.type, example.name);
  return createTensor(
    "f32",
    shape,
    Array.from({ length: elementCount(shape) }, () => random.normal()),
  );
}

/** The dropout mask of the cases. */
export const maskValues = (shape: Shape, ratio: number): number[] =>
  Array.from({ length: elementCount(shape) }, (_, i) => (i % 4 === 1 ? 0 : 1 / (1 - ratio)));
