import { number } from "../../core/params.js";
import { ADAM_SLOTS, adamParams, adamScalars, emitAdamStep } from "../adam-step.js";
import { defineOptimizer } from "../optimizer.js";

/** @source Loshchilov, Hutter: "Decoupled Weight Decay Regularization" (ICLR 2019), as PyTorch computes it. */
export const adamw = defineOptimizer({
  id: "adamw",
  title: "Adam with weight decay apart from the gradient",
  doc: "w ← (1 − rate·weight-decay)·w;  m, v ← means of g and g²;  w ← w − rate·m̂/(√v̂ + epsilon)",
  params: {
    ...adamParams,
    "weight-decay": number({ doc: "Share of a parameter lost per step, times the rate.", default: 0.01, min: 0 }),
  },
  usualRate: 1e-3,
  slots: () => ADAM_SLOTS,
  scalars: (values, at) => ({ ...adamScalars(values, at), kept: 1 - at.rate * values["weight-decay"] }),
  emit({ build, values, parameter, gradient, slots, scalars }) {
    const decayed = build.node("Mul", [parameter, scalars.kept]);
    return emitAdamStep(build, values, { parameter: decayed, gradient, slots, scalars });
  },
});
