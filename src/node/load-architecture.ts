import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import { architectures } from "../network/architectures.gen.js";
import { checkStateDict } from "../network/check-state-dict.js";
import type { Network } from "../network/graph.js";
import { guessArchitecture } from "../network/guess-architecture.js";
import { type ParsedOnnx, parseOnnx } from "../network/onnx/parse-onnx.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { isDatasetStatistic, sharedEntries } from "../repair/dataset-statistics.js";
import { openFileSource } from "./file-source.js";

/** Where a safetensors file says which network its tensors belong to. */
export const ARCHITECTURE_KEY = "onebasin.architecture";

/** A network, and the word that `--arch` takes for it. */
export interface LoadedArchitecture {
  readonly name: string;
  readonly network: Network;
}

const LOOKS_LIKE_PATH = /[./\\]/;
const MODULE_EXTENSIONS = [".ts", ".mts", ".js", ".mjs"];

/**
 * Loads what `--arch` names: a built-in architecture with options (`vgg16:width=0.25`), an `.onnx` file, or a module
 * (`.ts`, `.js`) that exports `network`. A module is run, as any program of the user's own.
 *
 * @throws `unknown-name`, `bad-argument`, `missing-data`, `bad-file`, `unsupported`
 */
export async function loadArchitecture(name: string): Promise<LoadedArchitecture> {
  const extension = extname(name).toLowerCase();
  if (extension === ".onnx") return { name, network: await networkOfOnnx(name) };
  if (MODULE_EXTENSIONS.includes(extension)) return { name, network: await networkOfModule(name) };
  try {
    return parseArchitecture(name);
  } catch (error) {
    if (!(error instanceof OnebasinError) || isBuiltIn(name) || !LOOKS_LIKE_PATH.test(name)) throw error;
    const { code, message, hint, details } = error;
    throw new OnebasinError(code, message, {
      hint: `${hint}\nOr name an .onnx file, or a module (${MODULE_EXTENSIONS.join(", ")}) that exports a network.`,
      details,
    });
  }
}

/**
 * The architecture of a checkpoint: as named, or built in and as the file says, or as its keys and shapes tell.
 *
 * @throws `bad-argument` when nothing tells; and as `loadArchitecture`
 */
export async function architectureOf(checkpoint: Checkpoint, name: string | undefined): Promise<LoadedArchitecture> {
  if (name !== undefined) return loadArchitecture(name);
  // A file may name what is built in. It may not name a module, which would be run, nor any other path.
  const told = checkpoint.metadata[ARCHITECTURE_KEY];
  if (told !== undefined && isBuiltIn(told)) return parseArchitecture(told);
  const guessed = guessArchitecture(new Map([...checkpoint.entries].filter(([key]) => !isDatasetStatistic(key))));
  if (guessed !== undefined) return guessed;
  const trained = told === undefined ? "" : ` It was trained as ${JSON.stringify(told)}, which only you can name.`;
  throw new OnebasinError(
    "bad-argument",
    `${checkpoint.name} does not say which network its tensors belong to.${trained}`,
    {
      hint: "Name it: --arch vgg16:width=0.25, or a .onnx file, or a .ts module that exports a network. Built in: onebasin archs",
    },
  );
}

/**
 * The architecture of each of several checkpoints: that of the one which tells, and where a checkpoint has other shapes
 * but tells its own, its own. Networks of one structure may differ in their widths.
 *
 * @throws as `architectureOf`; that a checkpoint fits none is for the use of it to say
 */
export async function architecturesOf(
  checkpoints: readonly Checkpoint[],
  name: string | undefined,
): Promise<LoadedArchitecture[]> {
  const telling = checkpoints.find(({ metadata }) => metadata[ARCHITECTURE_KEY] !== undefined) ?? checkpoints[0];
  const common = await architectureOf(telling, name);
  const found: LoadedArchitecture[] = [];
  for (const [i, checkpoint] of checkpoints.entries()) {
    const fits = ({ network }: LoadedArchitecture): boolean =>
      checkStateDict(network, sharedEntries(network, checkpoint.entries), { source: checkpoint.name }).length === 0;
    const isNamed = name !== undefined && i === 0;
    const own =
      isNamed || fits(common) ? undefined : await architectureOf(checkpoint, undefined).catch(() => undefined);
    found.push(own !== undefined && fits(own) ? own : common);
  }
  return found;
}

const isBuiltIn = (name: string): boolean => architectures.some(({ id }) => name === id || name.startsWith(`${id}:`));

const networkOfOnnx = async (path: string): Promise<Network> => (await loadOnnxModel(path)).network;

/**
 * Loads an `.onnx` file with the numbers it stores.
 *
 * @throws `missing-data`, `bad-file`, `unsupported`, `limit`
 */
export async function loadOnnxModel(path: string): Promise<ParsedOnnx> {
  const source = await openFileSource(path);
  try {
    return parseOnnx(await source.read(0, source.size), { source: path });
  } finally {
    await source.close?.();
  }
}

async function networkOfModule(path: string): Promise<Network> {
  await readFile(path).catch((cause: unknown) => {
    throw new OnebasinError("missing-data", `There is no module ${path}.`, { cause });
  });
  const { createJiti } = await import("jiti");
  // What the module imports as "onebasin" is this very package, wherever the module lies.
  const { resolve: own } = createRequire(import.meta.url);
  const alias = { "onebasin/network": own("onebasin/network"), onebasin: own("onebasin") };
  const jiti = createJiti(import.meta.url, { alias });
  let exported: { readonly network?: unknown };
  try {
    exported = await jiti.import(pathToFileURL(resolve(path)).href);
  } catch (cause) {
    throw new OnebasinError("bad-file", `The module ${path} cannot be run: ${(cause as Error).message}`, { cause });
  }
  const { network } = exported;
  if (isNetwork(network)) return network;
  throw new OnebasinError("bad-file", `The module ${path} does not export a network.`, {
    hint: 'Write: import { createNetwork } from "onebasin/network"; export const network = createNetwork(…);',
  });
}

const isNetwork = (value: unknown): value is Network =>
  typeof value === "object" && value !== null && "nodes" in value && "state" in value && "inputs" in value;
