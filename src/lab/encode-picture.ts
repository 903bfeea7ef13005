import { encode } from "fast-png";
import type { ImageSet } from "../data/image-set.js";

/** One image of a set as a PNG in base64, as large as it is. */
export function encodePicture({ images, channels, height, width }: ImageSet, index: number): string {
  const size = height * width;
  const planes = images.subarray(index * channels * size, (index + 1) * channels * size);
  const pixels = new Uint8Array(size * channels);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < size; i++) pixels[i * channels + channel] = planes[channel * size + i];
  }
  const bytes = encode({ width, height, data: pixels, channels, depth: 8 });
  return btoa(String.fromCharCode(...bytes));
}
