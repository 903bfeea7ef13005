import type { Checkpoint, TensorEntry } from "../../checkpoint/checkpoint.js";
import { OnebasinError, throwProblems } from "../../core/errors.js";
import { buffersNote } from "../buffers-note.js";
import { matchKeys } from "../match-keys.js";
import type { MergeMethod } from "../method.js";
import { modelName } from "../model-name.js";
import type { PlannedTensor, TensorPlan } from "../plan.js";
import { type PlanModel, planTensor } from "../plan-tensor.js";
import { expressionRecipe, findMethod, methodRecipe, type Recipe, type RecipeModels } from "../recipe.js";
import { type Role, rolesOf } from "../roles.js";
import { parseRule, type Rule } from "../rule.js";
import { arrangeModels } from "./arrange-models.js";
import { TensorCollector, type Wanted } from "./collect-tensors.js";
import { modelsOf, type RecipeFile, type RecipeSlice } from "./recipe-file.js";
import { checkSettings, requestFor } from "./recipe-settings.js";
import { type RecipeVocabulary, VocabularyTables } from "./vocabulary-tables.js";

export interface RecipePlanOptions {
  readonly allowNonFinite?: boolean;
  /** Goes before the recipe's own. */
  readonly seed?: number;
  /** Checkpoints of statistics, by the name that the recipe gives them. */
  readonly statistics?: ReadonlyMap<string, Checkpoint>;
  /** Whose tokens count, and which each model has; where the recipe says so. */
  readonly vocabulary?: RecipeVocabulary;
}

/** What a recipe comes to, and what its output folder needs to know. */
export interface RecipePlan extends TensorPlan {
  /** Layers of the main stack, when slices were stacked. */
  readonly layers?: number;
  /** Rows of the vocabulary tables, when they are not those of all models. */
  readonly vocabulary?: number;
}

/**
 * Plans a recipe from headers alone.
 *
 * @param checkpoints by the name that the recipe gives them
 * @throws `mismatch`, `bad-argument`, `unknown-name`: all problems together
 */
export function planRecipe(
  recipe: RecipeFile,
  checkpoints: ReadonlyMap<string, Checkpoint>,
  options: RecipePlanOptions = {},
): RecipePlan {
  return new RecipePlanner(recipe, checkpoints, options).plan();
}

/** Plans one recipe. Owns what is collected on the way: problems, notes, formulas. */
class RecipePlanner {
  readonly #recipe: RecipeFile;
  readonly #checkpoints: ReadonlyMap<string, Checkpoint>;
  readonly #options: RecipePlanOptions;
  readonly #method: MergeMethod;
  readonly #problems: OnebasinError[] = [];
  readonly #notes: string[] = [];
  /** By model: its entries under the first model's keys, and where its sources begin. */
  readonly #entries = new Map<string, ReadonlyMap<string, TensorEntry>>();
  readonly #firstSource = new Map<string, number>();
  readonly #statistics = new Map<string, PlanModel>();
  readonly #recipes = new Map<string, Recipe | undefined>();
  readonly #tables: VocabularyTables;

  constructor(recipe: RecipeFile, checkpoints: ReadonlyMap<string, Checkpoint>, options: RecipePlanOptions) {
    this.#recipe = recipe;
    this.#checkpoints = checkpoints;
    this.#options = options;
    this.#method = findMethod(recipe.method.value);
    this.#tables = new VocabularyTables(
      {
        fileOf: (model) => this.#checkpoint(model).name,
        entriesOf: (model) => this.#entriesOf(model),
        firstSource: (model) => this.#firstSource.get(model) as number,
        base: recipe.base?.value,
      },
      options.vocabulary,
    );
  }

  plan(): RecipePlan {
    this.#notes.push(...checkSettings(this.#recipe, this.#method).notes);
    if ((this.#options.statistics?.size ?? 0) > 0 && this.#method.statistics === undefined)
      this.#notes.push(`${this.#recipe.name}: the method "${this.#method.id}" makes no use of "statistics".`);
    this.#openModels();
    const rules = this.#recipe.rules.map(({ value }) => parseRule(value));
    const collector = new TensorCollector(this.#recipe.modules, {
      entriesOf: (name) => this.#entriesOf(name),
      namesIn: (slice) => this.#namesIn(slice),
    });
    const { wanted, layers } = collector.collect();
    this.#problems.push(...collector.problems);
    throwProblems(this.#problems, this.#recipe.name);
    const used = new Set<Rule>();
    const tensors: PlannedTensor[] = [];
    for (const one of wanted) {
      const rule = rules.find((candidate) => candidate.matches(one.key));
      if (rule !== undefined) used.add(rule);
      const planned = rule?.action.kind === "drop" ? undefined : this.#tensor(one, rule);
      if (planned !== undefined) tensors.push(planned);
    }
    for (const rule of rules) {
      if (!used.has(rule))
        this.#problems.push(
          new OnebasinError(
            "bad-argument",
            `Rule '${rule.text}' matches no key, or earlier rules take all of its keys.`,
          ),
        );
    }
    this.#problems.push(...this.#tables.problems);
    throwProblems(this.#problems, this.#recipe.name);
    const buffers = buffersNote(tensors, this.#recipe.buffers ?? "merge");
    const all = this.#allCheckpoints();
    return {
      tensors,
      sources: all.flatMap(({ sources }) => sources),
      sourceNames: all.flatMap(({ sources, name }) => sources.map(() => name)),
      metadata: {},
      moduleVersions: all[0].moduleVersions,
      notes: [
        ...all.flatMap(({ name, notes: own }) => own.map((note) => `${name}: ${note}`)),
        ...this.#notes,
        ...this.#tables.notes,
        ...(buffers === undefined ? [] : [buffers]),
      ],
      allowNonFinite: this.#options.allowNonFinite ?? false,
      layers,
      vocabulary: this.#tables.rows,
    };
  }

  #openModels(): void {
    let source = 0;
    const reference = this.#checkpoint(this.#recipe.base?.value ?? modelsOf(this.#recipe)[0].value);
    for (const [name, checkpoint] of this.#checkpoints) {
      const { entries, change } = matchKeys(checkpoint.entries, reference.entries);
      if (change !== undefined)
        this.#notes.push(`${checkpoint.name}: keys were taken ${change}, to match those of ${reference.name}.`);
      this.#entries.set(name, entries);
      this.#firstSource.set(name, source);
      source += checkpoint.sources.length;
    }
    for (const [name, checkpoint] of this.#options.statistics ?? []) {
      const { entries } = matchKeys(checkpoint.entries, reference.entries);
      this.#statistics.set(name, { name, file: checkpoint.name, entries, firstSource: source });
      source += checkpoint.sources.length;
    }
  }

  /** In the order of their sources. */
  #allCheckpoints(): Checkpoint[] {
    return [...this.#checkpoints.values(), ...(this.#options.statistics?.values() ?? [])];
  }

  #checkpoint(name: string): Checkpoint {
    const checkpoint = this.#checkpoints.get(name);
    if (checkpoint === undefined) throw new Error(`the model ${name} was not opened`);
    return checkpoint;
  }

  #entriesOf(name: string): ReadonlyMap<string, TensorEntry> {
    return this.#entries.get(name) as ReadonlyMap<string, TensorEntry>;
  }

  /** The models of a slice, each once, the base among them. */
  #namesIn(slice: RecipeSlice): string[] {
    const base = slice.base ?? this.#recipe.base;
    const usesBase =
      base !== undefined &&
      (this.#method.base !== "none" || this.#method.models.max === 2 || this.#recipe.expression !== undefined);
    return [...new Set([...slice.sources.map(({ model }) => model.value), ...(usesBase ? [base.value] : [])])];
  }

  #tensor(wanted: Wanted, rule: Rule | undefined): PlannedTensor | undefined {
    const { slice, module, place, key } = wanted;
    const base = slice.base ?? this.#recipe.base;
    const { sources, baseName } = arrangeModels(slice.sources, base?.value, this.#method);
    const names = [...sources.map(({ name }) => name), ...(baseName === undefined ? [] : [baseName])];
    const models = this.#fitted(key, names, wanted.entries);
    const statistics = sources.flatMap(({ source }) => this.#statistics.get(source?.statistics?.value ?? "") ?? []);
    const recipeModels: RecipeModels = {
      names: models.map(({ name }) => name),
      hasBase: baseName !== undefined,
      statistics: statistics.map(({ file }) => file),
    };
    const scope = { recipe: this.#recipe, module, slice };
    const owns = sources.map(({ source }) => source);
    let recipe: Recipe | undefined;
    if (rule?.action.kind === "expression")
      recipe = this.#attempt(() =>
        expressionRecipe(rule.action.kind === "expression" ? rule.action.text : "", recipeModels),
      );
    else if (this.#recipe.expression !== undefined && rule === undefined)
      recipe = this.#attempt(() => expressionRecipe(this.#recipe.expression?.value ?? "", recipeModels));
    else {
      const action = rule?.action.kind === "method" ? rule.action : undefined;
      const method = action?.method === undefined ? this.#method : findMethod(action.method);
      const request = requestFor(method, place, { scope, sources: owns });
      recipe = this.#recipeOf(
        action === undefined
          ? request
          : { ...request, params: { ...request.params, ...action.params }, weights: action.weights ?? request.weights },
        recipeModels,
      );
    }
    if (recipe === undefined) return undefined;
    const role = rolesOf(new Map([...wanted.entries.values()].map((entry) => [key, entry] as const))).get(key) as Role;
    const planned = planTensor(key, {
      models,
      statistics,
      role: statisticRole(key, this.#entriesOf(names[0])) ?? role,
      recipe,
      copyFrom: rule?.action.kind === "copy" ? rule.action.model : undefined,
      isNamed: rule?.glob === key,
      options: {
        buffers: this.#recipe.buffers,
        dtype: this.#recipe.outDtype ?? this.#recipe.dtype,
        seed: this.#options.seed ?? this.#recipe.seed,
      },
    });
    if ("tensor" in planned) return planned.tensor;
    this.#problems.push(planned.problem);
    return undefined;
  }

  #attempt<T>(make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof OnebasinError)) throw error;
      this.#addProblem(error);
      return undefined;
    }
  }

  #addProblem(problem: OnebasinError): void {
    if (this.#problems.every(({ message }) => message !== problem.message)) this.#problems.push(problem);
  }

  #recipeOf(request: Parameters<typeof methodRecipe>[0], models: RecipeModels): Recipe | undefined {
    const id = JSON.stringify([request, models]);
    if (!this.#recipes.has(id)) {
      const { recipe, problems } = methodRecipe(request, models);
      const { place } = this.#recipe.method;
      for (const { code, message, hint } of problems)
        this.#addProblem(new OnebasinError(code, `${place}: ${message}`, { hint }));
      this.#recipes.set(id, recipe);
    }
    return this.#recipes.get(id);
  }

  /** The models as the planner of tensors takes them. */
  #fitted(key: string, names: readonly string[], entries: ReadonlyMap<string, TensorEntry>): PlanModel[] {
    const fitted = this.#tables.fit(key, new Map([...entries].filter(([name]) => names.includes(name))));
    return names.map((name, i) => {
      const { entry, rows } = fitted.get(name) ?? {};
      return {
        name: i === names.length - 1 && name === this.#recipe.base?.value && i > 0 ? "base" : modelName(i),
        file: this.#checkpoint(name).name,
        entries: new Map(entry === undefined ? [] : [[key, entry] as const]),
        firstSource: this.#firstSource.get(name) as number,
        rows: rows && new Map([[key, rows]]),
      };
    });
  }
}

/** A running mean is known by its neighbour, which a lone key does not have. */
function statisticRole(key: string, entries: ReadonlyMap<string, TensorEntry>): Role | undefined {
  if (!key.endsWith("running_mean") && !key.endsWith("running_var")) return undefined;
  return rolesOf(entries).get(key);
}
