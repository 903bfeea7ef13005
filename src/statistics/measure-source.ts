import type { ImageSet } from "../data/image-set.js";
import type { InputFormat } from "../data/input-format.js";

/** Images that a network is measured on. */
export interface MeasureSource {
  /** Of the task that the network was trained on. */
  readonly images: readonly ImageSet[];
  /** How many images are looked at, fewer where they end; a whole number from 1. */
  readonly samples: number;
  readonly normalise?: InputFormat["normalise"];
}
