import { type NamedOptions, parseNamed } from "../core/parse-named.js";

/**
 * Reads a matcher with options: `transport:entropy=0.01`. Asked before images are loaded, which a slip should not cost.
 *
 * @throws `usage`, `unknown-name`
 */
export async function parseMatcher(flag: string, text: unknown): Promise<NamedOptions | undefined> {
  if (text === undefined) return undefined;
  const named = parseNamed(flag, text);
  const { findMatcher } = await import("../align/find-matcher.js");
  findMatcher(named.id);
  return named;
}
