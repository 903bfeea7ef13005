import { OnebasinError } from "../../core/errors.js";
import type { Decode } from "../decoded-images.js";
import { readIdxImages, readIdxLabels } from "./idx.js";

/** Decodes an idx file of images and one of labels. */
export const decodeIdxPair: Decode = async ([imageSource, labelSource], { limit }) => {
  const images = await readIdxImages(imageSource, limit);
  const labels = await readIdxLabels(labelSource);
  if (labels.length !== images.count) {
    throw new OnebasinError(
      "bad-file",
      `${imageSource.name} holds ${images.count} images, ${labelSource.name} ${labels.length} labels.`,
      { hint: "Check that both files are of the same split and neither was cut short." },
    );
  }
  return { ...images, labels };
};
