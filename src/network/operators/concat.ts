import { badShapes, intAttribute, resolveAxis } from "../attributes.js";
import { inputAxis, outputAxis, same } from "../axis-tie.js";
import { defineOperator, type NodeFacts } from "../operator.js";

const concatAxis = ({ node, inputShapes }: NodeFacts): number =>
  resolveAxis(node, intAttribute(node, "axis"), inputShapes[0].length);

export const concat = defineOperator({
  type: "Concat",
  inputs: { min: 1, max: Number.POSITIVE_INFINITY },
  shape: (facts) => {
    const [first, ...others] = facts.inputShapes;
    const axis = concatAxis(facts);
    for (const shape of others) {
      if (shape.length !== first.length || shape.some((size, i) => i !== axis && size !== first[i])) {
        throw badShapes(facts.node, facts.inputShapes, `they differ outside axis ${axis}`);
      }
    }
    const total = facts.inputShapes.reduce((sum, shape) => sum + shape[axis], 0);
    return [first.map((size, i) => (i === axis ? total : size))];
  },
  axes: (facts) => {
    const joined = concatAxis(facts);
    return facts.inputShapes[0].map((_, axis) => {
      const parts = facts.inputShapes.map((_, index) => inputAxis(index, axis));
      return axis === joined
        ? { kind: "concat", whole: outputAxis(0, axis), parts }
        : same(outputAxis(0, axis), ...parts);
    });
  },
  gradient: (context) => {
    const { build, inputShapes, outputGradients } = context;
    const axis = concatAxis(context);
    const sizes = build.ints(...inputShapes.map((shape) => shape[axis]));
    return build.nodes("Split", [outputGradients[0]!, sizes], inputShapes.length, { axis: { int: axis } });
  },
  cases: [
    { name: "channels", inputs: [{ shape: [2, 3, 2] }, { shape: [2, 1, 2] }], attributes: { axis: { int: 1 } } },
    {
      name: "three, from the back",
      inputs: [{ shape: [2, 2] }, { shape: [2, 3] }, { shape: [2, 1] }],
      attributes: { axis: { int: -1 } },
    },
  ],
});
