import type { FloatDType } from "../../tensor/dtype.js";
import type { BufferPolicy } from "../merge-options.js";
import type { Scalar, Settings } from "./recipe-parameters.js";
import type { Placed } from "./yaml-reader.js";

/** A part of the output made of layers [from, to) of each source, or of whole models where no range is given. */
export interface RecipeSlice {
  readonly sources: readonly RecipeSource[];
  readonly parameters: Settings;
  readonly base?: Placed<string>;
  readonly place: string;
}

export interface RecipeSource {
  /** A folder, a file or a name on the Hub; `+adapter` behind it merges an adapter in. */
  readonly model: Placed<string>;
  /** What was measured of the model, for methods that weigh by it. */
  readonly statistics?: Placed<string>;
  readonly layers?: { readonly from: number; readonly to: number };
  readonly parameters: Settings;
}

export interface RecipeModule {
  /** Absent when the recipe has no `modules`. */
  readonly name?: string;
  readonly slices: readonly RecipeSlice[];
  readonly parameters: Settings;
}

/** Putting units in one order first, as a recipe asks for it. */
export interface RecipeAlignment {
  /** Id of a matcher. */
  readonly using: Placed<string>;
  /** The matcher's parameters. */
  readonly params: Readonly<Record<string, Scalar>>;
  /** Which network the models are; told by their keys where absent. */
  readonly architecture?: Placed<string>;
  /** Datasets whose training images are looked at. */
  readonly data: readonly Placed<string>[];
  /** How many of each. */
  readonly images?: number;
}

/** Whose words the result has. */
export interface RecipeTokenizer {
  /** `base`, `union`, or the name of a model. */
  readonly source: Placed<string>;
  readonly tokens: ReadonlyMap<string, TokenSetting>;
  /** Tables get rows up to a multiple of this. */
  readonly padTo?: number;
}

/** Where the row of a token comes from in models that have none for it. */
export interface TokenSetting {
  readonly place: string;
  readonly source?:
    | { readonly kind: "zero" }
    /** This very token of a model. */
    | { readonly kind: "model"; readonly model: string }
    /** A token of a model, by its text or its id. */
    | { readonly kind: "token"; readonly model: string; readonly token: string | number };
  /** Whether models that have one take this all the same. */
  readonly force: boolean;
}

/** A merge as written in a file: mergekit's words, and onebasin's own beside them. */
export interface RecipeFile {
  /** How messages name the file. */
  readonly name: string;
  readonly text: string;
  readonly method: Placed<string>;
  readonly base?: Placed<string>;
  readonly modules: readonly RecipeModule[];
  readonly parameters: Settings;
  readonly dtype?: FloatDType;
  readonly outDtype?: FloatDType;
  /** Absent: the base's files, and tables of unequal length are cut to the shortest. */
  readonly tokenizer?: RecipeTokenizer;
  readonly chatTemplate?: string;
  readonly expression?: Placed<string>;
  readonly rules: readonly Placed<string>[];
  readonly buffers?: BufferPolicy;
  readonly profile?: string;
  readonly seed?: number;
  readonly align?: RecipeAlignment;
}

/** Every file of statistics that a recipe names, once, in the order of the text. */
export function statisticsOf(recipe: RecipeFile): Placed<string>[] {
  const all = recipe.modules.flatMap(({ slices }) =>
    slices.flatMap(({ sources }) => sources.flatMap(({ statistics }) => statistics ?? [])),
  );
  return all.filter(({ value }, i) => all.findIndex((other) => other.value === value) === i);
}

/** Every model that a recipe names, once, in the order of the text. */
export function modelsOf(recipe: RecipeFile): Placed<string>[] {
  const all = [
    ...(recipe.base === undefined ? [] : [recipe.base]),
    ...recipe.modules.flatMap(({ slices }) =>
      slices.flatMap(({ sources, base }) => [
        ...(base === undefined ? [] : [base]),
        ...sources.map(({ model }) => model),
      ]),
    ),
  ];
  return all.filter(({ value }, i) => all.findIndex((other) => other.value === value) === i);
}
