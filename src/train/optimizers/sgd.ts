import { number } from "../../core/params.js";
import { defineOptimizer } from "../optimizer.js";
import { withDecay } from "../with-decay.js";

export const sgd = defineOptimizer({
  id: "sgd",
  title: "Stochastic gradient descent with momentum",
  doc: "v ← momentum·v + g + weight-decay·w;  w ← w − rate·v",
  params: {
    momentum: number({ doc: "Share of the last direction that is kept.", default: 0.9, min: 0, max: 1 }),
    "weight-decay": number({ doc: "Pull towards 0, added to the gradient.", default: 0, min: 0 }),
  },
  usualRate: 0.05,
  slots: ({ momentum }) => (momentum === 0 ? [] : ["momentum"]),
  scalars: ({ momentum }, { rate, momentum: scheduled = momentum }) => ({ rate, momentum: scheduled }),
  emit({ build, values, parameter, gradient, slots, scalars }) {
    let direction = withDecay(build, gradient, { parameter, decay: values["weight-decay"] });
    const kept: Record<string, string> = {};
    if (slots.momentum !== undefined) {
      const carried = build.node("Mul", [slots.momentum, scalars.momentum]);
      direction = build.node("Add", [carried, direction]);
      kept.momentum = direction;
    }
    const change = build.node("Mul", [direction, scalars.rate]);
    return { parameter: build.node("Sub", [parameter, change]), slots: kept };
  },
});
