import { type StateLayout, vectorLayout } from "../state-layout.js";
import type { Unit } from "../unit.js";
import { channelMean, isPositive } from "./channels.js";
import { enterRows } from "./layout.js";
import {
  type BlockedLinear,
  linearForward,
  linearInputGradient,
  linearWeightGradient,
  linearWeightLayout,
} from "./linear.js";
import type { LinearStage } from "./match-stages.js";

/** How the unit wants its state to be stored. */
export function linearStateLayouts({ gemm }: LinearStage, linear: BlockedLinear): ReadonlyMap<string, StateLayout> {
  const [, weight, ...biases] = gemm.inputs;
  const { channels, padded } = linear.out;
  const vectors = biases.map((key) => [key, vectorLayout(channels, padded)] as const);
  return new Map([[weight, linearWeightLayout(linear)], ...vectors]);
}

/** A linear layer and what follows it as one unit. */
export function linearUnit(stage: LinearStage, linear: BlockedLinear): Unit {
  const { from, out } = linear;
  const [, weightKey, biasKey] = stage.gemm.inputs;
  let x = "";
  let weight = "";
  let y = "";
  let mask: string | undefined;
  return {
    inputs: [stage.input, ...stage.gemm.inputs.slice(1)],
    outputs: [stage.output],
    forward({ build, read, write, dropoutMask }) {
      x = read(stage.input, from);
      weight = read(weightKey);
      const bias = biasKey === undefined ? undefined : read(biasKey);
      y = linearForward(build, linear, { x, weight, bias, relu: stage.relu });
      let given = y;
      if (stage.dropout > 0) {
        mask = enterRows(build, dropoutMask([out.images, out.channels], stage.dropout), out);
        given = build.node("Mul", [y, mask]);
      }
      write(stage.output, given, out);
    },
    backward({ build, wants, gradientOf, addGradient }) {
      let gradient = gradientOf(stage.output, out)!;
      if (mask !== undefined) gradient = build.node("Mul", [gradient, mask]);
      if (stage.relu) gradient = build.node("Mul", [gradient, isPositive(build, y, out.padded)]);
      if (biasKey !== undefined) {
        const sum = build.node("Mul", [channelMean(build, gradient, out), build.floats(out.images)]);
        addGradient(biasKey, sum);
      }
      if (wants(weightKey)) addGradient(weightKey, linearWeightGradient(build, linear, { x, gradient }));
      if (wants(stage.input)) addGradient(stage.input, linearInputGradient(build, linear, { gradient, weight }), from);
    },
  };
}
