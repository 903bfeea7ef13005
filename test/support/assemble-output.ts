import type { OutputLayout } from "../../src/checkpoint/layout.js";
import type { StateDict } from "../../src/tensor/tensor.js";

/** Writes an output into memory, the way the engine writes it to a disk. Returns the files by name. */
export function assembleOutput(layout: OutputLayout, tensors: StateDict): Map<string, Uint8Array> {
  const files = layout.files.map(({ size }) => new Uint8Array(size));
  for (const [key, { file, position }] of layout.placements) files[file].set(tensors.get(key)!.bytes, position);
  layout.files.forEach(({ segments, checksumSegments }, file) => {
    const checksums = checksumSegments?.((key) => crc32(tensors.get(key)!.bytes)) ?? [];
    for (const { position, bytes } of [...segments, ...checksums]) files[file].set(bytes, position);
  });
  return new Map(layout.files.map(({ name }, file) => [name, files[file]]));
}

/** CRC-32 as zip files use it, one bit at a time: the plain definition. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
