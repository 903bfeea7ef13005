import { OnebasinError } from "../../core/errors.js";
import { coupledStarts } from "../../train/coupling/coupled-starts.js";
import { parseDepthSchedule } from "../../train/coupling/depth-schedule.js";
import { runCoupling } from "../../train/coupling/run-coupling.js";
import { type CurvePoint, createCurveRecorder } from "../curve.js";
import type { LabSettings, Lambda } from "../settings/lab-settings.js";
import { ALL_TRAIN, defineStage } from "../stage.js";
import { trainingOptions } from "../training-options.js";

export interface CoupleSettings {
  readonly seed: number;
  readonly lambda: Lambda;
  readonly training: LabSettings["training"];
  readonly couple: Omit<LabSettings["couple"], "lambda">;
}

export interface CoupleFacts {
  readonly curves: readonly (readonly CurvePoint[])[];
  /** ‖w_A − w_B‖ after the last epoch, as a share of the root of the mean of both squared norms. */
  readonly distance: number;
}

/** Trains two networks from one start, held together; leaves `a`, `b` and `start`. */
export const coupleStage = defineStage<CoupleSettings, CoupleFacts>({
  id: "couple",
  revision: 1,
  reads: () => ALL_TRAIN,
  run: async ({ seed, lambda, training, couple }, _inputs, context) => {
    const { network, runtime, threads, signal, report } = context;
    const sets = [await context.images("train", 0), await context.images("train", 1)];
    const networks = sets.map((images) => ({ network, images }));
    const recorders = networks.map(createCurveRecorder);
    const { states, history } = await runCoupling(networks, {
      ...trainingOptions(training),
      runtime,
      threads,
      signal,
      seed,
      lambda: lambda === "inf" ? Number.POSITIVE_INFINITY : lambda,
      depth: await parseDepthSchedule(couple["depth-schedule"], { readTable: refuseTable }),
      over: couple["over-time"],
      step: couple["coupling-step"],
      tied: couple.tied,
      onEvent: (event) => {
        if (event.kind !== "step") return;
        for (const [i, { loss, accuracy }] of event.networks.entries())
          recorders[i].add({ step: event.step, loss, accuracy });
        report(event.step / event.steps);
      },
    });
    return {
      facts: { curves: recorders.map((it) => it.points()), distance: history[history.length - 1].relative },
      states: { a: states[0], b: states[1], start: coupledStarts(networks, { seed })[0] },
    };
  },
});

/** A stage depends on nothing but its settings: a file beside them could change unseen. */
const refuseTable = async (path: string): Promise<never> => {
  throw new OnebasinError("bad-argument", `The experiment has no depth schedule "${path}".`, {
    hint: "Write constant, linear, exponential:RATIO or cut:LAYER; a table of strengths is for onebasin couple.",
  });
};
