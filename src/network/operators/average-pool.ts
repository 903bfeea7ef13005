import { createTensor } from "../../tensor/tensor.js";
import { intAttribute, intsAttribute } from "../attributes.js";
import { inputAxis, outputAxis, same } from "../axis-tie.js";
import { defineOperator, type NodeFacts } from "../operator.js";
import { readWindow, type Window } from "../window.js";

const window = ({ node, inputShapes }: NodeFacts) =>
  readWindow(node, inputShapes[0], intsAttribute(node, "kernel_shape"));

/** How many elements the window at each place averages, as [1, 1, …output]. */
function divisors(facts: Window, spatial: readonly number[], countsPadding: boolean): number[] {
  let counts = [1];
  for (const [axis, size] of spatial.entries()) {
    const along = Array.from({ length: facts.output[axis] }, (_, place) => {
      const start = place * facts.strides[axis] - facts.padsBegin[axis];
      let count = 0;
      for (let tap = 0; tap < facts.kernel[axis]; tap++) {
        const at = start + tap * facts.dilations[axis];
        const inside = countsPadding ? at < size + facts.padsEnd[axis] : at >= 0 && at < size;
        if (inside) count++;
      }
      return count;
    });
    counts = counts.flatMap((count) => along.map((own) => count * own));
  }
  return counts;
}

export const averagePool = defineOperator({
  type: "AveragePool",
  inputs: { min: 1, max: 1 },
  shape: (facts) => [[...facts.inputShapes[0].slice(0, 2), ...window(facts).output]],
  axes: () => [same(inputAxis(0, 0), outputAxis(0, 0)), same(inputAxis(0, 1), outputAxis(0, 1))],
  // Each element of a window takes an equal share: a transposed convolution with ones, channel by channel.
  gradient: (context) => {
    const { node, build, inputShapes, outputGradients } = context;
    const facts = window(context);
    const [n, channels, ...spatial] = inputShapes[0];
    const counts = divisors(facts, spatial, intAttribute(node, "count_include_pad", 0) !== 0);
    const shares = createTensor(
      "f32",
      [1, 1, ...facts.output],
      counts.map((count) => 1 / count),
    );
    const shared = build.node("Mul", [outputGradients[0]!, build.constant(shares)]);
    const single = build.node("Reshape", [shared, build.ints(n * channels, 1, ...facts.output)]);
    const size = facts.kernel.reduce((product, length) => product * length, 1);
    const ones = build.constant(createTensor("f32", [1, 1, ...facts.kernel], new Array<number>(size).fill(1)));
    const spread = build.node("ConvTranspose", [single, ones], {
      kernel_shape: { ints: facts.kernel },
      strides: { ints: facts.strides },
      dilations: { ints: facts.dilations },
    });
    const reach = facts.kernel.map(
      (kernel, axis) =>
        (facts.output[axis] - 1) * facts.strides[axis] +
        facts.dilations[axis] * (kernel - 1) +
        1 -
        facts.padsBegin[axis],
    );
    // Cut the padding off, and add what no window reached.
    const begins = facts.padsBegin.map((pad) => -pad);
    const ends = spatial.map((length, axis) => length - reach[axis]);
    const fitted = build.node("Pad", [spread, build.ints(0, 0, ...begins, 0, 0, ...ends)]);
    return [build.node("Reshape", [fitted, build.ints(...inputShapes[0])])];
  },
  cases: [
    {
      name: "2×2",
      inputs: [{ shape: [2, 3, 4, 4] }],
      attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
    },
    {
      name: "3×3, stride 2, padding counted",
      inputs: [{ shape: [1, 2, 5, 6] }],
      attributes: {
        kernel_shape: { ints: [3, 3] },
        strides: { ints: [2, 2] },
        pads: { ints: [1, 1, 1, 1] },
        count_include_pad: { int: 1 },
      },
    },
    {
      name: "3×3, stride 2, padding not counted, the last window sticks out",
      inputs: [{ shape: [1, 2, 6, 6] }],
      attributes: {
        kernel_shape: { ints: [3, 3] },
        strides: { ints: [2, 2] },
        pads: { ints: [1, 1, 0, 0] },
        ceil_mode: { int: 1 },
      },
    },
  ],
});
