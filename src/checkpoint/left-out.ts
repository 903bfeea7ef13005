import { quoted } from "./file-errors.js";

/** Names shown of the values that were left out. */
const MAX_SHOWN = 5;

/** The note about values of a file that are not tensors; none when there are none. */
export function leftOutNotes(keys: readonly string[]): string[] {
  if (keys.length === 0) return [];
  const shown = keys.slice(0, MAX_SHOWN).map((key) => quoted(key));
  if (keys.length > MAX_SHOWN) shown.push("…");
  return [`Left out, because not tensors: ${shown.join(", ")} (${keys.length} in all).`];
}
