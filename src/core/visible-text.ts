/**
 * The text with control characters spelled out (`\x1b`): names come from files of strangers, and must not steer the
 * terminal.
 *
 * @param options.lines whether line ends stay; default false
 */
export function visibleText(text: string, { lines = false }: { readonly lines?: boolean } = {}): string {
  return text.replace(/\p{Cc}/gu, (character) =>
    lines && character === "\n" ? character : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
