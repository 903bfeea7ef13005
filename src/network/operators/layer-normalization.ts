import { badShapes, intAttribute, resolveAxis } from "../attributes.js";
import { broadcastTies } from "../axis-tie.js";
import { sumTo } from "../broadcast.js";
import { normalizationGradient } from "../normalization.js";
import { defineOperator, type NodeFacts } from "../operator.js";

const firstAxis = ({ node, inputShapes }: NodeFacts): number =>
  resolveAxis(node, intAttribute(node, "axis", -1), inputShapes[0].length);

export const layerNormalization = defineOperator({
  type: "LayerNormalization",
  inputs: { min: 2, max: 3 },
  shape: (facts) => {
    const [input, ...vectors] = facts.inputShapes;
    const start = firstAxis(facts);
    const normal = input.slice(start);
    for (const shape of vectors) {
      if (shape.length > 0 && (shape.length !== normal.length || shape.some((size, axis) => size !== normal[axis]))) {
        throw badShapes(facts.node, facts.inputShapes, `scale and bias have the shape [${normal.join(", ")}]`);
      }
    }
    const kept = input.map((size, axis) => (axis < start ? size : 1));
    return [input, kept, kept];
  },
  axes: ({ inputShapes, outputShapes }) => broadcastTies(inputShapes, outputShapes[0]),
  training: ({ node, build, inputs }) => {
    const [output, mean, inverse] = build.nodes("LayerNormalization", inputs, 3, node.attributes);
    return { outputs: [output], saved: { mean, inverse } };
  },
  gradient: (context) => {
    const { build, inputs, inputShapes, outputGradients, saved, wants } = context;
    const [input] = inputShapes;
    const gradient = outputGradients[0]!;
    const normal = build.node("Mul", [build.node("Sub", [inputs[0], saved.mean]), saved.inverse]);
    const axes = input.flatMap((_, axis) => (axis < firstAxis(context) ? [] : [axis]));
    const scaled = build.node("Mul", [gradient, inputs[1]]);
    return [
      wants(0) ? normalizationGradient(build, scaled, { normal, inverse: saved.inverse, axes }) : undefined,
      wants(1) ? sumTo(build, build.node("Mul", [gradient, normal]), input, inputShapes[1]) : undefined,
      wants(2) ? sumTo(build, gradient, input, inputShapes[2]) : undefined,
    ];
  },
  cases: [
    { name: "last axis", inputs: [{ shape: [2, 3, 6] }, { shape: [6] }, { shape: [6] }] },
    {
      name: "two axes, no bias",
      inputs: [{ shape: [3, 2, 4] }, { shape: [2, 4] }],
      attributes: { axis: { int: 1 }, epsilon: { float: 1e-3 } },
    },
  ],
});
