import { type ByteSource, bytesSource, type SourceFolder } from "../checkpoint/byte-source.js";
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { openCheckpoint } from "../checkpoint/open-checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import { blobSource } from "./blob-source.js";

/** Where a page finds a checkpoint: a `File` or other `Blob`, bytes in memory, or a URL that is fetched whole. */
export type PageAddress = Blob | ArrayBuffer | Uint8Array | URL | string;

export interface OpenOptions {
  /** Which nested state dict to take, when a file holds several: `model_state_dict`. */
  readonly entry?: string;
  /** What messages call it; the file's name or the URL unless given. */
  readonly name?: string;
  /** The files beside an index (`model.safetensors.index.json`), found by their names. */
  readonly files?: readonly File[];
}

export const isPageAddress = (input: unknown): input is PageAddress =>
  typeof input === "string" ||
  input instanceof URL ||
  input instanceof Blob ||
  input instanceof ArrayBuffer ||
  input instanceof Uint8Array;

/** Opens a checkpoint of any format. */
export async function openAddress(address: PageAddress, options: OpenOptions = {}): Promise<Checkpoint> {
  const { entry, files, name } = options;
  return openCheckpoint(await sourceOf(address, name), {
    entry,
    folder: files === undefined ? undefined : chosenFiles(files),
  });
}

async function sourceOf(address: PageAddress, name?: string): Promise<ByteSource> {
  if (address instanceof Uint8Array) return bytesSource(name ?? "the bytes", address);
  if (address instanceof ArrayBuffer) return bytesSource(name ?? "the bytes", new Uint8Array(address));
  if (address instanceof Blob)
    return blobSource(name ?? (address instanceof File ? address.name : "the blob"), address);
  const url = String(address);
  return blobSource(name ?? url, await fetchBlob(url));
}

/** Browsers keep the body of a large answer on the disk, so that the whole of it need not be in memory. */
async function fetchBlob(url: string): Promise<Blob> {
  const failed = (reason: string, cause?: unknown): OnebasinError =>
    new OnebasinError("io", `${url} cannot be fetched: ${reason}.`, {
      hint: "A page may fetch from its own server, and from servers that allow it (CORS).",
      details: { url },
      cause,
    });
  try {
    const response = await fetch(url);
    if (!response.ok) throw failed(`the server answers ${response.status} ${response.statusText}`.trim());
    return await response.blob();
  } catch (cause) {
    throw cause instanceof OnebasinError ? cause : failed((cause as Error).message, cause);
  }
}

function chosenFiles(files: readonly File[]): SourceFolder {
  return {
    open: async (fileName) => {
      const file = files.find((candidate) => candidate.name === fileName);
      if (file !== undefined) return blobSource(fileName, file);
      throw new OnebasinError("missing-data", `${fileName} is not among the ${files.length} files that were given.`, {
        details: { fileName },
      });
    },
  };
}
