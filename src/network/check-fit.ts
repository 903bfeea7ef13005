import { joinProblems, type OnebasinError } from "../core/errors.js";
import type { Shape } from "../tensor/shape.js";
import { checkStateDict } from "./check-state-dict.js";
import type { Network } from "./graph.js";
import { guessArchitecture } from "./guess-architecture.js";

/** Another network differs in every key: the first differences tell as much as all of them. */
const SHOWN_DIFFERENCES = 3;

/**
 * What is wrong with a state dict for a network, in one problem: how many differences there are, the first of them, and
 * the built-in architecture that does fit.
 *
 * @param entries by key; only shapes are looked at
 * @param source what the state dict is called in messages: a path
 * @returns nothing when it fits; else one error of code `mismatch`, whose `problems` are all differences
 */
export function checkFit(
  network: Network,
  entries: ReadonlyMap<string, { readonly shape: Shape }>,
  { source }: { readonly source: string },
): OnebasinError[] {
  const problems = checkStateDict(network, entries, { source });
  if (problems.length === 0) return [];
  const fitting = guessArchitecture(entries);
  if (problems.length === 1 && fitting === undefined) return problems;
  const count = problems.length === 1 ? "one difference" : `${problems.length} differences`;
  return [
    joinProblems(problems, {
      heading: `${source} does not fit ${network.name}; ${count}:`,
      shown: SHOWN_DIFFERENCES,
      hint: fitting && `The keys and shapes of ${source} are those of ${fitting.name} (--arch ${fitting.name}).`,
    }),
  ];
}
