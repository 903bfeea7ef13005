import { OnebasinError } from "../core/errors.js";
import { type ParamValues, resolveParams } from "../core/params.js";
import type { MergeMethod } from "./method.js";

type Values = Readonly<Record<string, unknown>>;

/** What a method is called with, and all that is wrong with it. */
export interface MethodParams {
  readonly params: ParamValues<MergeMethod["params"]>;
  /** One record a model. */
  readonly each: readonly ParamValues<MergeMethod["params"]>[];
  /** `t=0.3`, `density=0.5,0.2`, in the order of their description. */
  readonly texts: readonly string[];
  readonly problems: readonly OnebasinError[];
}

/**
 * Reads the parameters of a method and of its models. A model's parameter is one value for all models or a list, one
 * value a model (text is split at commas).
 *
 * @param given.each by model; goes before what is given for all
 */
export function methodParams(
  method: MergeMethod,
  count: number,
  given: { readonly params: Values; readonly each?: readonly Values[] },
): MethodParams {
  const owner = `method "${method.id}"`;
  const perModel = method.perModel ?? {};
  const isPerModel = (name: string): boolean => Object.hasOwn(perModel, name);
  const lists = Object.entries(given.params)
    .filter(([name]) => isPerModel(name))
    .map(([name, value]) => [name, listOf(value, count)] as const);
  const own = Object.fromEntries(Object.entries(given.params).filter(([name]) => !isPerModel(name)));
  // All names together, so that a misspelt one is compared with every name there is.
  const { values, problems } = resolveParams(owner, { ...method.params, ...perModel }, own);
  const params = Object.fromEntries(Object.entries(values).filter(([name]) => !isPerModel(name)));
  const found = [...problems, ...lists.flatMap(([name, list]) => lengthProblem(owner, name, list, count))];
  const each = Array.from({ length: count }, (_, model) => {
    const shared = Object.fromEntries(lists.map(([name, list]) => [name, list[model]]));
    const resolved = resolveParams(owner, perModel, { ...shared, ...given.each?.[model] });
    found.push(...resolved.problems.filter(({ message }) => found.every((known) => known.message !== message)));
    return resolved.values;
  });
  const texts = [
    ...Object.entries(params).map(([name, value]) => `${name}=${String(value)}`),
    ...Object.keys(perModel).map((name) => `${name}=${joined(each.map((one) => one[name]))}`),
  ];
  return { params, each, texts, problems: found };
}

function listOf(value: unknown, count: number): readonly unknown[] {
  const list = typeof value === "string" ? value.split(",") : Array.isArray(value) ? (value as unknown[]) : [value];
  return list.length === 1 ? Array.from({ length: count }, () => list[0]) : list;
}

function lengthProblem(owner: string, name: string, list: readonly unknown[], count: number): OnebasinError[] {
  if (list.length === count) return [];
  return [
    new OnebasinError(
      "bad-argument",
      `Parameter "${name}" of ${owner} has ${list.length} values (${list.join(", ")}) for ${count} models.`,
      { hint: "Give one value for all models, or one each, in their order; the base has none." },
    ),
  ];
}

function joined(values: readonly unknown[]): string {
  return values.every((value) => value === values[0]) ? String(values[0]) : values.join(",");
}
