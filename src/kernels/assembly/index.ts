// Every kernel works on a block: `n` elements that start at a 16-byte aligned address. Buffers are padded to a multiple
// of 16 elements, so kernels that give one value an element may go on to the next multiple; the bytes that are read
// from a file are followed by zeros up to there.
export * from "./elementwise";
export { exp_f32, log_f32 } from "./transcendental";
export * from "./convert";
export {
  sum_f32,
  sum_f64,
  dot_f32,
  dot_f64,
  largest_f32,
  largest_f64,
  smallest_f32,
  smallest_f64,
} from "./reduce";
export * from "./crc32";
export * from "./gram";
export * from "./product";
export * from "./symmetric";
export * from "./adam";
export * from "./select";
export * from "./random";
export * from "./rows";
export { rank_f32, rank_f64 } from "./rank";
export { belowRank_f32, belowRank_f64 } from "./below-rank";
export * from "./bits";
export * from "./assignment";

/** First byte that the module itself does not use. */
export function heapBase(): usize {
  return __heap_base;
}
