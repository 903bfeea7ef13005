import { OnebasinError } from "./errors.js";

/** A plug-in and its options, as text. */
export interface NamedOptions {
  readonly id: string;
  readonly params: Record<string, string>;
}

/**
 * Reads a plug-in with options: `sgd:momentum=0.9,weight-decay=5e-4`.
 *
 * @param owner what the text is, for messages: `--optimizer`
 * @throws `usage`
 */
export function parseNamed(owner: string, text: unknown): NamedOptions {
  const [id, ...rest] = String(text).split(":");
  const options = rest.join(":");
  return { id, params: parsePairs(owner, options === "" ? [] : options.split(",")) };
}

/**
 * Reads `name=value` pairs.
 *
 * @throws `usage`
 */
export function parsePairs(owner: string, texts: unknown): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const text of (texts as readonly string[] | undefined) ?? []) {
    const equals = text.indexOf("=");
    if (equals < 1) throw new OnebasinError("usage", `${owner} is "${text}"; expected name=value.`);
    pairs[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return pairs;
}
