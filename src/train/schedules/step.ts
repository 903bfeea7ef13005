import { integer, number } from "../../core/params.js";
import { defineSchedule } from "../schedule.js";

export const step = defineSchedule({
  id: "step",
  title: "Down by a factor every few epochs",
  doc: "rate · factor^⌊epoch / every⌋",
  params: {
    every: integer({ doc: "Epochs between two steps down.", default: 1, min: 1 }),
    factor: number({ doc: "What the rate is multiplied with at each.", default: 0.1, min: 0, max: 1 }),
  },
  factor: (point, { every, factor }) => factor ** Math.floor(point.step / point.stepsPerEpoch / every),
});
