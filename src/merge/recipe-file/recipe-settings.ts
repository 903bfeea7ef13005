import { OnebasinError } from "../../core/errors.js";
import { unknownName } from "../../core/suggest.js";
import type { MergeMethod } from "../method.js";
import { methods } from "../methods.gen.js";
import { findMethod, type MethodRequest } from "../recipe.js";
import { parseRule } from "../rule.js";
import { modelsOf, type RecipeFile, type RecipeModule, type RecipeSlice, type RecipeSource } from "./recipe-file.js";
import { type KeyPlace, type Scalar, type Settings, settingFor } from "./recipe-parameters.js";

/** Where in a recipe a tensor's settings are looked up. */
export interface SettingScope {
  readonly recipe: RecipeFile;
  readonly module: RecipeModule;
  readonly slice: RecipeSlice;
}

/**
 * What the recipe asks of a method for one tensor. A source's settings go before those of its slice, these before the
 * module's, these before the recipe's.
 *
 * @param sources those of the models that the method combines, in its order; without the base
 */
export function requestFor(
  method: MergeMethod,
  place: KeyPlace,
  { scope, sources }: { readonly scope: SettingScope; readonly sources: readonly (RecipeSource | undefined)[] },
): MethodRequest {
  const shared = [scope.slice.parameters, scope.module.parameters, scope.recipe.parameters];
  const find = (name: string, levels: readonly Settings[]): Scalar | undefined => {
    for (const level of levels) {
      const setting = level.get(name);
      const value = setting === undefined ? undefined : settingFor(setting.value, place);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const own = (source: RecipeSource | undefined): Settings[] => (source === undefined ? [] : [source.parameters]);
  const params: Record<string, Scalar> = {};
  for (const name of Object.keys(method.params)) {
    // Some write a setting of the whole merge at its models: the first that has it speaks.
    const value = find(name, [...shared, ...sources.flatMap(own)]);
    if (value !== undefined) params[name] = value;
  }
  if (Object.hasOwn(method.params, "profile")) params.profile = scope.recipe.profile ?? params.profile ?? "onebasin";
  const each = sources.map((source) => {
    const values: Record<string, Scalar> = {};
    for (const name of Object.keys(method.perModel ?? {})) {
      const value = find(name, [...own(source), ...shared]);
      if (value !== undefined) values[name] = value;
    }
    return values;
  });
  const weights = sources.map((source) => find("weight", [...own(source), ...shared]));
  const { defaultWeight } = method;
  if (defaultWeight === undefined) return { method: method.id, params, each };
  return { method: method.id, params, each, weights: weights.map((weight) => Number(weight ?? defaultWeight)) };
}

/** What is wrong with the method, the settings and the rules of a recipe, as far as its text tells. */
export function settingProblems(recipe: RecipeFile): OnebasinError[] {
  const problems: OnebasinError[] = [];
  const attempt = <T>(place: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof OnebasinError)) throw error;
      problems.push(new OnebasinError(error.code, `${place}: ${error.message}`, { hint: error.hint }));
      return undefined;
    }
  };
  const method = attempt(recipe.method.place, () => findMethod(recipe.method.value));
  if (method !== undefined) problems.push(...checkSettings(recipe, method).problems);
  for (const { value, place } of recipe.rules) attempt(place, () => parseRule(value));
  problems.push(...tokenizerProblems(recipe));
  return problems;
}

/** Models that the tokenizer or its tokens are to come from, and that are none of the recipe's. */
function tokenizerProblems(recipe: RecipeFile): OnebasinError[] {
  const { tokenizer, name } = recipe;
  if (tokenizer === undefined) return [];
  const models = modelsOf(recipe).map(({ value }) => value);
  const hint = `Name one of ${models.join(", ")}, or base.`;
  const { source, tokens } = tokenizer;
  const problems: OnebasinError[] = [];
  if (!["base", "union", ...models].includes(source.value)) {
    const message = `${source.place}: the tokenizer is to come from "${source.value}", which is no model of ${name}.`;
    problems.push(new OnebasinError("unknown-name", message, { hint }));
  }
  for (const [token, setting] of tokens) {
    if (setting.source === undefined || setting.source.kind === "zero") continue;
    const { model } = setting.source;
    if (model === "base" || models.includes(model)) continue;
    const message = `${setting.place}: token "${token}" is to come from "${model}", which is no model of ${name}.`;
    problems.push(new OnebasinError("unknown-name", message, { hint }));
  }
  return problems;
}

/** Settings that no method has are mistakes; those that only other methods have are left alone, and said. */
export function checkSettings(
  recipe: RecipeFile,
  method: MergeMethod,
): { readonly problems: OnebasinError[]; readonly notes: string[] } {
  const known = namesOf(method);
  const elsewhere = new Set(["weight", ...methods.flatMap(namesOf)]);
  const problems: OnebasinError[] = [];
  const unused = new Set<string>();
  for (const settings of levelsOf(recipe)) {
    for (const [name, { value, place }] of settings) {
      if (name === "weight" && !isNumeric(value)) {
        problems.push(new OnebasinError("bad-argument", `${place}: "weight" must be a number.`));
      }
      if (known.includes(name)) continue;
      if (elsewhere.has(name)) unused.add(name);
      else {
        const { message, hint } = unknownName(`parameter of method "${method.id}" called`, name, known);
        problems.push(new OnebasinError("unknown-name", `${place}: ${message}`, { hint }));
      }
    }
  }
  const names = [...unused].map((name) => `"${name}"`).join(", ");
  const notes = unused.size === 0 ? [] : [`${recipe.name}: the method "${method.id}" makes no use of ${names}.`];
  return { problems, notes };
}

function isNumeric(setting: Parameters<typeof settingFor>[0]): boolean {
  if (setting.kind === "filtered") return setting.cases.every(({ value }) => isNumeric(value));
  return setting.kind === "gradient" || typeof setting.value === "number";
}

const namesOf = (method: MergeMethod): string[] => [
  ...(method.defaultWeight === undefined ? [] : ["weight"]),
  ...Object.keys(method.params),
  ...Object.keys(method.perModel ?? {}),
];

function levelsOf(recipe: RecipeFile): Settings[] {
  return [
    recipe.parameters,
    ...recipe.modules.flatMap(({ parameters, slices }) => [
      parameters,
      ...slices.flatMap((slice) => [slice.parameters, ...slice.sources.map((source) => source.parameters)]),
    ]),
  ];
}
