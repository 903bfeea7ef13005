import { OnebasinError } from "../core/errors.js";

/** Bytes that can be read at any place: a file, a `Blob`, a buffer, a range of a URL. */
export interface ByteSource {
  /** How messages name it: a path, a URL. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes from `offset` into a fresh array.
   *
   * @throws `bad-file` when the source ends before that, `io` when reading fails
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The path when the source is a local file, so that worker threads can open it themselves. */
  readonly path?: string;
  /** The bytes when the source lies in memory, so that they can be shared with worker threads. */
  readonly bytes?: Uint8Array;
  /** Releases what is held, such as an open file; a later read takes hold of it again. Safe to call twice. */
  close?(): Promise<void>;
}

/** Finds files that belong to one another: the shards beside an index. */
export interface SourceFolder {
  /**
   * Opens a file by its plain name.
   *
   * @throws `missing-data` when there is none
   */
  open(fileName: string): Promise<ByteSource>;
}

/** A byte source over memory; nothing is copied until it is read. */
export function bytesSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    bytes,
    read: async (offset, length) => {
      if (offset < 0 || offset + length > bytes.byteLength) throw endOfSource(name, bytes.byteLength, offset, length);
      return bytes.slice(offset, offset + length);
    },
  };
}

/** The error for a read past the end, which is what a truncated file looks like. */
export function endOfSource(name: string, size: number, offset: number, length: number): OnebasinError {
  return new OnebasinError(
    "bad-file",
    `${name} ends early: bytes ${offset} to ${offset + length} were asked for, the file has ${size}.`,
    {
      hint: "The file was probably cut short while it was copied or downloaded: fetch it again.",
      details: { name, size, offset, length },
    },
  );
}
