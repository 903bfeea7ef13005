import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { openCheckpoint } from "../checkpoint/open-checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import { type HubRepository, isHubName, openHubRepository } from "../hub/hub-repository.js";

/** The first of the folders in which there is such a file or folder, joined with the name. */
export async function findPath(name: string, folders: readonly string[]): Promise<string | undefined> {
  const candidates = isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name));
  for (const candidate of candidates) {
    if ((await stat(candidate).catch(() => undefined)) !== undefined) return candidate;
  }
  return undefined;
}

/**
 * Lists a model on the Hub, with the server and the token of the environment.
 *
 * @throws `missing-data` when there is neither such a file nor such a model
 */
export async function openHub(name: string): Promise<HubRepository> {
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

export async function openHubFile({ folder }: HubRepository, file: string): Promise<Checkpoint> {
  return openCheckpoint(await folder.open(file), { folder });
}

export async function readHubFile({ folder }: HubRepository, file: string): Promise<Uint8Array> {
  const source = await folder.open(file);
  return source.read(0, source.size);
}
