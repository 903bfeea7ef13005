import type { ImageSet } from "./image-set.js";

/** The images of a set from one place up to another, in their order; nothing is copied. */
export function sliceImages(set: ImageSet, from: number, to: number = set.count): ImageSet {
  const end = Math.min(to, set.count);
  const size = set.channels * set.height * set.width;
  return {
    ...set,
    images: set.images.subarray(from * size, end * size),
    labels: set.labels.subarray(from, end),
    count: end - from,
  };
}
