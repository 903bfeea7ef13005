import { OnebasinError } from "../../core/errors.js";
import { type Batch, createBatches } from "../../data/create-batches.js";
import { inputFormatOf } from "../../data/input-format-of.js";
import { findChannelBlock } from "../../network/channel-block.js";
import type { Runtime, RuntimeOptions } from "../../network/runtime.js";
import type { StateDict } from "../../tensor/tensor.js";
import { checkFinite } from "../check-finite.js";
import { createTrainingSession, type StepResult } from "../training-session.js";
import { divergence, resolveSettings, type TrainingSettings } from "../training-settings.js";
import { buildTrainingStep, type TrainingStep } from "../training-step.js";
import { checkCoupling, type ResolvedCoupling, resolveCoupling } from "./check-coupling.js";
import { coupledStarts } from "./coupled-starts.js";
import type { CoupledNetwork, CouplingOptions } from "./coupling-options.js";
import type { CouplingPlan } from "./coupling-plan.js";
import { createPull } from "./coupling-pull.js";
import type { CoupledEpoch, CouplingSnapshot, Progress } from "./coupling-snapshot.js";
import { layerDistances } from "./layer-distances.js";
import { storedAlike } from "./stored-alike.js";

export interface CoupleOptions extends RuntimeOptions, TrainingSettings, CouplingOptions {
  readonly runtime: Runtime;
  /** For the first weights; and, with the place of each network, for what it draws; default 0. */
  readonly seed?: number;
  /** Whether all networks start from the same weights; default true. */
  readonly sameInit?: boolean;
  /** Where to start from instead of random weights; entries that a network does not have are passed over. */
  readonly initial?: StateDict;
  /** Goes on where another run with the same options stopped. */
  readonly resume?: CouplingSnapshot;
  readonly signal?: AbortSignal;
}

/** What happens during coupled training. */
export type CoupleEvent =
  | {
      readonly kind: "step";
      /** From 1. */
      readonly step: number;
      readonly steps: number;
      /** From 1. */
      readonly epoch: number;
      /** Of each network on its batch, before the step. */
      readonly networks: readonly Progress[];
      readonly rate: number;
      /** λ in this step. */
      readonly lambda: number;
      /** Of all networks together. */
      readonly imagesPerSecond: number;
      /** State dict of each network after the step, copied; to be taken before the next event is asked for. */
      readonly states: () => readonly StateDict[];
    }
  | {
      readonly kind: "epoch";
      readonly record: CoupledEpoch;
      /** What it takes to go on from here; to be taken before the next event is asked for. */
      readonly snapshot: () => CouplingSnapshot;
    };

export interface CoupleReport {
  /** Of each network, in its order. */
  readonly states: readonly StateDict[];
  readonly history: readonly CoupledEpoch[];
  readonly plan: CouplingPlan;
}

/**
 * Trains networks together, each on images of its own, while a pull keeps them near each other: to the loss of
 * network i is added
 *
 *     λ · Σ_l c_l · ‖w_i,l − mean of the others' w_l‖²
 *
 * with the others taken as fixed; for two networks λ · Σ_l c_l · ‖w_A,l − w_B,l‖². With λ = 0 every network gets the
 * bytes that `train` gives it alone with its seed and its start. An epoch has as many steps as the smallest set of
 * images allows.
 *
 * All networks are one graph and make one step in one call. Cost of the pull: for two networks, four passes over
 * the coupled parameters in each step.
 *
 * @returns after the last event
 * @throws `bad-argument`, `mismatch` when images, networks and start do not fit, `unknown-name` for a layer that is
 * not there, `non-finite` when a loss is no longer a number, `aborted`
 * @example
 * const networks = [{ network, images: mnist }, { network, images: svhn }];
 * for await (const event of couple(networks, { runtime, lambda: 0.1 })) if (event.kind === "epoch") …
 */
export async function* couple(
  networks: readonly CoupledNetwork[],
  options: CoupleOptions,
): AsyncGenerator<CoupleEvent, CoupleReport> {
  checkCoupling(networks, options);
  const smallest = Math.min(...networks.map(({ images }) => images.count));
  const settings = resolveSettings(options, { count: smallest });
  const { epochs, batch, stepsPerEpoch, steps, rateAt, momentumAt } = settings;
  const coupling = resolveCoupling(networks, { ...options, steps, rateAt });
  const { plan, lambdaAt } = coupling;
  const { seed = 0, resume, signal, augment, runtime, threads } = options;
  const seeds = networks.map((it, index) => it.seed ?? seed + index);
  const formats = networks.map(({ network }) => inputFormatOf(network));
  const { step, feeds } = buildCoupledStep(networks, {
    ...settings,
    coupling,
    block: await findChannelBlock(runtime),
  });
  const starts = coupledStarts(networks, options);
  const session = await createTrainingSession(step, {
    runtime,
    threads,
    seed: seeds,
    states: resume?.networks.map(({ state }) => state) ?? starts,
    slots: resume?.networks.map(({ slots }) => slots),
  });
  const states = (): readonly StateDict[] => networks.map((_, index) => session.state(index));
  const history: CoupledEpoch[] = [...(resume?.history ?? [])];
  try {
    for (let epoch = history.length + 1; epoch <= epochs; epoch++) {
      const sums = networks.map(() => ({ loss: 0, correct: 0 }));
      const streams = networks.map(({ images }, index) =>
        createBatches(images, {
          format: formats[index],
          batch,
          shuffle: true,
          dropLast: true,
          augment,
          seed: seeds[index],
          epoch,
        }),
      );
      for (let done = (epoch - 1) * stepsPerEpoch; done < epoch * stepsPerEpoch; ) {
        if (signal?.aborted) {
          throw new OnebasinError("aborted", `Coupled training was stopped in epoch ${epoch}.`, {
            hint: epoch > 1 ? "Go on from the end of the last whole epoch with --resume." : undefined,
          });
        }
        const [rate, momentum, lambda] = [rateAt(done), momentumAt(done), lambdaAt(done)];
        const shown = streams.map((stream) => stream.next().value as Batch);
        const started = performance.now();
        const results = await session.run(shown, { rate, momentum, step: ++done, extra: feeds({ lambda, rate }) });
        if (results.some(({ loss }) => !Number.isFinite(loss))) throw divergence("loss", { step: done, rate });
        for (const [index, { loss, correct }] of results.entries()) {
          sums[index].loss += loss;
          sums[index].correct += correct;
        }
        yield {
          kind: "step",
          step: done,
          steps,
          epoch,
          networks: results.map((result) => progressOf(result, { batches: 1, batch })),
          rate,
          lambda,
          imagesPerSecond: (1000 * batch * networks.length) / (performance.now() - started),
          states,
        };
      }
      history.push({
        epoch,
        step: epoch * stepsPerEpoch,
        networks: sums.map((sum) => progressOf(sum, { batches: stepsPerEpoch, batch })),
        ...layerDistances(states(), plan.parameters),
      });
      const sofar = [...history];
      yield {
        kind: "epoch",
        record: sofar[epoch - 1],
        snapshot: () => ({
          networks: networks.map((_, index) => ({ state: session.state(index), slots: session.slots(index) })),
          history: sofar,
        }),
      };
    }
    checkFinite(states(), { step: steps, rate: rateAt(steps - 1) });
    return { states: states(), history, plan };
  } finally {
    await session.close();
  }
}

const progressOf = (
  { loss, correct }: StepResult,
  { batches, batch }: { readonly batches: number; readonly batch: number },
): Progress => ({ loss: loss / batches, accuracy: (100 * correct) / (batches * batch) });

type CoupledStepOptions = Pick<ReturnType<typeof resolveSettings>, "batch" | "optimizer" | "labelSmoothing"> & {
  readonly coupling: ResolvedCoupling;
  readonly block: number | undefined;
};

/** All networks and the pull as one step, and what the pull is fed. */
function buildCoupledStep(
  networks: readonly CoupledNetwork[],
  { batch, optimizer, labelSmoothing, coupling, block }: CoupledStepOptions,
) {
  const { parameters, step: kind, tied } = coupling;
  const parts = networks.map(({ network }, index) => ({ network, prefix: `${index}.` }));
  const pull = createPull({ count: networks.length, parameters, step: kind, tied });
  const build = (channels: number | undefined): TrainingStep =>
    buildTrainingStep(parts, { batch, ...optimizer, labelSmoothing, block: channels, adjust: pull.adjust });
  const step = build(block);
  // Networks with different layers may keep what they have in common in different orders; then none is changed.
  return { step: storedAlike(step, parameters) ? step : build(undefined), feeds: pull.feeds };
}
