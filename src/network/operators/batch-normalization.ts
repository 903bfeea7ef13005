import { elementCount, type Shape } from "../../tensor/shape.js";
import { badShapes, floatAttribute } from "../attributes.js";
import { inputAxis, outputAxis, same } from "../axis-tie.js";
import { USUAL_EPSILON, USUAL_MOMENTUM } from "../batch-norm-defaults.js";
import { defineOperator } from "../operator.js";

/** Shapes of a value per channel, so that it broadcasts over [n, c, …]. */
const perChannel = (input: Shape): number[] => [1, input[1], ...input.slice(2).map(() => 1)];

export const batchNormalization = defineOperator({
  type: "BatchNormalization",
  inputs: { min: 5, max: 5 },
  shape: ({ node, inputShapes }) => {
    const [input, ...vectors] = inputShapes;
    if (input.length < 2 || vectors.some((shape) => shape.length !== 1 || shape[0] !== input[1])) {
      throw badShapes(node, inputShapes, "x [n, c, …] and four vectors [c] are expected");
    }
    return [input];
  },
  axes: ({ inputShapes }) => [
    same(...[1, 2, 3, 4].map((index) => inputAxis(index, 0)), inputAxis(0, 1), outputAxis(0, 1)),
    ...inputShapes[0].flatMap((_, axis) => (axis === 1 ? [] : [same(inputAxis(0, axis), outputAxis(0, axis))])),
  ],
  // With momentum 0 the runtime hands out the batch's own mean and its biased variance; PyTorch normalises with
  // the biased variance too, but keeps the unbiased one. The runtime writes both into the memory of the inputs that
  // hold the old ones, so it is given values that nobody else reads: any that are made from x, since the runtime takes
  // equal computations together, and two networks may share the old ones.
  training: ({ node, build, inputs, inputShapes, updateRunning }) => {
    const epsilon = { float: floatAttribute(node, "epsilon", USUAL_EPSILON) };
    const [input] = inputShapes;
    const starts = build.ints(...input.map(() => 0));
    const ends = build.ints(...input.map((size, axis) => (axis === 1 ? size : 1)));
    const corner = build.node("Reshape", [build.node("Slice", [inputs[0], starts, ends]), build.ints(input[1])]);
    const spare = [build.node("Neg", [corner]), build.node("Abs", [corner])];
    const [output, mean, variance] = build.nodes("BatchNormalization", [...inputs.slice(0, 3), ...spare], 3, {
      epsilon,
      momentum: { float: 0 },
      training_mode: { int: 1 },
    });
    const kept = floatAttribute(node, "momentum", USUAL_MOMENTUM);
    const count = elementCount(input) / input[1];
    updateRunning(node.inputs[3], mean, { old: kept, now: 1 - kept });
    updateRunning(node.inputs[4], variance, { old: kept, now: ((1 - kept) * count) / Math.max(1, count - 1) });
    return { outputs: [output], saved: { mean, variance } };
  },
  // dx = (scale/σ)·(dy − mean(dy) − x̂·mean(dy·x̂)), means over the batch and the places
  gradient: ({ node, build, inputs, inputShapes, outputGradients, saved, wants }) => {
    const [input] = inputShapes;
    const gradient = outputGradients[0]!;
    const wide = build.ints(...perChannel(input));
    const summed = build.ints(...input.flatMap((_, axis) => (axis === 1 ? [] : [axis])));
    const shifted = build.node("Add", [saved.variance, build.scalar(floatAttribute(node, "epsilon", USUAL_EPSILON))]);
    const inverse = build.node("Reciprocal", [build.node("Sqrt", [shifted])]);
    const centred = build.node("Sub", [inputs[0], build.node("Reshape", [saved.mean, wide])]);
    const normal = build.node("Mul", [centred, build.node("Reshape", [inverse, wide])]);
    const sum = (value: string): string => build.node("ReduceSum", [value, summed], { keepdims: { int: 0 } });
    const biasGradient = sum(gradient);
    const scaleGradient = sum(build.node("Mul", [gradient, normal]));
    let inputGradient: string | undefined;
    if (wants(0)) {
      const share = build.scalar(input[1] / elementCount(input));
      const mean = (total: string): string => build.node("Reshape", [build.node("Mul", [total, share]), wide]);
      const tilt = build.node("Mul", [normal, mean(scaleGradient)]);
      const rest = build.node("Sub", [build.node("Sub", [gradient, mean(biasGradient)]), tilt]);
      const factor = build.node("Reshape", [build.node("Mul", [inputs[1], inverse]), wide]);
      inputGradient = build.node("Mul", [rest, factor]);
    }
    return [inputGradient, scaleGradient, biasGradient, undefined, undefined];
  },
  cases: [
    {
      name: "images",
      inputs: [
        { shape: [3, 2, 3, 2] },
        { shape: [2] },
        { shape: [2] },
        { shape: [2], values: [0.2, -0.1] },
        { shape: [2], values: [0.8, 1.5] },
      ],
    },
    {
      name: "vectors",
      inputs: [
        { shape: [6, 3] },
        { shape: [3] },
        { shape: [3] },
        { shape: [3], values: [0, 0.3, -0.4] },
        { shape: [3], values: [1, 0.7, 1.2] },
      ],
      attributes: { epsilon: { float: 1e-3 }, momentum: { float: 0.8 } },
    },
  ],
});
