import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Checkpoint, closeCheckpoint } from "../checkpoint/checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import { type Adapter, readAdapter } from "../lora/adapter.js";
import { type AdapterConfig, parseAdapterConfig } from "../lora/adapter-config.js";
import { findPath, openHub, openHubFile, readHubFile } from "./find-model.js";
import { openPath } from "./open-path.js";

/** What PEFT calls the files of an adapter. */
export const ADAPTER_WEIGHTS = ["adapter_model.safetensors", "adapter_model.bin"];
export const ADAPTER_CONFIG = "adapter_config.json";

/**
 * Opens a LoRA adapter of PEFT: a folder, or a name on the Hub. Reads headers only.
 *
 * @param folders where a path that is not absolute is looked for, in this order
 * @throws `missing-data` when there is none; as `parseAdapterConfig` and `readAdapter`
 */
export async function openAdapter(name: string, folders: readonly string[] = ["."]): Promise<Adapter> {
  const path = await findPath(name, folders);
  return path === undefined ? openHubAdapter(name) : openAdapterFolder(path);
}

async function openAdapterFolder(path: string): Promise<Adapter> {
  const file = join(path, ADAPTER_CONFIG);
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new OnebasinError("missing-data", `${path} is no adapter: it has no ${ADAPTER_CONFIG}.`, {
      hint: `An adapter is a folder with ${ADAPTER_CONFIG} and ${ADAPTER_WEIGHTS[0]}, as PEFT writes it.`,
      cause,
    });
  });
  const config = parseAdapterConfig(text, file);
  const present = await Promise.all(ADAPTER_WEIGHTS.map((weights) => stat(join(path, weights)).catch(() => undefined)));
  const weights = ADAPTER_WEIGHTS.find((_, i) => present[i] !== undefined);
  if (weights === undefined) {
    throw new OnebasinError("missing-data", `${path} has neither ${ADAPTER_WEIGHTS.join(" nor ")}.`);
  }
  return sorted({ ...(await openPath(join(path, weights))), name: path }, config);
}

async function openHubAdapter(name: string): Promise<Adapter> {
  const repository = await openHub(name);
  const lacking = (file: string): never => {
    throw new OnebasinError("missing-data", `${name} on the Hub is no adapter: it has no ${file}.`);
  };
  if (!repository.files.includes(ADAPTER_CONFIG)) lacking(ADAPTER_CONFIG);
  const weights = ADAPTER_WEIGHTS.find((file) => repository.files.includes(file)) ?? lacking(ADAPTER_WEIGHTS[0]);
  const text = new TextDecoder().decode(await readHubFile(repository, ADAPTER_CONFIG));
  const config = parseAdapterConfig(text, `${name}/${ADAPTER_CONFIG}`);
  return sorted({ ...(await openHubFile(repository, weights)), name }, config);
}

async function sorted(checkpoint: Checkpoint, config: AdapterConfig): Promise<Adapter> {
  try {
    return readAdapter(checkpoint, config);
  } catch (error) {
    await closeCheckpoint(checkpoint);
    throw error;
  }
}
