import { type Checkpoint, closeCheckpoint } from "../checkpoint/checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import type { HubRepository } from "../hub/hub-repository.js";
import { applyAdapter } from "../lora/apply-adapter.js";
import { findPath, openHub, openHubFile, readHubFile } from "./find-model.js";
import { type ModelFiles, readModelFiles, sortModelFiles } from "./model-folder.js";
import { openAdapter } from "./open-adapter.js";
import { openPath, USUAL_NAMES } from "./open-path.js";

/** A model that a recipe names, opened. */
export interface OpenedModel {
  readonly checkpoint: Checkpoint;
  /** Its configuration and tokenizer; read when asked for. */
  readonly files: () => Promise<ModelFiles>;
}

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
    for (const adapter of adapters) {
      const found = await openAdapter(adapter, folders);
      try {
        checkpoint = applyAdapter(checkpoint, found);
      } catch (error) {
        await closeCheckpoint(found.checkpoint);
        throw error;
      }
    }
  } catch (error) {
    await closeCheckpoint(checkpoint);
    throw error;
  }
  return { checkpoint, files: opened.files };
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

async function hubFiles(repository: HubRepository): Promise<ModelFiles> {
  return sortModelFiles(repository.files, async (file) => readHubFile(repository, file));
}
