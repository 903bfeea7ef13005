/** Markup that needs no escaping any more. */
export interface Html {
  readonly markup: string;
}

export type HtmlValue = string | number | Html | readonly HtmlValue[] | undefined | false;

/**
 * Markup with values in it. Text is escaped, whatever it holds, in content and in quoted attributes alike; lists are
 * joined; nothing stands for `undefined` and `false`.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return { markup: strings.reduce((text, part, i) => text + markupOf(values[i - 1]) + part) };
}

/** Text that is markup already: of this program, never of data. */
export const markup = (text: string): Html => ({ markup: text });

/** Safe in content and in quoted attributes. */
export const escapeText = (text: string): string =>
  // Control characters that no document may hold are left out.
  text.replace(/[^\P{Cc}\t\n\r]/gu, "").replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);

function markupOf(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (typeof value === "string") return escapeText(value);
  if (typeof value === "number") return String(value);
  return "markup" in value ? value.markup : value.map(markupOf).join("");
}
