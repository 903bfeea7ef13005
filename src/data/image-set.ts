import { OnebasinError } from "../core/errors.js";

/** Which half of a dataset: one to learn from, one to be judged on. */
export type Split = "train" | "test";

export const SPLITS: readonly Split[] = ["train", "test"];

/** One split of a dataset in memory: images as bytes, one class number each. */
export interface ImageSet {
  /** The name it was asked for by, options included: `mnist`, `pen:seed=3`. */
  readonly name: string;
  readonly split: Split;
  /** `[count, channels, height, width]`, row-major, 0 black to 255 white; three channels are red, green, blue. */
  readonly images: Uint8Array;
  /** `[count]`, each in [0, classes). */
  readonly labels: Int32Array;
  readonly count: number;
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** What the classes are called, where they have names (folders). */
  readonly classNames?: readonly string[];
  /** What the reader should know about where the images came from, as whole sentences. */
  readonly notes: readonly string[];
}

/** One set or several, as a list. */
export const listSets = (sets: ImageSet | readonly ImageSet[]): readonly ImageSet[] =>
  "images" in sets ? [sets] : sets;

/** Images in all sets together. */
export const countImages = (sets: readonly ImageSet[]): number => sets.reduce((sum, { count }) => sum + count, 0);

/**
 * Checks that every label is a class number.
 *
 * @param source the file the labels came from, for the message
 * @throws {OnebasinError} `bad-file` with the first label out of range, its place, and how many there are
 */
export function checkLabels(labels: Int32Array, { classes, source }: { classes: number; source: string }): void {
  const wrong = (label: number): boolean => label < 0 || label >= classes;
  const first = labels.findIndex(wrong);
  if (first === -1) return;
  const count = labels.reduce((sum, label) => sum + (wrong(label) ? 1 : 0), 0);
  throw new OnebasinError(
    "bad-file",
    `${source}: label ${labels[first]} of image ${first} is not a class in 0 to ${classes - 1} (${count} of ${labels.length} labels are out of range).`,
    {
      hint: "Check that this is the label file of the dataset, or say how many classes there are: classes=N.",
      details: { source, index: first, label: labels[first], classes, count },
    },
  );
}
