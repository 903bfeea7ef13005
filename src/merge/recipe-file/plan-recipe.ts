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
import {
  hasVocabularyRows,
  type LayerStacks,
  layerOf,
  layerStacks,
  standsBeforeLayers,
  tiedEmbedding,
} from "./layers.js";
import { modelsOf, type RecipeFile, type RecipeModule, type RecipeSlice, type RecipeSource } from "./recipe-file.js";
import type { KeyPlace } from "./recipe-parameters.js";
import { checkSettings, requestFor } from "./recipe-settings.js";

export interface RecipePlanOptions {
  readonly allowNonFinite?: boolean;
  /** Goes before the recipe's own. */
  readonly seed?: number;
}

/** What a recipe comes to, and what its output folder needs to know. */
export interface RecipePlan extends TensorPlan {
  /** Layers of the main stack, when slices were stacked. */
  readonly layers?: number;
  /** Rows of the vocabulary tables, when the models' differ. */
  readonly vocabulary?: number;
}

/** One output tensor before its formula is known: which models it comes from, and under which key. */
interface Wanted {
  readonly key: string;
  readonly place: KeyPlace;
  readonly module: RecipeModule;
  readonly slice: RecipeSlice;
  /** By model name in the recipe: the entry, under its output key. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
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
  readonly #recipes = new Map<string, Recipe | undefined>();
  #vocabulary: number | undefined;

  constructor(recipe: RecipeFile, checkpoints: ReadonlyMap<string, Checkpoint>, options: RecipePlanOptions) {
    this.#recipe = recipe;
    this.#checkpoints = checkpoints;
    this.#options = options;
    this.#method = methodOf(recipe);
  }

  plan(): RecipePlan {
    const { problems, notes } = checkSettings(this.#recipe, this.#method);
    this.#problems.push(...problems);
    this.#notes.push(...notes);
    this.#openModels();
    const rules = this.#rules();
    const { wanted, layers } = this.#wanted();
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
    throwProblems(this.#problems, this.#recipe.name);
    const buffers = buffersNote(tensors, this.#recipe.buffers ?? "merge");
    const all = [...this.#checkpoints.values()];
    return {
      tensors,
      sources: all.flatMap(({ sources }) => sources),
      sourceNames: all.flatMap(({ sources, name }) => sources.map(() => name)),
      metadata: {},
      moduleVersions: all[0].moduleVersions,
      notes: [
        ...all.flatMap(({ name, notes: own }) => own.map((note) => `${name}: ${note}`)),
        ...this.#notes,
        ...(buffers === undefined ? [] : [buffers]),
      ],
      allowNonFinite: this.#options.allowNonFinite ?? false,
      layers,
      vocabulary: this.#vocabulary,
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
  }

  #checkpoint(name: string): Checkpoint {
    const checkpoint = this.#checkpoints.get(name);
    if (checkpoint === undefined) throw new Error(`the model ${name} was not opened`);
    return checkpoint;
  }

  #entriesOf(name: string): ReadonlyMap<string, TensorEntry> {
    return this.#entries.get(name) as ReadonlyMap<string, TensorEntry>;
  }

  #rules(): Rule[] {
    return this.#recipe.rules.flatMap(({ value, place }) => {
      try {
        return parseRule(value);
      } catch (error) {
        if (!(error instanceof OnebasinError)) throw error;
        this.#problems.push(new OnebasinError(error.code, `${place}: ${error.message}`, { hint: error.hint }));
        return [];
      }
    });
  }

  /** Every tensor of the output, in the order of the first model, stacked layers in their new order. */
  #wanted(): { readonly wanted: readonly Wanted[]; readonly layers?: number } {
    const found = new Map<string, Wanted>();
    let stacked: number | undefined;
    for (const module of this.#recipe.modules) {
      const isMine = moduleFilter(module, this.#recipe.modules);
      const isStacked = module.slices.some(({ sources }) => sources.some(({ layers }) => layers !== undefined));
      if (isStacked) stacked = (stacked ?? 0) + this.#stack(module, isMine, found);
      else this.#whole(module, isMine, found);
    }
    return { wanted: [...found.values()], layers: stacked };
  }

  #whole(module: RecipeModule, isMine: (key: string) => boolean, found: Map<string, Wanted>): void {
    for (const slice of module.slices) {
      const names = this.#namesIn(slice);
      const stacks = layerStacks(names.flatMap((name) => [...this.#entriesOf(name).keys()]));
      for (const key of new Set(names.flatMap((name) => [...this.#entriesOf(name).keys()]))) {
        if (!isMine(key)) continue;
        const entries = new Map<string, TensorEntry>();
        for (const name of names) {
          const entry = this.#find(name, key);
          if (entry !== undefined) entries.set(name, entry);
        }
        found.set(key, { key, place: { key, depth: depthOf(key, stacks) }, module, slice, entries });
      }
    }
  }

  /** The layers of a module's slices one after the other; gives their count. */
  #stack(module: RecipeModule, isMine: (key: string) => boolean, found: Map<string, Wanted>): number {
    let next = 0;
    const last = module.slices.length - 1;
    for (const [i, slice] of module.slices.entries()) {
      const names = this.#namesIn(slice);
      const count = rangeOf(slice.sources[0]).to - rangeOf(slice.sources[0]).from;
      const ranges = new Map(slice.sources.map((source) => [source.model.value, rangeOf(source)]));
      for (const name of names) this.#checkRange(name, ranges.get(name), { slice, isMine });
      for (const name of names) {
        const { from } = ranges.get(name) ?? rangeOf(slice.sources[0]);
        const { main } = layerStacks([...this.#entriesOf(name).keys()].filter(isMine));
        for (const [key, entry] of this.#entriesOf(name)) {
          if (!isMine(key)) continue;
          const layer = layerOf(key);
          const inStack = layer !== undefined && layer.stack === main;
          if (inStack && (layer.layer < from || layer.layer >= from + count)) continue;
          if (!inStack && i !== (standsBeforeLayers(key) ? 0 : last)) continue;
          const outKey = inStack ? `${layer.stack}.${next + layer.layer - from}.${layer.rest}` : key;
          const depth = inStack ? shareOf(layer.layer - from, count) : undefined;
          const known = found.get(outKey);
          const entries = new Map([...(known?.entries ?? []), [name, entry] as const]);
          found.set(outKey, { key: outKey, place: { key, depth }, module, slice, entries });
        }
      }
      next += count;
    }
    return next;
  }

  #checkRange(
    name: string,
    range: RecipeSource["layers"],
    { slice, isMine }: { readonly slice: RecipeSlice; readonly isMine: (key: string) => boolean },
  ): void {
    const { main, counts } = layerStacks([...this.#entriesOf(name).keys()].filter(isMine));
    const count = main === undefined ? 0 : (counts.get(main) ?? 0);
    if (range === undefined || range.to <= count) return;
    this.#problems.push(
      new OnebasinError(
        "bad-argument",
        `${slice.place}: layer_range [${range.from}, ${range.to}] asks for more layers than ${name} has (${count}).`,
      ),
    );
  }

  /** The models of a slice, each once, the base among them. */
  #namesIn(slice: RecipeSlice): string[] {
    const base = slice.base ?? this.#recipe.base;
    const usesBase =
      base !== undefined &&
      (this.#method.base !== "none" || this.#method.models.max === 2 || this.#recipe.expression !== undefined);
    return [...new Set([...slice.sources.map(({ model }) => model.value), ...(usesBase ? [base.value] : [])])];
  }

  /** A model's entry; a tied output layer that is not stored is the embedding. */
  #find(name: string, key: string): TensorEntry | undefined {
    const entries = this.#entriesOf(name);
    const own = entries.get(key);
    if (own !== undefined) return own;
    const tied = tiedEmbedding(key, entries.keys());
    return tied === undefined ? undefined : entries.get(tied);
  }

  #tensor(wanted: Wanted, rule: Rule | undefined): PlannedTensor | undefined {
    const { slice, module, place, key } = wanted;
    const base = slice.base ?? this.#recipe.base;
    const { sources, baseName } = arrange(slice.sources, base?.value, this.#method);
    const names = [...sources.map(({ name }) => name), ...(baseName === undefined ? [] : [baseName])];
    const models = this.#fitted(key, names, wanted.entries);
    const recipeModels: RecipeModels = { names: models.map(({ name }) => name), hasBase: baseName !== undefined };
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

  /** The models as the planner of tensors takes them; vocabulary tables of unequal length are cut to the shortest. */
  #fitted(key: string, names: readonly string[], entries: ReadonlyMap<string, TensorEntry>): PlanModel[] {
    const having = names.flatMap((name) => entries.get(name) ?? []);
    const rows = hasVocabularyRows(key) ? [...new Set(having.map(({ shape }) => shape[0]))] : [];
    const fewest = rows.length > 1 ? Math.min(...rows) : undefined;
    if (fewest !== undefined && this.#vocabulary === undefined) {
      this.#vocabulary = fewest;
      this.#notes.push(
        `The vocabularies have ${rows.join(" and ")} rows; the first ${fewest} were merged, which is right where they hold the same words in the same order.`,
      );
    }
    return names.map((name, i) => {
      const entry = entries.get(name);
      const fitted =
        entry === undefined || fewest === undefined ? entry : { ...entry, shape: [fewest, ...entry.shape.slice(1)] };
      return {
        name: i === names.length - 1 && name === this.#recipe.base?.value && i > 0 ? "base" : modelName(i),
        file: this.#checkpoint(name).name,
        entries: new Map(fitted === undefined ? [] : [[key, fitted] as const]),
        firstSource: this.#firstSource.get(name) as number,
      };
    });
  }
}

function methodOf({ method }: RecipeFile): MergeMethod {
  try {
    return findMethod(method.value);
  } catch (error) {
    if (!(error instanceof OnebasinError)) throw error;
    throw new OnebasinError(error.code, `${method.place}: ${error.message}`, { hint: error.hint });
  }
}

const rangeOf = ({ layers }: RecipeSource): { from: number; to: number } => layers ?? { from: 0, to: 0 };

const shareOf = (layer: number, count: number): number => (count > 1 ? layer / (count - 1) : 0);

function depthOf(key: string, { counts }: LayerStacks): number | undefined {
  const layer = layerOf(key);
  return layer === undefined ? undefined : shareOf(layer.layer, counts.get(layer.stack) ?? 1);
}

/** Which keys a module stands for: those that begin with its name, or all when it is the only one. */
function moduleFilter({ name }: RecipeModule, modules: readonly RecipeModule[]): (key: string) => boolean {
  if (name === undefined || modules.length === 1) return () => true;
  const stem = name.replace(/_(model|decoder|encoder)$/, "");
  const mine = (module: string, key: string): boolean =>
    key.split(".").some((part) => part === module || part === `${module}_model` || part === `${module}_tower`);
  const others = modules.flatMap((other) =>
    other.name === undefined || other.name === name ? [] : [other.name.replace(/_(model|decoder|encoder)$/, "")],
  );
  // What no module's name is found in belongs to the first.
  return (key) =>
    mine(stem, key) || mine(name, key) || (modules[0].name === name && !others.some((other) => mine(other, key)));
}

/** A running mean is known by its neighbour, which a lone key does not have. */
function statisticRole(key: string, entries: ReadonlyMap<string, TensorEntry>): Role | undefined {
  if (!key.endsWith("running_mean") && !key.endsWith("running_var")) return undefined;
  return rolesOf(entries).get(key);
}

interface Arranged {
  readonly sources: readonly { readonly name: string; readonly source?: RecipeSource }[];
  readonly baseName?: string;
}

/**
 * The models in the order that a method takes them. Methods of task vectors take the base apart; those of two models
 * take it as the first, whether or not the recipe lists it.
 */
function arrange(sources: readonly RecipeSource[], base: string | undefined, method: MergeMethod): Arranged {
  const named = sources.map((source) => ({ name: source.model.value, source }));
  if (base === undefined) return { sources: named };
  const others = named.filter(({ name }) => name !== base);
  if (method.base !== "none") return { sources: others, baseName: base };
  if (method.models.max !== 2) return { sources: named };
  return { sources: [named.find(({ name }) => name === base) ?? { name: base }, ...others] };
}
