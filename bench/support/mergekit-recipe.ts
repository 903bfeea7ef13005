import { linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MergeMethod } from "../../src/merge/method.js";
import { type FloatDType, TORCH_NAMES } from "../../src/tensor/dtype.js";
import { llamaConfig } from "./llama-shapes.js";

/** mergekit's methods whose recipes need more than models, weights and a base of their own. */
const SPECIAL: Readonly<Record<string, { readonly firstIsBase?: boolean; readonly parameters?: object }>> = {
  slerp: { firstIsBase: true, parameters: { t: 0.5 } },
  nearswap: { firstIsBase: true, parameters: { t: 0.001 } },
  arcee_fusion: { firstIsBase: true },
};

/** Methods that mergekit does not know. */
const OWN: ReadonlySet<string> = new Set([
  "mean",
  "sum",
  "difference",
  "product",
  "max_magnitude",
  "geometric_mean",
  "magnitude_prune",
  "consensus_ta",
]);

export interface RecipeRequest {
  /** Folders, as `makeModelFolder` gives them. */
  readonly models: readonly string[];
  readonly base: string | undefined;
  readonly dtype: FloatDType;
}

/** A recipe of equal weights, and of half the density where there is one; undefined where mergekit has no such method. */
export function mergekitRecipe(
  { id, base: ownBase, perModel = {} }: MergeMethod,
  { models, base, dtype }: RecipeRequest,
): string | undefined {
  if (OWN.has(id)) return undefined;
  const { firstIsBase = false, parameters } = SPECIAL[id] ?? {};
  const each = { weight: 0.5, ...("density" in perModel ? { density: 0.5 } : {}) };
  const recipe = {
    merge_method: id,
    ...(firstIsBase ? { base_model: models[0] } : ownBase === "required" ? { base_model: base } : {}),
    models: models.map((model) => ({ model, ...(firstIsBase ? {} : { parameters: each }) })),
    ...(parameters && { parameters }),
    dtype: TORCH_NAMES[dtype],
  };
  // All JSON is YAML.
  return JSON.stringify(recipe, undefined, 2);
}

/** A folder that transformers takes for a Llama, around a checkpoint of `makeCheckpoint`. */
export function makeModelFolder(
  folder: string,
  { checkpoint, scale, dtype }: { readonly checkpoint: string; readonly scale: number; readonly dtype: FloatDType },
): string {
  mkdirSync(folder);
  linkSync(checkpoint, join(folder, "model.safetensors"));
  const config = { ...llamaConfig(scale), torch_dtype: TORCH_NAMES[dtype] };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config, undefined, 2));
  return folder;
}
