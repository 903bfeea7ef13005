import { OnebasinError, throwProblems } from "../core/errors.js";
import { type Params, type ParamValues, resolveParams } from "../core/params.js";
import type { Matcher } from "./matcher.js";

/**
 * The parameters that a matcher works with, checked and filled up with its defaults.
 *
 * @param given.models how many are to be matched
 * @throws `bad-argument` for parameters and for a number of models that it does not take, all at once
 */
export function matcherParams(
  matcher: Matcher,
  given: { readonly params: Readonly<Record<string, unknown>> | undefined; readonly models: number },
): ParamValues<Params> {
  const owner = `matcher "${matcher.id}"`;
  const { values, problems } = resolveParams(owner, matcher.params, given.params ?? {});
  throwProblems([...countProblems(matcher, given.models), ...problems], owner);
  return values;
}

function countProblems(
  { id, models: { min, max = Number.POSITIVE_INFINITY } }: Matcher,
  count: number,
): OnebasinError[] {
  if (count >= min && count <= max) return [];
  const wanted = min === max ? `${min}` : max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
  return [
    new OnebasinError("bad-argument", `The matcher "${id}" takes ${wanted} models, ${count} given.`, {
      hint: count > max ? 'Align three and more with "frank-wolfe" or "merge-many".' : undefined,
    }),
  ];
}
