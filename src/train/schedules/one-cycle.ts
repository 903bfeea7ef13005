import { boolean, number } from "../../core/params.js";
import { defineSchedule, type SchedulePoint } from "../schedule.js";

/** From `start` to `end` along half a cosine; `share` in [0, 1]. */
const along = (start: number, end: number, share: number): number =>
  end + ((start - end) * (1 + Math.cos(Math.PI * share))) / 2;

/** At the lowest and at the highest rate. */
const MOMENTUM = { slow: 0.95, fast: 0.85 } as const;

/** From the first value to the second in the first share of the run, then to the third. */
function cycle(
  { step, steps }: SchedulePoint,
  { rise, values }: { readonly rise: number; readonly values: readonly [number, number, number] },
): number {
  // In a run of few steps the first is the highest, and in a run of one there is no way down.
  const peak = Math.max(0, rise * steps - 1);
  if (step <= peak) return along(values[0], values[1], peak === 0 ? 1 : step / peak);
  return along(values[1], values[2], (step - peak) / (steps - 1 - peak));
}

/** @source Smith, Topin: "Super-Convergence" (2018); the form and defaults of PyTorch's `OneCycleLR`. */
export const oneCycle = defineSchedule({
  id: "one-cycle",
  title: "Up to the rate, then down to almost nothing",
  doc: "From rate / start up to rate over the first `rise` of the run, then down to rate / (start · end), both along half a cosine.",
  params: {
    rise: number({ doc: "Share of the run in which the rate rises.", default: 0.3, min: 0, max: 1 }),
    start: number({ doc: "The first rate is the rate divided by this.", default: 25, min: 1 }),
    end: number({ doc: "The last rate is the first divided by this.", default: 10_000, min: 1 }),
    momentum: boolean({
      doc: "Whether momentum (of Adam, beta1) falls from 0.95 to 0.85 while the rate rises, and rises again.",
      default: false,
    }),
  },
  factor: (point, { rise, start, end }) => cycle(point, { rise, values: [1 / start, 1, 1 / (start * end)] }),
  momentum: (point, { rise, momentum }) =>
    momentum ? cycle(point, { rise, values: [MOMENTUM.slow, MOMENTUM.fast, MOMENTUM.slow] }) : undefined,
});
