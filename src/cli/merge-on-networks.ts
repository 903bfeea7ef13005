import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import type { TensorPlan } from "../merge/plan.js";
import type { MergeOptions } from "../node/checkpoints.js";
import type { StateDict } from "../tensor/tensor.js";
import { parseCount } from "./arguments.js";
import type { CliCall } from "./command.js";
import { loadImages, runOptions, sharedOf } from "./load-networks.js";
import { parseMatcher } from "./parse-matcher.js";

/** What a merge that also aligns, repairs or judges gives beside the file. */
export interface MergedOnNetworks {
  readonly state: StateDict;
  readonly plan: TensorPlan;
  /** Where the file's format can hold it: which network the tensors belong to. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly report: { readonly text: string; readonly json: object };
  /** Carries out what must wait until the file is written. */
  readonly judge: () => Promise<{ readonly text: string; readonly json: object }>;
}

/** Whether a merge needs to know what the tensors compute. */
export const needsNetworks = ({ align, repair, evaluate }: CliCall["options"]): boolean =>
  align !== undefined || repair === true || evaluate === true;

/** Aligns, merges, repairs and judges, as the options of `merge` say. */
export async function mergeOnNetworks(
  given: Readonly<Record<string, Checkpoint>>,
  merge: MergeOptions,
  call: CliCall,
): Promise<MergedOnNetworks> {
  const { options } = call;
  if (options.data === undefined && (options.repair === true || options.evaluate === true)) {
    throw new OnebasinError(
      "usage",
      `${options.evaluate === true ? "--evaluate" : "--repair"} needs --data, the datasets: --data mnist svhn`,
    );
  }
  const matcher = await parseMatcher("--align", options.align);
  const { architecturesOf, ARCHITECTURE_KEY } = await import("../node/load-architecture.js");
  const { checkFit } = await import("../network/check-fit.js");
  const { mergeNetworks } = await import("../node/merge-networks.js");
  const architectures = await architecturesOf(Object.values(given), options.arch as string | undefined);
  const [{ name, network }] = architectures;
  const networks = architectures.map((architecture) => architecture.network);
  const shared = await sharedOf(
    Object.values(given).map((checkpoint) => ({ path: checkpoint.name, state: checkpoint.entries })),
    networks,
    call,
  );
  const models = Object.fromEntries(
    Object.entries(given).map(([key, checkpoint], i) => [key, { ...checkpoint, entries: shared[i] }]),
  );
  const wrong = Object.values(models).flatMap(({ entries, name: source }, i) =>
    checkFit(networks[i], entries, { source }),
  );
  throwProblems(wrong, "the models to merge");
  const looksAtImages = options.align !== undefined || options.repair === true;
  const images = looksAtImages ? await loadImages(call, { split: "train" }) : [];
  const run = await runOptions(call);
  const { state, plan, alignment, repaired } = await mergeNetworks(models, {
    ...run,
    networks,
    merge,
    align: matcher?.id,
    alignParams: matcher?.params,
    repair: options.repair === true,
    images,
  });
  const steps = [
    ...(alignment === undefined
      ? []
      : alignment.distances.map(({ before, after }, i) => {
          const [first, ...others] = Object.keys(models);
          const was = Number.isNaN(before) ? "" : `${before.toFixed(3)}, now `;
          const how = alignment.isKept[i] ? "" : `; ${others[i]} was mixed, and computes something else than before`;
          return `aligned by ${alignment.matcher}: ‖${first} − ${others[i]}‖ ${was}${after.toFixed(3)}${how}`;
        })),
    ...(repaired === undefined ? [] : [`repaired by ${repaired.method}`]),
  ];
  return {
    state,
    plan,
    metadata: { [ARCHITECTURE_KEY]: name },
    report: {
      text: steps.join("\n"),
      json: {
        alignment: alignment && {
          matcher: alignment.matcher,
          distances: alignment.distances,
          kept: alignment.isKept,
          facts: alignment.facts,
        },
        repair: repaired && { method: repaired.method, ratios: repaired.ratios },
      },
    },
    judge: async () => {
      if (options.evaluate !== true) return { text: "", json: {} };
      const { evaluate } = await import("../evaluate/evaluate.js");
      const results: object[] = [];
      const lines: string[] = [];
      for (const set of await loadImages(call, { split: "test", limit: parseCount("--limit", options.limit) })) {
        const score = await evaluate({ network, state }, set, run);
        results.push({ dataset: set.name, ...score });
        lines.push(`${set.name}: ${score.accuracy.toFixed(2)} % of ${score.count}, loss ${score.loss.toFixed(4)}`);
      }
      return { text: lines.join("\n"), json: { results } };
    },
  };
}
