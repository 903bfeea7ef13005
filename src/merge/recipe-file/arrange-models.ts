import type { MergeMethod } from "../method.js";
import type { RecipeSource } from "./recipe-file.js";

interface Arranged {
  readonly sources: readonly { readonly name: string; readonly source?: RecipeSource }[];
  readonly baseName?: string;
}

/**
 * The models in the order that a method takes them. Methods of task vectors take the base apart; those of two models
 * take it as the first, whether or not the recipe lists it.
 */
export function arrangeModels(
  sources: readonly RecipeSource[],
  base: string | undefined,
  method: MergeMethod,
): Arranged {
  const named = sources.map((source) => ({ name: source.model.value, source }));
  if (base === undefined) return { sources: named };
  const others = named.filter(({ name }) => name !== base);
  if (method.base !== "none") return { sources: others, baseName: base };
  if (method.models.max !== 2) return { sources: named };
  return { sources: [named.find(({ name }) => name === base) ?? { name: base }, ...others] };
}
