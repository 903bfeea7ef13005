import { rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { OnebasinError } from "../core/errors.js";
import type { RunText } from "../train/check-run.js";
import { packSnapshot, type TrainingSnapshot, unpackSnapshot } from "../train/snapshot.js";
import { open, save, toStateDict } from "./index.js";
import { writeError } from "./job-io.js";
import { makeFolder } from "./make-folder.js";

/** Beside the checkpoint that training will write, while it is under way. */
const snapshotPath = (checkpoint: string): string => `${checkpoint}.resume.safetensors`;

/** Writes what it takes to go on with a training, in place of what an earlier epoch left. */
export async function writeSnapshot(
  checkpoint: string,
  { snapshot, run }: { readonly snapshot: TrainingSnapshot; readonly run: RunText },
): Promise<void> {
  const { tensors, metadata } = packSnapshot(snapshot, { run });
  await save(tensors, snapshotPath(checkpoint), { metadata });
}

/**
 * Reads what an interrupted training left.
 *
 * @throws `missing-data` when there is none, `bad-file` when it is damaged, `mismatch` when it is of other options
 */
export async function readSnapshot(checkpoint: string, { run }: { readonly run: RunText }): Promise<TrainingSnapshot> {
  const path = snapshotPath(checkpoint);
  const opened = await open(path).catch((cause: unknown) => {
    if (!(cause instanceof OnebasinError && cause.code === "missing-data")) throw cause;
    throw new OnebasinError("missing-data", `There is nothing to resume: ${path} is not there.`, {
      hint: "Leave --resume out to begin; it is needed only after an interruption.",
      cause,
    });
  });
  return unpackSnapshot({ tensors: await toStateDict(opened), metadata: opened.metadata }, { run, source: path });
}

/** Forgets the snapshot of a training that has ended. */
export async function removeSnapshot(checkpoint: string): Promise<void> {
  await rm(snapshotPath(checkpoint), { force: true });
}

/** Writes a text file so that it is there whole or not at all. */
export const writeText = (path: string, text: string): Promise<void> =>
  writeBytes(path, new TextEncoder().encode(text));

/**
 * Writes a file so that it is there whole or not at all.
 *
 * @throws `io`
 */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.partial`;
  await makeFolder(dirname(path));
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw writeError(path, cause);
  }
}
