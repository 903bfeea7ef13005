import { number } from "../../core/params.js";
import { defineSchedule } from "../schedule.js";

/** From `start` to `end` along half a cosine; `share` in [0, 1]. */
const along = (start: number, end: number, share: number): number =>
  end + ((start - end) * (1 + Math.cos(Math.PI * share))) / 2;

/** @source Smith, Topin: "Super-Convergence" (2018); the form and defaults of PyTorch's `OneCycleLR`. */
export const oneCycle = defineSchedule({
  id: "one-cycle",
  title: "Up to the rate, then down to almost nothing",
  doc: "From rate / start up to rate over the first `rise` of the run, then down to rate / (start · end), both along half a cosine.",
  params: {
    rise: number({ doc: "Share of the run in which the rate rises.", default: 0.3, min: 0, max: 1 }),
    start: number({ doc: "The first rate is the rate divided by this.", default: 25, min: 1 }),
    end: number({ doc: "The last rate is the first divided by this.", default: 10_000, min: 1 }),
  },
  factor({ step, steps }, { rise, start, end }) {
    const peak = rise * steps - 1;
    const last = steps - 1;
    if (step <= peak) return along(1 / start, 1, peak === 0 ? 1 : step / peak);
    return along(1, 1 / (start * end), last === peak ? 1 : (step - Math.max(0, peak)) / (last - Math.max(0, peak)));
  },
});
