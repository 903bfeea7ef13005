import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { endOfSource } from "../checkpoint/byte-source.js";
import { OnebasinError } from "../core/errors.js";
import type { JobIO } from "../merge/execute/job.js";

/** A source that any thread can open: a file by its path, or bytes in shared memory. */
export type SharedSource = { readonly path: string } | { readonly name: string; readonly bytes: SharedArrayBuffer };

export interface FileJobIO extends JobIO {
  close(): void;
}

/**
 * Reads and writes for jobs, straight between files and the job's own memory. Files are opened when first used and
 * stay open until `close`.
 *
 * @param files paths to write to, which must exist
 */
export function createFileJobIO(sources: readonly SharedSource[], files: readonly string[]): FileJobIO {
  const descriptors = new Map<string, number>();
  const descriptorOf = (path: string, flags: "r" | "r+"): number => {
    let descriptor = descriptors.get(path);
    if (descriptor === undefined) {
      descriptor = openSync(path, flags);
      descriptors.set(path, descriptor);
    }
    return descriptor;
  };
  return {
    readInto: (index, offset, target) => {
      const source = sources[index];
      if ("bytes" in source) {
        target.set(new Uint8Array(source.bytes, offset, target.byteLength));
        return;
      }
      let done = 0;
      while (done < target.byteLength) {
        const count = readSync(descriptorOf(source.path, "r"), target, done, target.byteLength - done, offset + done);
        if (count === 0) throw endOfSource(source.path, offset + done, offset, target.byteLength);
        done += count;
      }
    },
    write: (index, position, bytes) => {
      let done = 0;
      try {
        while (done < bytes.byteLength) {
          done += writeSync(descriptorOf(files[index], "r+"), bytes, done, bytes.byteLength - done, position + done);
        }
      } catch (error) {
        throw writeError(files[index], error);
      }
    },
    close: () => {
      for (const descriptor of descriptors.values()) closeSync(descriptor);
      descriptors.clear();
    },
  };
}

const FULL = "the disk is full";
const DENIED = "permission denied";
const NO_FOLDER = "there is no such folder";

/** What the system's codes mean. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: FULL,
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: DENIED,
  ENOENT: NO_FOLDER,
  ENOTDIR: NO_FOLDER,
  EISDIR: "a folder of that name is there",
};

/** The error for a write that the system refused. */
export function writeError(path: string, cause: unknown): OnebasinError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  const reason = REASONS[code] ?? message;
  return new OnebasinError("io", `${path} cannot be written: ${reason}.`, {
    hint: reason === FULL ? "Free some space, or write to another disk. Nothing was left behind." : undefined,
    details: { path, code },
    cause,
  });
}
