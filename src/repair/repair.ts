import { OnebasinError, throwProblems } from "../core/errors.js";
import type { BatchSource, RunOptions } from "../data/mean-outputs.js";
import { checkFit } from "../network/check-fit.js";
import type { Network } from "../network/graph.js";
import { layersOf } from "../network/layers-of.js";
import type { StateDict } from "../tensor/tensor.js";
import { type ChannelMoments, channelMoments } from "./channel-moments.js";
import { sharedEntries, withDatasetStatistics } from "./dataset-statistics.js";
import { normalizationsOf } from "./normalizations.js";
import { recomputeStatistics } from "./recompute-statistics.js";
import { rescaleUnits } from "./rescale-units.js";
import { statisticsWithoutData } from "./statistics-without-data.js";
import { mixedMoments, type VarianceRatio, varianceRatios } from "./variance-ratios.js";

export const REPAIR_METHODS = ["statistics", "rescale", "data-free"] as const;

export type RepairMethod = (typeof REPAIR_METHODS)[number];

export interface RepairOptions extends RunOptions {
  /**
   * - `statistics`: batch-norm statistics from images; the default where there is batch normalisation
   * - `rescale`: REPAIR, every unit given its parents' mean and deviation; the default elsewhere
   * - `data-free`: batch-norm statistics from the parents'
   */
  readonly method?: RepairMethod;
  /** Needed by all methods but `data-free`. */
  readonly data?: BatchSource;
  /** The models this one was merged from, units in one order: needed by `rescale` and `data-free`, and for the report. */
  readonly parents?: readonly StateDict[];
  /** How they were mixed; default evenly. */
  readonly weights?: readonly number[];
  /** Whether statistics are also taken on each dataset alone and kept beside the shared ones; `statistics` only. */
  readonly perDataset?: boolean;
  /** Whether variances are measured before and after, where parents and data are there; default true. */
  readonly report?: boolean;
  /** What the model is called in messages. */
  readonly source?: string;
}

export interface Repaired {
  /** With `perDataset`, each dataset's statistics as `statistics.DATASET.KEY` beside the shared ones. */
  readonly state: StateDict;
  readonly method: RepairMethod;
  /** What each layer keeps of its parents' variance; absent without parents or data. */
  readonly ratios?: readonly VarianceRatio[];
}

/**
 * Puts the statistics of a merged network right. Averaging makes units vary less than either parent's do, and what
 * the layers behind them were trained for is no longer what they get.
 *
 * @throws `missing-data` where images or parents are needed, `mismatch`, `unsupported`, `aborted`
 */
export async function repair(
  model: { readonly network: Network; readonly state: StateDict },
  options: RepairOptions,
): Promise<Repaired> {
  const { network } = model;
  // Statistics of single datasets, from an earlier repair, are made anew or not wanted any more.
  const state = sharedEntries(network, model.state);
  const { data, parents = [], source = "the model" } = options;
  const weights = options.weights ?? parents.map(() => 1);
  const method = options.method ?? (normalizationsOf(network).length > 0 ? "statistics" : "rescale");
  checkModels(network, state, { parents, weights, source });
  throwProblems(
    [
      ...(method !== "data-free" && data === undefined ? [missing(method, "images", "--data mnist")] : []),
      ...(method !== "statistics" && parents.length === 0
        ? [missing(method, "the models it was merged from", "--parents a.pth b.pth")]
        : []),
    ],
    `the repair of ${source}`,
  );
  const values = layersOf(network).map(({ value }) => value);
  const measure = (of: StateDict): Promise<ReadonlyMap<string, ChannelMoments>> =>
    channelMoments({ network, state: of }, values, { ...options, ...(data as BatchSource) });
  let target: ReadonlyMap<string, ChannelMoments> | undefined;
  if (data !== undefined && parents.length > 0 && (options.report !== false || method === "rescale")) {
    const measured = await inTurn(parents, measure);
    target = new Map(
      values.map((value) => [
        value,
        mixedMoments(
          measured.map((moments) => moments.get(value) as ChannelMoments),
          weights,
        ),
      ]),
    );
  }
  const repaired = await run();
  return {
    state: await withOwn(repaired),
    method,
    ...(target === undefined || options.report === false
      ? {}
      : {
          ratios: varianceRatios(network, { target, before: await measure(state), after: await measure(repaired) }),
        }),
  };

  async function run(): Promise<StateDict> {
    if (method === "data-free") return statisticsWithoutData({ network, state }, parents, weights);
    if (method === "statistics") return recomputeStatistics({ network, state }, data as BatchSource, options);
    return rescaleUnits({ network, state }, target as ReadonlyMap<string, ChannelMoments>, {
      ...options,
      ...(data as BatchSource),
    });
  }

  async function withOwn(shared: StateDict): Promise<StateDict> {
    if (options.perDataset !== true || data === undefined || method !== "statistics") return shared;
    const own = await inTurn(data.images, (images) =>
      recomputeStatistics({ network, state }, { ...data, images: [images] }, options),
    );
    return withDatasetStatistics(network, shared, new Map(own.map((it, i) => [data.images[i].name, it])));
  }
}

function checkModels(
  network: Network,
  state: StateDict,
  given: { readonly parents: readonly StateDict[]; readonly weights: readonly number[]; readonly source: string },
): void {
  const { parents, weights, source } = given;
  const problems = [
    ...checkFit(network, state, { source }),
    ...parents.flatMap((parent, i) => checkFit(network, parent, { source: `parent ${i + 1} of ${source}` })),
  ];
  if (weights.length !== parents.length || (parents.length > 0 && !(weights.reduce((sum, it) => sum + it, 0) > 0))) {
    problems.push(
      new OnebasinError("bad-argument", `${parents.length} parents have the weights ${weights.join(", ")}.`, {
        hint: "Give one weight a parent, with a sum above 0.",
      }),
    );
  }
  throwProblems(problems, source);
}

const missing = (method: RepairMethod, what: string, example: string): OnebasinError =>
  new OnebasinError("missing-data", `Repair by "${method}" needs ${what}; none were given.`, {
    hint: `Give them, for example: ${example}`,
  });

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
