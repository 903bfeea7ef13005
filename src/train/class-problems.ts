import { OnebasinError } from "../core/errors.js";
import type { ImageSet } from "../data/image-set.js";
import type { Network } from "../network/graph.js";
import { outputClasses } from "../network/output-classes.js";

/** Why a network cannot learn from these images: too few outputs, or sets whose classes are not the same. */
export function classProblems(network: Network, sets: readonly ImageSet[]): OnebasinError[] {
  const classes = outputClasses(network);
  const problems = sets
    .filter((set) => set.classes > classes)
    .map(
      (set) =>
        new OnebasinError(
          "mismatch",
          `${network.name} tells ${classes} classes apart; ${set.name} has ${set.classes}.`,
          { hint: `Give a network with as many: --arch NAME:classes=${set.classes}.` },
        ),
    );
  const [first, ...others] = sets;
  for (const set of others) {
    if (sameClasses(first, set)) continue;
    problems.push(
      new OnebasinError(
        "mismatch",
        `${first.name} has ${classesOf(first)}, ${set.name} has ${classesOf(set)}; one network learns the same classes from all its datasets.`,
        {
          hint: "For different classes, train a network with a head for each: onebasin couple --depth-schedule cut:LAYER",
        },
      ),
    );
  }
  return problems;
}

/** As many, and called the same where both have names. */
function sameClasses(a: ImageSet, b: ImageSet): boolean {
  const named = a.classNames !== undefined && b.classNames !== undefined;
  return a.classes === b.classes && (!named || `${a.classNames}` === `${b.classNames}`);
}

/** `10 classes`, or `3 classes (cat, dog, owl)` where they have names. */
function classesOf({ classes, classNames }: ImageSet): string {
  return `${classes} classes${classNames === undefined ? "" : ` (${classNames.join(", ")})`}`;
}
