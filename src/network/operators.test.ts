import { afterAll, describe, expect, test } from "vitest";
import { permuteTensor } from "../../test/support/permute-tensor.js";
import { createRandom } from "../core/random.js";
import { onnxRuntime } from "../node/onnx-runtime.js";
import { elementCount, type Shape } from "../tensor/shape.js";
import { createTensor, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { axisOrder, findAxes } from "./axes.js";
import { differentiate } from "./differentiate.js";
import type { Network } from "./graph.js";
import { createGraphBuilder } from "./graph-builder.js";
import { inferShapes } from "./infer-shapes.js";
import { serializeOnnx } from "./onnx/serialize-onnx.js";
import type { Operator, OperatorCase } from "./operator.js";
import { operators } from "./operators.gen.js";
import { planUnits } from "./plan-units.js";
import type { RuntimeSession } from "./runtime.js";

/** Half the distance between the two ends of a difference. */
const STEP = 0.02;
/** What Richardson's extrapolation leaves (h⁴), relative. */
const TRUNCATION = 1e-3;
/** Rounding of f32 outputs, a few times 2⁻²⁴, relative to the length of output · probe; divided by the step. */
const ROUNDING = 2 ** -22;

const sessions: RuntimeSession[] = [];
afterAll(async () => {
  for (const session of sessions) await session.close();
});

async function open(network: Network): Promise<RuntimeSession> {
  const session = await onnxRuntime.createSession(serializeOnnx(network), { threads: 1 });
  sessions.push(session);
  return session;
}

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

function caseNetwork(operator: Operator, example: OperatorCase): { network: Network; feeds: Record<string, Tensor> } {
  const random = createRandom(1, operator.type, example.name);
  const build = createGraphBuilder(operator.type);
  const feeds: Record<string, Tensor> = {};
  const names = example.inputs.map(({ shape, dtype = "f32", values, constant, positive = false }, index) => {
    const tensor = createTensor(dtype, shape, values ?? spacedValues(shape, random, positive));
    if (constant) return build.constant(tensor);
    feeds[`x${index}`] = tensor;
    return build.state(`x${index}`, { shape, dtype, kind: "parameter", initial: { kind: "constant", value: 0 } });
  });
  build.output(build.node(operator.type, names, example.attributes), "f32");
  return { network: build.build(), feeds };
}

const maskValues = (shape: Shape, ratio: number): number[] =>
  Array.from({ length: elementCount(shape) }, (_, i) => (i % 4 === 1 ? 0 : 1 / (1 - ratio)));

/** The operator as in training, with the gradient of Σ output · probe with respect to each of its inputs. */
function trainingGraph(network: Network, probe: Tensor): Network {
  const shapes = inferShapes(network);
  const build = createGraphBuilder("training");
  const values = new Map([...network.state].map(([key, { dtype, shape }]) => [key, build.input(key, dtype, shape)]));
  const [{ name }] = network.outputs;
  const units = planUnits(network, shapes).units;
  const gradients = differentiate(build, network, {
    shapes,
    units,
    values,
    by: network.state.keys(),
    updateRunning: () => {},
    dropoutMask: (shape, ratio) => build.constant(createTensor("f32", shape, maskValues(shape, ratio))),
    outputGradients(emittedOf) {
      build.output(emittedOf(name), "f32", { as: "y" });
      return new Map([[name, build.constant(probe)]]);
    },
  });
  for (const key of network.state.keys()) {
    const gradient = gradients.get(key);
    if (gradient !== undefined) build.output(gradient, "f32", { as: `d_${key}` });
  }
  return build.build();
}

function nudged(tensor: Tensor, index: number, by: number): Tensor {
  const values = tensorNumbers(tensor);
  values[index] += by;
  return createTensor(tensor.dtype, tensor.shape, values);
}

describe.each(operators.map((operator) => [operator.type, operator] as const))("%s", (_, operator) => {
  test("has cases, a gradient and an axis rule", () => {
    expect(operator.cases.length).toBeGreaterThan(0);
    expect(operator.gradient).toBeDefined();
    expect(operator.axes).toBeDefined();
  });

  describe.each(operator.cases.map((example) => [example.name, example] as const))("%s", (_, example) => {
    test("shape is the runtime's", async () => {
      const { network, feeds } = caseNetwork(operator, example);
      const [{ name }] = network.outputs;
      const result = await (await open(network)).run(feeds);
      expect(inferShapes(network).shapes.get(name)).toEqual(result[name].shape);
    });

    test("gradient is the central difference", async () => {
      const { network, feeds } = caseNetwork(operator, example);
      const shape = inferShapes(network).shapes.get(network.outputs[0].name)!;
      const random = createRandom(2, operator.type, example.name);
      const probe = createTensor(
        "f32",
        shape,
        Array.from({ length: elementCount(shape) }, () => random.normal()),
      );
      const weights = tensorNumbers(probe);
      const session = await open(trainingGraph(network, probe));
      const loss = async (changed: Record<string, Tensor>): Promise<number> => {
        const y = tensorNumbers((await session.run({ ...feeds, ...changed })).y);
        return y.reduce((sum, value, i) => sum + value * weights[i], 0);
      };
      const gradients = await session.run(feeds);
      const length = Math.hypot(...tensorNumbers(gradients.y).map((value, i) => value * weights[i]));
      for (const [key, tensor] of Object.entries(feeds)) {
        if (operator.type === "BatchNormalization" && (key === "x3" || key === "x4")) continue;
        const computed = tensorNumbers(gradients[`d_${key}`]);
        expect(gradients[`d_${key}`].shape).toEqual(tensor.shape);
        for (const [index, value] of computed.entries()) {
          const slope = async (step: number): Promise<number> =>
            ((await loss({ [key]: nudged(tensor, index, step) })) -
              (await loss({ [key]: nudged(tensor, index, -step) }))) /
            (2 * step);
          const measured = (4 * (await slope(STEP / 2)) - (await slope(STEP))) / 3;
          const allowed = (ROUNDING * (1 + length)) / STEP + TRUNCATION * Math.abs(measured);
          expect(Math.abs(value - measured), `d_${key}[${index}]: ${value} against ${measured}`).toBeLessThan(allowed);
        }
      }
    });

    test("axes move as its rule says", async () => {
      const { network, feeds } = caseNetwork(operator, example);
      const [{ name }] = network.outputs;
      const shapes = inferShapes(network);
      // The output is no output of the network here, so that its axes are not held fixed.
      const axes = findAxes({ ...network, outputs: [] }, shapes);
      const random = createRandom(3, operator.type, example.name);
      const orders = new Map<number, number[]>();
      const permuted = (key: string, tensor: Tensor): Tensor => {
        const order = tensor.shape.map((_, axis) =>
          axisOrder(axes.structureOf(key, axis), (group) => {
            if (axes.isFixed(group)) return undefined;
            const size = groupSize(axes.structureOf(key, axis), group)!;
            if (!orders.has(group)) orders.set(group, random.shuffle(Array.from({ length: size }, (_, i) => i)));
            return orders.get(group);
          }),
        );
        return permuteTensor(tensor, order);
      };
      const moved = Object.fromEntries(Object.entries(feeds).map(([key, tensor]) => [key, permuted(key, tensor)]));
      const ties = operator.axes!(shapes.factsOf(network.nodes[0]));
      if (ties.length > 0) expect(orders.size).toBeGreaterThan(0);
      const session = await open(network);
      const before = (await session.run(feeds))[name];
      const after = (await session.run(moved))[name];
      const expected = tensorNumbers(permuted(name, before));
      const got = tensorNumbers(after);
      // Sums in another order differ in their last bits.
      for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i], 4);
    });
  });
});

function groupSize(
  structure: ReturnType<ReturnType<typeof findAxes>["structureOf"]>,
  group: number,
): number | undefined {
  if (structure.kind === "group") return structure.group === group ? structure.size : undefined;
  const parts = structure.kind === "product" ? structure.factors : structure.parts;
  return parts.map((part) => groupSize(part, group)).find((size) => size !== undefined);
}
