import { type Alignment, align } from "../align/align.js";
import { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import type { ImageSet } from "../data/image-set.js";
import { buffersNote } from "../merge/buffers-note.js";
import type { TensorPlan } from "../merge/plan.js";
import type { Network } from "../network/graph.js";
import { type Repaired, repair } from "../repair/repair.js";
import type { StateDict } from "../tensor/tensor.js";
import { type MergeOptions, type ModelInput, merge, toStateDict } from "./index.js";
import { onnxRuntime } from "./onnx-runtime.js";

export interface MergeNetworksOptions {
  /** What the models belong to; one for each where their widths differ, which the matcher `transport` can do with. */
  readonly network?: Network;
  readonly networks?: readonly Network[];
  /** How the parameters are combined. */
  readonly merge?: MergeOptions;
  /** Which matcher puts units in one order first; none when absent. */
  readonly align?: string;
  /** The matcher's parameters. */
  readonly alignParams?: Readonly<Record<string, unknown>>;
  /** Whether statistics are put right afterwards. */
  readonly repair?: boolean;
  /** Training images that matching and repair look at. */
  readonly images?: readonly ImageSet[];
  readonly threads?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface MergedNetworks {
  readonly state: StateDict;
  readonly plan: TensorPlan;
  readonly alignment?: Alignment;
  readonly repaired?: Repaired;
}

/**
 * The whole way from networks trained apart to one that works: units in one order, merged, statistics put right.
 *
 * @param models by name, at least two: paths, checkpoints or state dicts; all are held in memory
 * @throws as `align`, `merge` and `repair`
 */
export async function mergeNetworks(
  models: Readonly<Record<string, ModelInput>>,
  options: MergeNetworksOptions,
): Promise<MergedNetworks> {
  const { images, threads, seed, signal, onProgress } = options;
  const network = options.networks?.[0] ?? options.network;
  if (network === undefined) {
    throw new OnebasinError("bad-argument", "Neither a network nor networks were given: what do the models belong to?");
  }
  const run = { runtime: onnxRuntime, threads, seed, signal, onProgress };
  const data = images === undefined || images.length === 0 ? undefined : { images };
  const names = Object.keys(models);
  const given: StateDict[] = [];
  for (const name of names) given.push(await toStateDict(models[name]));
  const alignment =
    options.align === undefined
      ? undefined
      : await align(given, {
          ...run,
          using: options.align,
          params: options.alignParams,
          network,
          networks: options.networks,
          data,
          names,
        });
  const parents = alignment?.models ?? given;
  const plan = await merge(Object.fromEntries(names.map((name, i) => [name, parents[i]])), options.merge);
  const merged = await toStateDict(plan);
  if (options.repair !== true) return { state: merged, plan, alignment };
  const { weights } = options.merge ?? {};
  const repaired = await repair({ network, state: merged }, { ...run, data, parents, weights });
  // That the statistics fit neither parent is no longer so.
  const stale = buffersNote(plan.tensors, options.merge?.buffers ?? "merge");
  return {
    state: repaired.state,
    plan: { ...plan, notes: plan.notes.filter((note) => note !== stale) },
    alignment,
    repaired,
  };
}
