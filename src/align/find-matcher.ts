import { unknownName } from "../core/suggest.js";
import type { Matcher } from "./matcher.js";
import { matchers } from "./matchers.gen.js";

/** @throws `unknown-name` */
export function findMatcher(id: string): Matcher {
  const known = matchers.map((matcher) => matcher.id);
  const found = matchers.find((matcher) => matcher.id === id);
  if (found === undefined) throw unknownName("matcher called", id, known);
  return found;
}
