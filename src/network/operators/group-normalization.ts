import { elementCount } from "../../tensor/shape.js";
import { badShapes, floatAttribute, intAttribute } from "../attributes.js";
import { inputAxis, outputAxis, same } from "../axis-tie.js";
import { normalizationGradient } from "../normalization.js";
import { defineOperator } from "../operator.js";

const USUAL_EPSILON = 1e-5;

export const groupNormalization = defineOperator({
  type: "GroupNormalization",
  inputs: { min: 3, max: 3 },
  shape: ({ node, inputShapes }) => {
    const [input, scale, bias] = inputShapes;
    const groups = intAttribute(node, "num_groups");
    const vectors = [scale, bias].every((shape) => shape.length === 1 && shape[0] === input[1]);
    if (input.length < 3 || !vectors || input[1] % groups !== 0) {
      throw badShapes(node, inputShapes, `x [n, c, …], scale [c], bias [c] and c divisible by ${groups} are expected`);
    }
    return [input];
  },
  axes: ({ node, inputShapes }) => {
    const groups = intAttribute(node, "num_groups");
    const free = groups === 1 || groups === inputShapes[0][1];
    const channels = same(inputAxis(0, 1), inputAxis(1, 0), inputAxis(2, 0), outputAxis(0, 1));
    const others = inputShapes[0].flatMap((_, axis) =>
      axis === 1 ? [] : [same(inputAxis(0, axis), outputAxis(0, axis))],
    );
    return free ? [channels, ...others] : others;
  },
  gradient: ({ node, build, inputs, inputShapes, outputGradients, wants }) => {
    const [input] = inputShapes;
    const groups = intAttribute(node, "num_groups");
    const [n, channels, ...spatial] = input;
    const grouped = build.ints(n, groups, elementCount(input) / (n * groups));
    const whole = build.ints(...input);
    const wide = build.ints(1, channels, ...spatial.map(() => 1));
    const mean = (value: string): string => build.node("ReduceMean", [value, build.ints(2)], { keepdims: { int: 1 } });

    const x = build.node("Reshape", [inputs[0], grouped]);
    const centred = build.node("Sub", [x, mean(x)]);
    const variance = mean(build.node("Mul", [centred, centred]));
    const epsilon = build.scalar(floatAttribute(node, "epsilon", USUAL_EPSILON));
    const inverse = build.node("Reciprocal", [build.node("Sqrt", [build.node("Add", [variance, epsilon])])]);
    const normal = build.node("Mul", [centred, inverse]);

    const gradient = outputGradients[0]!;
    const summed = build.ints(0, ...spatial.map((_, axis) => axis + 2));
    const sum = (value: string): string => build.node("ReduceSum", [value, summed], { keepdims: { int: 0 } });
    let inputGradient: string | undefined;
    if (wants(0)) {
      const scaled = build.node("Mul", [gradient, build.node("Reshape", [inputs[1], wide])]);
      const flat = build.node("Reshape", [scaled, grouped]);
      const spread = normalizationGradient(build, flat, { normal, inverse, axes: [2] });
      inputGradient = build.node("Reshape", [spread, whole]);
    }
    return [
      inputGradient,
      wants(1) ? sum(build.node("Mul", [gradient, build.node("Reshape", [normal, whole])])) : undefined,
      wants(2) ? sum(gradient) : undefined,
    ];
  },
  cases: [
    {
      name: "two groups",
      inputs: [{ shape: [2, 4, 3, 2] }, { shape: [4] }, { shape: [4] }],
      attributes: { num_groups: { int: 2 } },
    },
    {
      name: "one group",
      inputs: [{ shape: [2, 3, 2, 2] }, { shape: [3] }, { shape: [3] }],
      attributes: { num_groups: { int: 1 }, epsilon: { float: 1e-3 } },
    },
    {
      name: "a group per channel",
      inputs: [{ shape: [2, 3, 2, 3] }, { shape: [3] }, { shape: [3] }],
      attributes: { num_groups: { int: 3 } },
    },
  ],
});
