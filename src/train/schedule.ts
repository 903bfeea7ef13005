import type { Params, ParamValues } from "../core/params.js";

/** Where in a training run a step stands. */
export interface SchedulePoint {
  /** From 0. */
  readonly step: number;
  /** Of the whole run. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

/** How the rate, and for some the momentum, changes over a run, described in one file of `train/schedules/`. */
export interface Schedule<P extends Params = Params> {
  readonly id: string;
  readonly title: string;
  readonly doc: string;
  readonly params: P;
  /** What the rate is multiplied with at a step; in [0, 1]. */
  readonly factor: (point: SchedulePoint, values: ParamValues<P>) => number;
  /** The optimizer's momentum at a step, in [0, 1); absent or undefined where that stays what it is. */
  readonly momentum?: (point: SchedulePoint, values: ParamValues<P>) => number | undefined;
}

/** Keeps the types of the options while a schedule is written down, and forgets them for the list. */
export const defineSchedule = <const P extends Params>(schedule: Schedule<P>): Schedule =>
  schedule as unknown as Schedule;
