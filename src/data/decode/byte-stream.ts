import { type ByteSource, endOfSource } from "../../checkpoint/byte-source.js";
import { OnebasinError } from "../../core/errors.js";

/** Bytes that come one after the other, from a file or from what is packed inside it. Owns an iterator. */
export interface ByteStream {
  /** How messages name it. */
  readonly name: string;
  /**
   * The next `length` bytes, in a fresh array.
   *
   * @throws `bad-file` when the stream ends before that
   */
  read(length: number): Promise<Uint8Array>;
  /** Fills `out`; otherwise as `read`. */
  readInto(out: Uint8Array): Promise<void>;
  /** Passes over `length` bytes; otherwise as `read`. */
  skip(length: number): Promise<void>;
  /** Whether nothing is left. */
  atEnd(): Promise<boolean>;
  /** Stops reading; safe to call at any time. */
  close(): Promise<void>;
}

/** Bytes taken from a source at a time: few calls, little memory. */
const CHUNK_BYTES = 256 * 1024;

/** The bytes of `source` in [offset, offset + length). Reading starts when the first bytes are asked for. */
export function sourceStream(source: ByteSource, offset = 0, length = source.size - offset): ByteStream {
  return createStream(source.name, sourceChunks(source, offset, length));
}

/** What the packed bytes of `source` in [offset, offset + length) unpack to; checksums of the packing are checked. */
export function inflateStream(
  source: ByteSource,
  {
    format,
    offset = 0,
    length = source.size - offset,
  }: { format: "gzip" | "deflate"; offset?: number; length?: number },
): ByteStream {
  return createStream(source.name, inflated(source, { format, offset, length }));
}

/** Chunks of memory as a stream. */
export function createStream(name: string, chunks: AsyncIterable<Uint8Array>): ByteStream {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  let position = 0;

  /** Makes at least one byte available; false at the end. */
  const fill = async (): Promise<boolean> => {
    while (held.length === 0) {
      const next = await iterator.next();
      if (next.done) return false;
      held = next.value;
    }
    return true;
  };
  const take = async (length: number, use: (bytes: Uint8Array, at: number) => void): Promise<void> => {
    let done = 0;
    while (done < length) {
      if (!(await fill())) throw endOfSource(name, position, position - done, length);
      const count = Math.min(length - done, held.length);
      use(held.subarray(0, count), done);
      held = held.subarray(count);
      done += count;
      position += count;
    }
  };
  const readInto = (out: Uint8Array): Promise<void> => take(out.length, (bytes, at) => out.set(bytes, at));
  return {
    name,
    readInto,
    read: async (length) => {
      const out = new Uint8Array(length);
      await readInto(out);
      return out;
    },
    skip: (length) => take(length, () => {}),
    atEnd: async () => !(await fill()),
    close: async () => {
      await iterator.return?.();
    },
  };
}

async function* sourceChunks(source: ByteSource, offset: number, length: number): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < offset + length; at += CHUNK_BYTES) {
    yield await source.read(at, Math.min(CHUNK_BYTES, offset + length - at));
  }
}

async function* inflated(
  source: ByteSource,
  { format, offset, length }: { format: "gzip" | "deflate"; offset: number; length: number },
): AsyncGenerator<Uint8Array> {
  const packed = sourceChunks(source, offset, length);
  const feed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: async (controller) => {
      const next = await packed.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value as Uint8Array<ArrayBuffer>);
    },
  });
  const reader = feed.pipeThrough(new DecompressionStream(format)).getReader();
  try {
    for (;;) {
      const next = await reader.read().catch((cause) => {
        throw cause instanceof OnebasinError ? cause : damaged(source.name, cause);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function damaged(name: string, cause: unknown): OnebasinError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OnebasinError("bad-file", `${name} cannot be unpacked: ${reason}.`, {
    hint: "The file was probably cut short or damaged while it was copied or downloaded: fetch it again.",
    details: { name },
    cause,
  });
}
