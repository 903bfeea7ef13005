// Every kernel works on a block: `n` elements that start at a 16-byte aligned address. Buffers are padded to a whole
// number of vectors, so elementwise kernels may compute (never trap on) the few elements after the last.
export * from "./elementwise";
export * from "./convert";
export * from "./reduce";
export * from "./crc32";
export * from "./gram";

/** First byte that the module itself does not use. */
export function heapBase(): usize {
  return __heap_base;
}
