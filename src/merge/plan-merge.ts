import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import { unknownName } from "../core/suggest.js";
import { buffersNote } from "./buffers-note.js";
import { matchKeys } from "./match-keys.js";
import type { MergeOptions } from "./merge-options.js";
import type { PlannedTensor, TensorPlan } from "./plan.js";
import { type PlanModel, planTensor } from "./plan-tensor.js";
import {
  expressionRecipe,
  type MethodRequest,
  methodRecipe,
  type Recipe,
  type RecipeModels,
  ruledRequest,
} from "./recipe.js";
import { type Role, rolesOf } from "./roles.js";
import { parseRule, type Rule } from "./rule.js";

/** A checkpoint under the name that expressions and rules know it by. */
export interface NamedModel {
  readonly name: string;
  readonly checkpoint: Checkpoint;
}

/** A rule with its formula; copies and drops have none. */
interface ReadyRule {
  readonly rule: Rule;
  readonly recipe?: Recipe;
}

/**
 * Plans a merge from headers alone: which formula each key gets, from which models, in which dtype. Reads no
 * numbers.
 *
 * @param models in order; `a`, `b`, … by custom. The base model is given apart
 * @throws `mismatch`, `bad-argument`, `unknown-name`: all problems together
 */
export function planMerge(
  models: readonly NamedModel[],
  options: MergeOptions & { readonly base?: Checkpoint; readonly statistics?: readonly Checkpoint[] } = {},
): TensorPlan {
  const named = options.base === undefined ? models : [...models, { name: "base", checkpoint: options.base }];
  const problems: OnebasinError[] = [...nameProblems(named)];
  const attempt = <T>(make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof OnebasinError)) throw error;
      problems.push(error);
      return undefined;
    }
  };
  const measured = (options.statistics ?? []).map((checkpoint) => ({ name: checkpoint.name, checkpoint }));
  const recipeModels: RecipeModels = {
    names: named.map(({ name }) => name),
    hasBase: options.base !== undefined,
    statistics: measured.map(({ name }) => name),
  };
  const request = methodRequest(options);
  const build = (asked: MethodRequest): Recipe | undefined => {
    const { recipe, problems: found } = methodRecipe(asked, recipeModels);
    problems.push(...found);
    return recipe;
  };
  const main = attempt(() =>
    options.expression !== undefined
      ? expressionRecipe(options.expression, recipeModels)
      : build(request as MethodRequest),
  );
  const rules = (options.rules ?? []).map((text) =>
    attempt((): ReadyRule => {
      const rule = parseRule(text);
      const { action } = rule;
      if (action.kind === "expression") return { rule, recipe: expressionRecipe(action.text, recipeModels) };
      if (action.kind === "method") return { rule, recipe: build(ruledRequest(action, request)) };
      if (action.kind === "copy" && !recipeModels.names.includes(action.model)) {
        throw unknownName("model called", action.model, recipeModels.names);
      }
      return { rule };
    }),
  );
  throwProblems(problems, "the merge");

  const recipes = [main, ...rules.map((ready) => ready?.recipe)];
  if (measured.length > 0 && recipes.every((recipe) => recipe?.statistics === undefined)) {
    throw new OnebasinError("bad-argument", `Statistics were given, but ${(main as Recipe).how} has no use for them.`, {
      hint: "Leave --statistics out, or choose a method that takes them: fisher, regmean.",
    });
  }

  const { planModels: all, sources, notes } = placeModels([...named, ...measured]);
  const [planModels, statistics] = [all.slice(0, named.length), all.slice(named.length)];
  const modelSources = statistics[0]?.firstSource ?? sources.length;
  refuseStrangers(planModels);
  for (const one of statistics) refuseStrangers([planModels[0], one]);
  const { tensors, used } = planKeys(planModels, {
    statistics,
    main: main as Recipe,
    rules: rules as ReadyRule[],
    options,
    problems,
  });
  for (const { rule } of rules as ReadyRule[]) {
    if (!used.has(rule)) problems.push(unusedRule(rule, planModels));
  }
  throwProblems(problems, "the merge");
  return {
    tensors,
    sources,
    sourceNames: [...named, ...measured].flatMap(({ checkpoint }, i) => checkpoint.sources.map(() => all[i].file)),
    metadata: commonMetadata(named.map(({ checkpoint }) => checkpoint.metadata)),
    moduleVersions: named[0].checkpoint.moduleVersions,
    notes: [...notes, ...planNotes(tensors, main as Recipe, { ...options, modelSources })],
    allowNonFinite: options.allowNonFinite ?? false,
  };
}

/** The pairs on which all models agree: what they are, not where each came from. */
function commonMetadata(all: readonly Checkpoint["metadata"][]): Checkpoint["metadata"] {
  const [first, ...others] = all;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((other) => other[name] === value)),
  );
}

function methodRequest(options: MergeOptions): MethodRequest | undefined {
  if (options.expression === undefined)
    return { method: options.method ?? "linear", params: options.params ?? {}, weights: options.weights };
  if (options.method !== undefined || options.weights !== undefined || Object.keys(options.params ?? {}).length > 0) {
    throw new OnebasinError(
      "bad-argument",
      "An expression says all there is to do: it takes no method, weights or parameters.",
    );
  }
  return undefined;
}

function nameProblems(models: readonly NamedModel[]): OnebasinError[] {
  if (models.length === 0) return [new OnebasinError("bad-argument", "There is no model to merge.")];
  const names = models.map(({ name }) => name);
  return names
    .filter((name, i) => names.indexOf(name) !== i)
    .map(
      (name) =>
        new OnebasinError("bad-argument", `Two models are called "${name}".`, {
          hint: 'The base model is always called "base".',
        }),
    );
}

function placeModels(named: readonly NamedModel[]): {
  planModels: PlanModel[];
  sources: Checkpoint["sources"];
  notes: string[];
} {
  const notes: string[] = [];
  const planModels: PlanModel[] = [];
  const sources = named.flatMap(({ checkpoint }) => checkpoint.sources);
  let firstSource = 0;
  for (const { name, checkpoint } of named) {
    const { entries, change } = matchKeys(checkpoint.entries, named[0].checkpoint.entries);
    notes.push(...checkpoint.notes.map((note) => `${checkpoint.name}: ${note}`));
    if (change !== undefined)
      notes.push(`${checkpoint.name}: keys were taken ${change}, to match those of ${named[0].checkpoint.name}.`);
    planModels.push({ name, file: checkpoint.name, entries, firstSource });
    firstSource += checkpoint.sources.length;
  }
  return { planModels, sources, notes };
}

function planKeys(
  models: readonly PlanModel[],
  given: {
    readonly statistics: readonly PlanModel[];
    readonly main: Recipe;
    readonly rules: readonly ReadyRule[];
    readonly options: MergeOptions;
    readonly problems: OnebasinError[];
  },
): { tensors: PlannedTensor[]; used: Set<Rule> } {
  const { statistics, main, rules, options, problems } = given;
  const used = new Set<Rule>();
  const tensors: PlannedTensor[] = [];
  const roles = models.map(({ entries }) => rolesOf(entries));
  for (const key of new Set(models.flatMap(({ entries }) => [...entries.keys()]))) {
    const ready = rules.find(({ rule }) => rule.matches(key));
    if (ready !== undefined) used.add(ready.rule);
    if (ready?.rule.action.kind === "drop") continue;
    const role = roles.map((byKey) => byKey.get(key)).find((found): found is Role => found !== undefined) as Role;
    const copyFrom = ready?.rule.action.kind === "copy" ? ready.rule.action.model : undefined;
    const recipe = ready?.recipe ?? main;
    const planned = planTensor(key, {
      models,
      statistics,
      role,
      recipe,
      copyFrom,
      isNamed: ready?.rule.glob === key,
      options,
    });
    if ("problem" in planned) problems.push(planned.problem);
    else tensors.push(planned.tensor);
  }
  return { tensors, used };
}

/** Models without a single key in common: one sentence instead of one for each key. */
function refuseStrangers([first, ...others]: readonly PlanModel[]): void {
  const stranger = others.find(({ entries }) => ![...entries.keys()].some((key) => first.entries.has(key)));
  if (stranger === undefined || first.entries.size === 0) return;
  const example = (model: PlanModel): string => [...model.entries.keys()].slice(0, 3).join(", ");
  throw new OnebasinError(
    "mismatch",
    `${first.file} (${example(first)}, …) and ${stranger.file} (${example(stranger)}, …) have no key in common.`,
    { hint: "Only networks of the same structure can be merged. See what they are with: onebasin inspect FILE" },
  );
}

function unusedRule(rule: Rule, models: readonly PlanModel[]): OnebasinError {
  const keys = [...new Set(models.flatMap(({ entries }) => [...entries.keys()]))];
  const shadowed = keys.some((key) => rule.matches(key));
  const examples = keys.slice(0, 3).join(", ");
  return new OnebasinError(
    "bad-argument",
    shadowed
      ? `Rule '${rule.text}' is never reached: earlier rules match all of its keys.`
      : `Rule '${rule.text}' matches no key.`,
    {
      hint: shadowed
        ? "The first rule that matches wins: put the narrower rule first."
        : `Keys look like ${examples}; * stands for anything.`,
      details: { rule: rule.text },
    },
  );
}

function planNotes(
  tensors: readonly PlannedTensor[],
  main: Recipe,
  options: MergeOptions & {
    /** How many sources are models'; statistics come behind them. */ readonly modelSources: number;
  },
): string[] {
  const notes: string[] = [];
  const isMixture = tensors.some(({ inputs }) => inputs.length > 1);
  const buffers = isMixture ? buffersNote(tensors, options.buffers ?? "merge") : undefined;
  if (buffers !== undefined) notes.push(buffers);
  if (main.gives === "task vector")
    notes.push("The result is a task vector, a difference of models: it does not run as a network by itself.");
  const unmeasured = main.statistics === undefined ? undefined : unmeasuredNote(tensors, main);
  if (unmeasured !== undefined) notes.push(unmeasured);
  const dtypesOf = ({ inputs }: PlannedTensor): Set<string> =>
    new Set(inputs.filter(({ source }) => source < options.modelSources).map(({ entry }) => entry.dtype));
  const mixed = tensors.find((tensor) => dtypesOf(tensor).size > 1);
  if (mixed !== undefined && options.dtype === undefined) {
    const dtypes = [...dtypesOf(mixed)].join(" and ");
    notes.push(
      `The models store numbers differently (${mixed.key}: ${dtypes}); each tensor takes the wider format. --dtype chooses another.`,
    );
  }
  return notes;
}

/** Weights that were combined without statistics although the method takes them. */
function unmeasuredNote(tensors: readonly PlannedTensor[], { statistics, howOthers }: Recipe): string | undefined {
  const keys = tensors
    .filter(({ how, shape }) => how === howOthers && statistics?.shapeFor(shape) !== undefined)
    .map(({ key }) => key);
  if (keys.length === 0) return undefined;
  const shown = `${keys.slice(0, 3).join(", ")}${keys.length > 3 ? ", …" : ""}`;
  return `${keys.length} of the weights have no ${statistics?.title} and become the ${howOthers}: ${shown}.`;
}
