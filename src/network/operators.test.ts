import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { caseNetwork, caseProbe, maskValues, STEP } from "../../test/support/operator-cases.js";
import { permuteTensor } from "../../test/support/permute-tensor.js";
import { createRandom } from "../core/random.js";
import { onnxRuntime } from "../node/onnx-runtime.js";
import { createTensor, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { axisOrder, findAxes } from "./axes.js";
import { differentiate } from "./differentiate.js";
import type { Network } from "./graph.js";
import { createGraphBuilder } from "./graph-builder.js";
import { inferShapes } from "./infer-shapes.js";
import { serializeOnnx } from "./onnx/serialize-onnx.js";
import { operators } from "./operators.gen.js";
import { planUnits } from "./plan-units.js";
import type { RuntimeSession } from "./runtime.js";

/** What Richardson's extrapolation leaves (h⁴), relative. */
const TRUNCATION = 1e-3;
/** Of the largest number: errors of f32 in sums of these lengths are below half of it. */
const GOLDEN_TOLERANCE = 1e-5;
/** Rounding of f32 outputs, a few times 2⁻²⁴, relative to the length of output · probe; divided by the step. */
const ROUNDING = 2 ** -22;

/** What PyTorch computes in f64, from `test/golden/operators.py`. */
const goldenOperators: Readonly<
  Record<
    string,
    { readonly output: readonly number[]; readonly gradients: Readonly<Record<string, readonly number[]>> }
  >
> = JSON.parse(readFileSync(new URL("../../test/fixtures/operators.json", import.meta.url), "utf8")).cases;

const sessions: RuntimeSession[] = [];
afterAll(async () => {
  for (const session of sessions) await session.close();
});

async function open(network: Network): Promise<RuntimeSession> {
  const session = await onnxRuntime.createSession(serializeOnnx(network), { threads: 1 });
  sessions.push(session);
  return session;
}

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
      const probe = caseProbe(operator, example);
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

    test.runIf(example.inputs.length > 0)("output and gradients in training are PyTorch's", async () => {
      const golden = goldenOperators[`${operator.type}: ${example.name}`];
      expect(golden, "is not among the golden values: run test/golden/operators.py").toBeDefined();
      const { network, feeds } = caseNetwork(operator, example);
      const session = await open(trainingGraph(network, caseProbe(operator, example)));
      const results = await session.run(feeds);
      const expected = Object.entries(golden.gradients).map(([key, values]) => [`d_${key}`, values] as const);
      expect(expected.length).toBeGreaterThan(0);
      for (const [key, values] of [["y", golden.output] as const, ...expected]) {
        const found = tensorNumbers(results[key]);
        expect(found).toHaveLength(values.length);
        const largest = Math.max(...values.map(Math.abs));
        for (const [i, value] of values.entries()) {
          const error = Math.abs(found[i] - value);
          expect(error, `${key}[${i}]: ${found[i]} instead of ${value}`).toBeLessThanOrEqual(
            GOLDEN_TOLERANCE * largest,
          );
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
