import { OnebasinError } from "./errors.js";
import { unknownName } from "./suggest.js";

/**
 * Parameters of a plug-in (a merge method, an architecture, a matcher …), described once as data. Flags, help
 * text, recipe checks and documentation are all read from here.
 */
export type Param<T = unknown> = {
  readonly kind: "number" | "integer" | "boolean" | "string" | "choice";
  readonly doc: string;
  /** Absent when the parameter must be given. */
  readonly default?: T;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
};

export type Params = Readonly<Record<string, Param>>;

/** The values that a parameter description stands for. */
export type ParamValues<P extends Params> = {
  readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never;
};

type NumberSpec = { readonly doc: string; readonly default?: number; readonly min?: number; readonly max?: number };

/** A finite number in [min, max]. */
export const number = (spec: NumberSpec): Param<number> => ({ kind: "number", ...spec });

/** A whole number in [min, max]. */
export const integer = (spec: NumberSpec): Param<number> => ({ kind: "integer", ...spec });

export const boolean = (spec: { readonly doc: string; readonly default?: boolean }): Param<boolean> => ({
  kind: "boolean",
  ...spec,
});

export const string = (spec: { readonly doc: string; readonly default?: string }): Param<string> => ({
  kind: "string",
  ...spec,
});

export const choice = <const C extends readonly string[]>(
  choices: C,
  spec: { readonly doc: string; readonly default?: C[number] },
): Param<C[number]> => ({ kind: "choice", choices, ...spec });

/** One line for help texts and documentation: type, range, default. */
export function describeParam(param: Param): string {
  const range = rangeOf(param);
  return param.default === undefined ? `${range}; required` : `${range}; default ${param.default}`;
}

/** What is said of a value that does not fit: that one is required is clear by then. */
const expectedOf = (param: Param): string => (param.default === undefined ? rangeOf(param) : describeParam(param));

/** Which values it takes. */
function rangeOf(param: Param): string {
  if (param.choices !== undefined) return param.choices.join(" | ");
  return param.kind === "number" || param.kind === "integer" ? `${param.kind}${rangeText(param)}` : param.kind;
}

function rangeText({ min, max }: Param): string {
  if (min !== undefined && max !== undefined) return ` in [${min}, ${max}]`;
  if (min !== undefined) return ` ≥ ${min}`;
  if (max !== undefined) return ` ≤ ${max}`;
  return "";
}

/**
 * Checks `given` against `params`, reads text as the parameter's type, and fills in defaults.
 *
 * @param owner what the parameters belong to, for messages: `method "slerp"`
 * @returns every parameter, plus the list of all that is wrong (empty when the values may be used)
 */
export function resolveParams<P extends Params>(
  owner: string,
  params: P,
  given: Readonly<Record<string, unknown>>,
): { readonly values: ParamValues<P>; readonly problems: readonly OnebasinError[] } {
  const problems: OnebasinError[] = [];
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(params, name))
      problems.push(unknownName(`parameter of ${owner} called`, name, Object.keys(params)));
  }
  for (const [name, param] of Object.entries(params)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined) {
      if (param.default === undefined) {
        problems.push(
          new OnebasinError("bad-argument", `Parameter "${name}" of ${owner} is required (${describeParam(param)}).`, {
            hint: `Give it as --param ${name}=VALUE. ${param.doc}`,
            details: { owner, name },
          }),
        );
      }
      values[name] = param.default;
      continue;
    }
    const read = readValue(param, value);
    if (read === undefined) {
      problems.push(
        new OnebasinError(
          "bad-argument",
          `Parameter "${name}" of ${owner} is ${JSON.stringify(value)}; expected ${expectedOf(param)}.`,
          { hint: param.doc, details: { owner, name, value } },
        ),
      );
    }
    values[name] = read;
  }
  return { values: values as ParamValues<P>, problems };
}

/** The value in the parameter's own type, or `undefined` when it does not fit. */
function readValue(param: Param, value: unknown): unknown {
  switch (param.kind) {
    case "number":
    case "integer": {
      const text = typeof value === "string" ? value.trim() : value;
      const read = typeof text === "string" && text !== "" ? Number(text) : text;
      if (typeof read !== "number" || !Number.isFinite(read)) return undefined;
      if (param.kind === "integer" && !Number.isInteger(read)) return undefined;
      if (read < (param.min ?? Number.NEGATIVE_INFINITY) || read > (param.max ?? Number.POSITIVE_INFINITY))
        return undefined;
      return read;
    }
    case "boolean":
      if (typeof value === "boolean") return value;
      if (value === "true" || value === "yes" || value === "1") return true;
      if (value === "false" || value === "no" || value === "0") return false;
      return undefined;
    case "choice":
      return typeof value === "string" && param.choices?.includes(value) ? value : undefined;
    case "string":
      return typeof value === "string" ? value : undefined;
  }
}
