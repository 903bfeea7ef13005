import { appendFileSync, closeSync, openSync } from "node:fs";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import type { OutputLayout } from "../checkpoint/layout.js";
import { loadKernels } from "../kernels/load-kernels.js";
import type { PlannedTensor } from "../merge/plan.js";
import { dtypeBytes } from "../tensor/dtype.js";
import { elementCount } from "../tensor/shape.js";

/** Bytes read at a time when a finished tensor is looked at again. */
const CHECK_BYTES = 4 * 2 ** 20;

/** What a merge notes down as it goes, so that another process can go on where it was stopped. Owns a file descriptor. */
export interface Journal {
  /** Tensors whose bytes are there and right, with their checksums. */
  readonly finished: ReadonlyMap<string, number>;
  note(key: string, crc32: number): void;
  close(): void;
  remove(): Promise<void>;
}

interface JournalOptions {
  /** Of the work to be done: a journal of other work is thrown away. */
  readonly fingerprint: string;
  readonly layout: OutputLayout;
  readonly tensors: readonly PlannedTensor[];
  /** Where each file of the layout is being written. */
  readonly partialPaths: readonly string[];
}

/**
 * Opens the journal of a merge, or begins one. What it says is finished is believed only when the bytes in the
 * partial files have the checksum that was noted.
 */
export async function openJournal(path: string, options: JournalOptions): Promise<Journal> {
  const noted = await readNotes(path, options.fingerprint);
  const finished = new Map<string, number>();
  if (noted !== undefined) {
    const { functions, memory, heapBase } = await loadKernels(CHECK_BYTES);
    const checksum = (crc: number, bytes: Uint8Array): number => {
      new Uint8Array(memory.buffer, heapBase, bytes.byteLength).set(bytes);
      return functions.crc32(crc, heapBase, bytes.byteLength) >>> 0;
    };
    for (const tensor of options.tensors) {
      const expected = noted.get(tensor.key);
      if (expected !== undefined && (await checksumOf(tensor, options, checksum)) === expected) {
        finished.set(tensor.key, expected);
      }
    }
  }
  const lines = [[options.fingerprint], ...finished].map((line) => `${JSON.stringify(line)}\n`);
  await writeFile(path, lines.join(""));
  const descriptor = openSync(path, "a");
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(descriptor);
    isOpen = false;
  };
  return {
    finished,
    note: (key, crc32) => appendFileSync(descriptor, `${JSON.stringify([key, crc32])}\n`),
    close,
    remove: async () => {
      close();
      await rm(path, { force: true });
    },
  };
}

/** The notes of a journal of this very work; a line that was cut short counts as not written. */
async function readNotes(path: string, fingerprint: string): Promise<Map<string, number> | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.split("\n").slice(0, -1).map(parseLine);
  if (lines[0]?.[0] !== fingerprint) return undefined;
  return new Map(lines.slice(1).flatMap((line) => (line?.length === 2 ? [[String(line[0]), Number(line[1])]] : [])));
}

function parseLine(line: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

async function checksumOf(
  { key, shape, dtype }: PlannedTensor,
  { layout, partialPaths }: JournalOptions,
  checksum: (crc: number, bytes: Uint8Array) => number,
): Promise<number | undefined> {
  const placement = layout.placements.get(key);
  if (placement === undefined) return undefined;
  const handle = await open(partialPaths[placement.file], "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    let left = elementCount(shape) * dtypeBytes(dtype);
    let { position } = placement;
    let crc = 0;
    const buffer = new Uint8Array(Math.min(left, CHECK_BYTES));
    while (left > 0) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(left, CHECK_BYTES), position);
      if (bytesRead === 0) return undefined;
      crc = checksum(crc, buffer.subarray(0, bytesRead));
      left -= bytesRead;
      position += bytesRead;
    }
    return crc;
  } finally {
    await handle.close();
  }
}
