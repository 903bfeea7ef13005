import { extname } from "node:path";
import { type Alignment, align } from "../align/align.js";
import { matchers } from "../align/matchers.gen.js";
import { type Checkpoint, closeCheckpoint } from "../checkpoint/checkpoint.js";
import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import { resolveParams } from "../core/params.js";
import type { OnProgress } from "../core/progress.js";
import { unknownName } from "../core/suggest.js";
import type { ImageSet } from "../data/image-set.js";
import { loadDataset } from "../data/load-dataset.js";
import { parseDatasetName } from "../data/parse-dataset-name.js";
import type { RecipeAlignment, RecipeFile } from "../merge/recipe-file/recipe-file.js";
import { modelsOf } from "../merge/recipe-file/recipe-file.js";
import { checkFit } from "../network/check-fit.js";
import type { Network } from "../network/graph.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import type { StateDict } from "../tensor/tensor.js";
import { createDatasetCache } from "./dataset-cache.js";
import { toStateDict } from "./index.js";
import { ARCHITECTURE_KEY, architectureOf } from "./load-architecture.js";
import { onnxRuntime } from "./onnx-runtime.js";

/** Training images of each dataset that are looked at, unless told. */
const USUAL_IMAGES = 4000;

/** What is wrong with a recipe's alignment, as far as its text tells. */
export function alignmentProblems(recipe: RecipeFile): OnebasinError[] {
  const { align: asked, name } = recipe;
  if (asked === undefined) return [];
  const problems: OnebasinError[] = [];
  const at = (place: string, { code, message, hint }: OnebasinError): void => {
    problems.push(new OnebasinError(code, `${place}: ${message}`, { hint }));
  };
  const attempt = (place: string, read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof OnebasinError)) throw error;
      at(place, error);
    }
  };
  const { value: id, place } = asked.using;
  const matcher = matchers.find((candidate) => candidate.id === id);
  if (matcher === undefined) {
    at(
      place,
      unknownName(
        "matcher called",
        id,
        matchers.map((known) => known.id),
      ),
    );
  } else {
    for (const problem of resolveParams(`matcher "${id}"`, matcher.params, asked.params).problems) at(place, problem);
    const count = modelsOf(recipe).length;
    const { min, max = Number.POSITIVE_INFINITY } = matcher.models;
    if (count < min || count > max) {
      at(
        place,
        new OnebasinError(
          "bad-argument",
          `The matcher "${id}" takes ${min === max ? min : `${min} or more`} models; ${name} has ${count}.`,
        ),
      );
    }
    if (matcher.needs === "data" && asked.data.length === 0) {
      at(
        place,
        new OnebasinError("bad-argument", `The matcher "${id}" compares what units do on images.`, {
          hint: "Name datasets: data: [mnist]",
        }),
      );
    }
  }
  for (const { value, place: where } of asked.data) attempt(where, () => parseDatasetName(value));
  const { architecture } = asked;
  // A recipe may come from anyone: it names what is built in, or a graph, and never a module, which would be run.
  if (architecture !== undefined && extname(architecture.value).toLowerCase() !== ".onnx") {
    attempt(architecture.place, () => parseArchitecture(architecture.value));
  }
  return problems;
}

/**
 * Finds the network of a recipe's models, and checks all of them against it by their headers.
 *
 * @returns `undefined` where nothing tells: a plain chain of layers can be aligned all the same
 * @throws `mismatch` with everything that does not fit; `bad-argument` when images are to be looked at and nothing tells
 */
export async function networkOfRecipe(
  { architecture, data }: RecipeAlignment,
  checkpoints: ReadonlyMap<string, Checkpoint>,
): Promise<Network | undefined> {
  const all = [...checkpoints.values()];
  const telling = all.find(({ metadata }) => metadata[ARCHITECTURE_KEY] !== undefined) ?? all[0];
  let network: Network;
  try {
    ({ network } = await architectureOf(telling, architecture?.value));
  } catch (error) {
    const isUnknown = error instanceof OnebasinError && error.code === "bad-argument" && architecture === undefined;
    if (!isUnknown) throw error;
    if (data.length === 0) return undefined;
    throw new OnebasinError(error.code, error.message, {
      hint: "Name it in the recipe: arch: vgg16:width=0.25, or a .onnx file.",
    });
  }
  throwProblems(
    all.flatMap(({ entries, name }) => checkFit(network, entries, { source: name })),
    "the models to align",
  );
  return network;
}

export interface AlignRecipeOptions {
  readonly network?: Network;
  readonly threads?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/**
 * Puts the units of a recipe's models in the order of the first, the base where there is one. All models are held in
 * memory.
 *
 * @returns the models under the recipe's names, and a sentence for each that was moved
 * @throws as `align` and `loadDataset`
 */
export async function alignModels(
  asked: RecipeAlignment,
  checkpoints: ReadonlyMap<string, Checkpoint>,
  { network, ...run }: AlignRecipeOptions,
): Promise<{ readonly checkpoints: ReadonlyMap<string, Checkpoint>; readonly notes: readonly string[] }> {
  const names = [...checkpoints.keys()];
  const given: StateDict[] = [];
  for (const checkpoint of checkpoints.values()) given.push(await toStateDict(checkpoint));
  const images = await loadImages(asked, run);
  const found = await align(given, {
    ...run,
    runtime: onnxRuntime,
    using: asked.using.value,
    params: asked.params,
    network,
    data: images.length === 0 ? undefined : { images },
    names,
  });
  await Promise.all([...checkpoints.values()].map(closeCheckpoint));
  return {
    checkpoints: new Map(
      names.map((name, i) => [name, asCheckpoint(checkpoints.get(name) as Checkpoint, found.models[i])]),
    ),
    notes: notesOf(found, names),
  };
}

async function loadImages(
  { data, images = USUAL_IMAGES }: RecipeAlignment,
  run: AlignRecipeOptions,
): Promise<ImageSet[]> {
  const environment = createDatasetCache(run);
  const sets: ImageSet[] = [];
  for (const { value } of data) {
    sets.push(await loadDataset(value, { split: "train", limit: images, seed: run.seed, environment }));
  }
  return sets;
}

/** The aligned tensors under the checkpoint's name, tied as they were. */
function asCheckpoint({ name, metadata, moduleVersions, entries }: Checkpoint, state: StateDict): Checkpoint {
  const made = stateDictCheckpoint(name, state, { metadata, moduleVersions });
  const tied = [...made.entries].map(([key, entry]) => [key, { ...entry, tie: entries.get(key)?.tie }] as const);
  return { ...made, entries: new Map(tied) };
}

function notesOf({ distances, matcher, isKept }: Alignment, [first, ...others]: readonly string[]): string[] {
  return others.map((name, i) => {
    const { before, after } = distances[i];
    const changed = isKept[i] ? "" : "; its units were mixed, so that it computes something else now";
    return `Aligned by ${matcher}: ‖${first} − ${name}‖ ${before.toFixed(3)}, now ${after.toFixed(3)}${changed}.`;
  });
}
