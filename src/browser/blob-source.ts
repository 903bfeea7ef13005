import { type ByteSource, endOfSource } from "../checkpoint/byte-source.js";
import { OnebasinError } from "../core/errors.js";

/** Reads from a `Blob` or `File`; only the bytes asked for come into memory. */
export function blobSource(name: string, blob: Blob): ByteSource {
  return {
    name,
    size: blob.size,
    read: async (offset, length) => {
      if (offset < 0 || offset + length > blob.size) throw endOfSource(name, blob.size, offset, length);
      const buffer = await blob
        .slice(offset, offset + length)
        .arrayBuffer()
        .catch((cause: unknown) => {
          throw new OnebasinError("io", `${name} cannot be read: ${(cause as Error).message}`, {
            hint: "The file may have been changed or moved since it was chosen: choose it again.",
            details: { name },
            cause,
          });
        });
      return new Uint8Array(buffer);
    },
  };
}
