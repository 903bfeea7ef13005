import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import type { ImageSet, Split } from "../data/image-set.js";
import type { Network } from "../network/graph.js";
import type { LoadedArchitecture } from "../node/load-architecture.js";
import type { StateDict } from "../tensor/tensor.js";
import { parseCount } from "./arguments.js";
import type { CliCall, CliOption } from "./command.js";
import { loadDatasets } from "./load-datasets.js";

/** Training images that are looked at for matching and repair, unless told: statistics need no more. */
const USUAL_IMAGES = 4000;

/** Options of every command that runs networks on images. */
export const NETWORK_OPTIONS: readonly CliOption[] = [
  { flags: "--images <n>", doc: `training images of each dataset to draw from (default: the first ${USUAL_IMAGES})` },
  { flags: "--data <dataset...>", doc: "one or more datasets: mnist, svhn, pen, folder:DIR, … (see: onebasin data)" },
  {
    flags: "--arch <architecture>",
    doc: "vgg16:width=0.25, net.onnx, net.ts (default: what the checkpoint says or its keys tell)",
  },
  { flags: "--entry <name>", doc: "which nested state dict, when a file holds several" },
];

export interface LoadedNetwork {
  readonly path: string;
  readonly checkpoint: Checkpoint;
  readonly state: StateDict;
}

/** Opens checkpoints and reads them whole. */
export async function loadStates(paths: readonly string[], { options }: CliCall): Promise<LoadedNetwork[]> {
  const { open, toStateDict } = await import("../node/checkpoints.js");
  const loaded: LoadedNetwork[] = [];
  for (const path of paths) {
    const checkpoint = await open(path, { entry: options.entry as string | undefined });
    loaded.push({ path, checkpoint, state: await toStateDict(checkpoint) });
  }
  return loaded;
}

/** The network that checkpoints belong to: as named, or as the first that tells says. */
export async function networkOf(models: readonly LoadedNetwork[], { options }: CliCall): Promise<LoadedArchitecture> {
  const { architectureOf, ARCHITECTURE_KEY } = await import("../node/load-architecture.js");
  const telling = models.find(({ checkpoint }) => checkpoint.metadata[ARCHITECTURE_KEY] !== undefined) ?? models[0];
  return architectureOf(telling.checkpoint, options.arch as string | undefined);
}

/** The network of each of several checkpoints, which may differ in width. */
export async function networksOf(
  models: readonly LoadedNetwork[],
  { options }: CliCall,
): Promise<{ readonly name: string; readonly networks: readonly Network[] }> {
  const { architecturesOf } = await import("../node/load-architecture.js");
  const found = await architecturesOf(
    models.map(({ checkpoint }) => checkpoint),
    options.arch as string | undefined,
  );
  return { name: found[0].name, networks: found.map(({ network }) => network) };
}

/** The models without statistics of single datasets: see {@link sharedOf}. */
export async function withSharedStatistics(
  models: readonly LoadedNetwork[],
  networks: readonly Network[],
  call: CliCall,
): Promise<LoadedNetwork[]> {
  const states = await sharedOf(models, networks, call);
  return models.map((model, i) => ({ ...model, state: states[i] }));
}

/**
 * What networks know of their models: without the statistics of single datasets that a repair may have left beside the
 * shared ones. A note says so.
 *
 * @param networks one for each model
 */
export async function sharedOf<T>(
  models: readonly { readonly path: string; readonly state: ReadonlyMap<string, T> }[],
  networks: readonly Network[],
  { output }: CliCall,
): Promise<ReadonlyMap<string, T>[]> {
  const { datasetsWithStatistics, sharedEntries } = await import("../repair/dataset-statistics.js");
  return models.map(({ path, state }, i) => {
    const datasets = datasetsWithStatistics(networks[i], state);
    if (datasets.length === 0) return state;
    output.note(`${path} holds statistics of ${datasets.join(", ")} alone; the shared ones are used here.`);
    return sharedEntries(networks[i], state);
  });
}

/**
 * Loads the datasets of `--data`.
 *
 * @param limit how many test images of each; default all. Of training images there are as many as `--images` says.
 */
export async function loadImages(
  call: CliCall,
  { split, limit }: { readonly split: Split; readonly limit?: number },
): Promise<ImageSet[]> {
  const { options } = call;
  const own = split === "train" ? (parseCount("--images", options.images) ?? USUAL_IMAGES) : limit;
  const names = (options.data as string[] | undefined) ?? [];
  return loadDatasets(names, { split, limit: own, seed: parseCount("--seed", options.seed, 0), call });
}

/** What long work takes from the command line. */
export async function runOptions({ options, output, signal }: CliCall) {
  const { onnxRuntime } = await import("../node/onnx-runtime.js");
  return {
    runtime: onnxRuntime,
    threads: parseCount("--threads", options.threads),
    seed: parseCount("--seed", options.seed, 0),
    signal,
    onProgress: output.onProgress,
  };
}

/** @throws `usage` when an option that a command cannot do without is missing */
export function needed(command: string, flag: string, value: unknown, example: string): string {
  if (typeof value === "string") return value;
  throw new OnebasinError("usage", `${command} needs ${flag}.`, { hint: example });
}
