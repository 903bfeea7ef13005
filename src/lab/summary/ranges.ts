import type { Scores } from "../judge.js";
import type { Range, Score } from "../results.js";

/** Median, smallest and largest of some numbers, at least one. */
export function rangeOf(values: readonly number[]): Range {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

/** Ranges of one number of each dataset, over the seeds. */
export const rangesOf = (bySeed: readonly Scores[], of: (score: Score) => number): readonly [Range, Range] => [
  rangeOf(bySeed.map(([first]) => of(first))),
  rangeOf(bySeed.map(([, second]) => of(second))),
];

export const accuracyOf = ({ accuracy }: Score): number => accuracy;
