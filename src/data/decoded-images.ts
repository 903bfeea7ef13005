import type { ByteSource } from "../checkpoint/byte-source.js";
import { checkLabels, type ImageSet } from "./image-set.js";

/** What a decoder finds in the files of one split. */
export interface DecodedImages {
  /** `[kept, channels, height, width]` */
  readonly images: Uint8Array;
  /** At least `kept` labels. */
  readonly labels: Int32Array;
  /** Images in the files; the first `kept` were taken. */
  readonly count: number;
  readonly kept: number;
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
}

export interface DecodeOptions {
  readonly classes: number;
  /** The first so many images are kept. */
  readonly limit: number | undefined;
  /** Whether to read to the end all the same, to know that the files are whole. */
  readonly complete: boolean;
}

/** Bytes to images. Gets the sources in the order of the packing's files. */
export type Decode = (sources: readonly ByteSource[], options: DecodeOptions) => Promise<DecodedImages>;

/**
 * The images that were kept, as a set.
 *
 * @param sources the files they were decoded from, the labels' last
 * @throws {OnebasinError} `bad-file` for a label that is not a class
 */
export function decodedSet(
  { images, labels, kept, channels, height, width }: DecodedImages,
  {
    sources,
    ...named
  }: Pick<ImageSet, "name" | "split" | "classes" | "notes"> & { readonly sources: readonly ByteSource[] },
): ImageSet {
  checkLabels(labels, { classes: named.classes, source: sources[sources.length - 1].name });
  return { ...named, images, labels: labels.subarray(0, kept), count: kept, channels, height, width };
}
