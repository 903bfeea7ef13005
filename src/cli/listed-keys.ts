/** Keys shown of a long list. */
const SHOWN = 5;

/** Keys as a sentence lists them, cut short where there are many. */
export function listedKeys(keys: readonly string[]): string {
  const more = keys.length - SHOWN;
  return more > 0 ? `${keys.slice(0, SHOWN).join(", ")} and ${more} more` : keys.join(", ");
}
