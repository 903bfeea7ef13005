import { readFile, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { ByteSource } from "../checkpoint/byte-source.js";
import { type Checkpoint, closeCheckpoint } from "../checkpoint/checkpoint.js";
import { openCheckpoint } from "../checkpoint/open-checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import { type HubRepository, isHubName, openHubRepository } from "../hub/hub-repository.js";
import { parseAdapterConfig } from "../lora/adapter-config.js";
import { applyAdapter } from "../lora/apply-adapter.js";
import { type ModelFiles, readModelFiles, sortModelFiles } from "./model-folder.js";
import { openPath, USUAL_NAMES } from "./open-path.js";

/** A model that a recipe names, opened. */
export interface OpenedModel {
  readonly checkpoint: Checkpoint;
  /** Its configuration and tokenizer; read when asked for. */
  readonly files: () => Promise<ModelFiles>;
}

/** What PEFT calls the files of an adapter. */
const ADAPTER_WEIGHTS = ["adapter_model.safetensors", "adapter_model.bin"];
const ADAPTER_CONFIG = "adapter_config.json";

/**
 * Opens a model by what a recipe calls it: a folder, a file, or a name on the Hub, with adapters behind `+`.
 *
 * @param folders where a path that is not absolute is looked for, in this order
 * @throws `missing-data` when there is none; whatever opening it throws
 */
export async function openModel(name: string, folders: readonly string[]): Promise<OpenedModel> {
  const whole = await findPath(name, folders);
  const [base, ...adapters] = whole === undefined ? name.split("+") : [name];
  const opened = await openPlace(base, folders);
  let { checkpoint } = opened;
  try {
    for (const adapter of adapters) checkpoint = await withAdapter(checkpoint, adapter, folders);
  } catch (error) {
    await closeCheckpoint(checkpoint);
    throw error;
  }
  return { checkpoint, files: opened.files };
}

async function findPath(name: string, folders: readonly string[]): Promise<string | undefined> {
  const candidates = isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name));
  for (const candidate of candidates) {
    if ((await stat(candidate).catch(() => undefined)) !== undefined) return candidate;
  }
  return undefined;
}

async function openPlace(name: string, folders: readonly string[]): Promise<OpenedModel> {
  const path = await findPath(name, folders);
  if (path !== undefined) return { checkpoint: await openPath(path), files: () => readModelFiles(path) };
  const repository = await openHub(name);
  const file = USUAL_NAMES.find((usual) => repository.files.includes(usual));
  if (file === undefined) {
    throw new OnebasinError("missing-data", `${name} on the Hub holds none of ${USUAL_NAMES.join(", ")}.`);
  }
  return { checkpoint: await openHubFile(repository, file), files: () => hubFiles(repository) };
}

async function openHub(name: string): Promise<HubRepository> {
  if (!isHubName(name)) {
    throw new OnebasinError("missing-data", `There is no model ${name}.`, {
      hint: "A model is a folder, a file, or a name on the Hub (org/name); paths are taken from the working folder, then from the recipe's.",
    });
  }
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = process.env;
  try {
    return await openHubRepository(name, { endpoint: endpoint || undefined, token: token || undefined });
  } catch (error) {
    if (!(error instanceof OnebasinError)) throw error;
    throw new OnebasinError(error.code, `There is no file or folder ${name}, and on the Hub ${error.message}`, {
      hint: error.hint,
      cause: error,
    });
  }
}

async function openHubFile({ folder }: HubRepository, file: string): Promise<Checkpoint> {
  return openCheckpoint(await folder.open(file), { folder });
}

async function hubFiles(repository: HubRepository): Promise<ModelFiles> {
  return sortModelFiles(repository.files, async (file) => readWhole(await repository.folder.open(file)));
}

const readWhole = (source: ByteSource): Promise<Uint8Array> => source.read(0, source.size);

async function withAdapter(base: Checkpoint, name: string, folders: readonly string[]): Promise<Checkpoint> {
  const path = await findPath(name, folders);
  if (path !== undefined) {
    const file = join(path, ADAPTER_CONFIG);
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw new OnebasinError("missing-data", `${path} is no adapter: it has no ${ADAPTER_CONFIG}.`, { cause });
    });
    const present = await Promise.all(
      ADAPTER_WEIGHTS.map((weights) => stat(join(path, weights)).catch(() => undefined)),
    );
    const weights =
      ADAPTER_WEIGHTS[
        Math.max(
          0,
          present.findIndex((info) => info !== undefined),
        )
      ];
    return applyAdapter(base, await openPath(join(path, weights)), parseAdapterConfig(text, file));
  }
  const repository = await openHub(name);
  const weights = ADAPTER_WEIGHTS.find((file) => repository.files.includes(file)) ?? ADAPTER_WEIGHTS[0];
  const config = await readWhole(await repository.folder.open(ADAPTER_CONFIG));
  const text = new TextDecoder().decode(config);
  return applyAdapter(
    base,
    await openHubFile(repository, weights),
    parseAdapterConfig(text, `${name}/${ADAPTER_CONFIG}`),
  );
}
