import { OnebasinError } from "../core/errors.js";
import { globMatcher } from "./glob.js";

/** What to do with the keys that a rule matches. */
export type RuleAction =
  | { readonly kind: "copy"; readonly model: string }
  | { readonly kind: "drop" }
  | { readonly kind: "expression"; readonly text: string }
  /** Another method, or (without `method`) other parameters or weights for the method of the merge. */
  | {
      readonly kind: "method";
      readonly method?: string;
      readonly params: Readonly<Record<string, string>>;
      readonly weights?: readonly number[];
    };

/** An exception to the merge's method for some keys. */
export interface Rule {
  /** As the user wrote it. */
  readonly text: string;
  readonly glob: string;
  readonly matches: (key: string) => boolean;
  readonly action: RuleAction;
}

const FORMS = [
  "'classifier.*: copy a'",
  "'*.bias: drop'",
  "'block_1.*: expr 0.9*a + 0.1*b'",
  "'block_2.*: method slerp t=0.3'",
  "'block_3.*: t=0.2'",
];

/**
 * Reads a rule, `GLOB: ACTION`.
 *
 * @throws `bad-argument`
 */
export function parseRule(text: string): Rule {
  const colon = text.indexOf(":");
  const glob = text.slice(0, Math.max(colon, 0)).trim();
  const action = text.slice(colon + 1).trim();
  if (colon < 0 || glob === "" || action === "") throw notARule(text, "it needs a pattern, a colon and an action");
  return { text, glob, matches: globMatcher(glob), action: parseAction(action, text) };
}

function parseAction(action: string, text: string): RuleAction {
  const [verb, ...words] = action.split(/\s+/);
  if (verb === "copy") {
    if (words.length !== 1) throw notARule(text, "copy takes the name of one model");
    return { kind: "copy", model: words[0] };
  }
  if (verb === "drop") {
    if (words.length > 0) throw notARule(text, "drop stands alone");
    return { kind: "drop" };
  }
  if (verb === "expr") {
    if (words.length === 0) throw notARule(text, "expr needs an expression");
    return { kind: "expression", text: action.slice(verb.length).trim() };
  }
  if (verb === "method") {
    const [method, ...settings] = words;
    if (method === undefined) throw notARule(text, "method needs the id of a method");
    return { kind: "method", method, ...parseSettings(settings, text) };
  }
  if (verb.includes("=")) return { kind: "method", ...parseSettings([verb, ...words], text) };
  throw notARule(text, `"${verb}" is no action`);
}

function parseSettings(words: readonly string[], text: string): { params: Record<string, string>; weights?: number[] } {
  const params: Record<string, string> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals < 1) throw notARule(text, `"${word}" is not a setting like t=0.3`);
    params[word.slice(0, equals)] = word.slice(equals + 1);
  }
  if (params.weights === undefined) return { params };
  const { weights, ...rest } = params;
  return { params: rest, weights: parseWeights(weights) };
}

/**
 * Reads mixing weights, `0.7,0.3`.
 *
 * @throws `bad-argument`
 */
export function parseWeights(text: string): number[] {
  const weights = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (weights.every(Number.isFinite)) return weights;
  throw new OnebasinError("bad-argument", `"${text}" is not a list of weights.`, {
    hint: "Write one number a model: 0.7,0.3",
  });
}

function notARule(text: string, why: string): OnebasinError {
  return new OnebasinError("bad-argument", `"${text}" is not a rule: ${why}.`, {
    hint: `Rules look like ${FORMS.join(", ")}.`,
  });
}
