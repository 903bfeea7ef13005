import { OnebasinError } from "./errors.js";

/** Edits that still count as a slip of the finger rather than as another word, as a share of the word's length. */
const MAX_EDIT_SHARE = 0.4;

/**
 * The known name nearest to `name` by Levenshtein distance, or `undefined` when none is near.
 *
 * Cost: O(known · length²).
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length * MAX_EDIT_SHARE)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance < Math.max(name.length, candidate.length)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** An `unknown-name` error that offers the nearest known name, and lists the known ones when they are few. */
export function unknownName(kind: string, name: string, known: Iterable<string>): OnebasinError {
  const names = [...known];
  const nearest = nearestName(name, names);
  const list = names.length > 0 && names.length <= 30 ? ` Known: ${names.join(", ")}.` : "";
  return new OnebasinError("unknown-name", `There is no ${kind} "${name}".`, {
    hint: nearest === undefined ? list.trim() || undefined : `Did you mean "${nearest}"?${list}`,
    details: { kind, name, nearest },
  });
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substituted, previous[j] + 1, row[j - 1] + 1));
    }
    previous = row;
  }
  return previous[b.length];
}
