import { number } from "../../core/params.js";
import { defineSchedule } from "../schedule.js";

/** @source Loshchilov, Hutter: "SGDR" (ICLR 2017), equation 5, without restarts. */
export const cosine = defineSchedule({
  id: "cosine",
  title: "Down along half a cosine",
  doc: "rate · (floor + (1 − floor) · ½(1 + cos(π · step / steps)))",
  params: { floor: number({ doc: "Share of the rate left at the end.", default: 0, min: 0, max: 1 }) },
  factor: ({ step, steps }, { floor }) => floor + ((1 - floor) * (1 + Math.cos((Math.PI * step) / steps))) / 2,
});
