import { createHash } from "node:crypto";
import type { ByteSource } from "../checkpoint/byte-source.js";

/** Bytes hashed at a time. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** MD5 of a whole file in lower-case hexadecimal: the checksum that datasets are published with. */
export async function md5OfFile(source: ByteSource): Promise<string> {
  const hash = createHash("md5");
  for (let offset = 0; offset < source.size; offset += CHUNK_BYTES) {
    hash.update(await source.read(offset, Math.min(CHUNK_BYTES, source.size - offset)));
  }
  return hash.digest("hex");
}
