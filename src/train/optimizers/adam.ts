import { number } from "../../core/params.js";
import { ADAM_SLOTS, adamParams, adamScalars, emitAdamStep } from "../adam-step.js";
import { defineOptimizer } from "../optimizer.js";
import { withDecay } from "../with-decay.js";

export const adam = defineOptimizer({
  id: "adam",
  title: "Adam",
  doc: "g ← g + weight-decay·w;  m, v ← means of g and g²;  w ← w − rate·m̂/(√v̂ + epsilon)",
  params: {
    ...adamParams,
    "weight-decay": number({ doc: "Pull towards 0, added to the gradient.", default: 0, min: 0 }),
  },
  usualRate: 1e-3,
  slots: () => ADAM_SLOTS,
  scalars: adamScalars,
  emit({ build, values, parameter, gradient, slots, scalars }) {
    const decayed = withDecay(build, gradient, { parameter, decay: values["weight-decay"] });
    return emitAdamStep(build, values, { parameter, gradient: decayed, slots, scalars });
  },
});
