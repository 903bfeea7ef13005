import type { Features } from "../../align/zip/map-units.js";
import { unmergedHead } from "../../align/zip/unmerged-head.js";
import type { Model } from "../../align/zip/zip-part.js";
import type { ImageSet } from "../../data/image-set.js";
import type { Head } from "../../network/join-heads.js";
import { fitFeatures } from "./fit-features.js";
import type { MergeTrunkOptions } from "./merge-trunk.js";
import type { TrunkPlan } from "./plan-trunk.js";

/**
 * Sets each model's own layers on a merged trunk.
 *
 * @param options.imagesOf what the head of each model is for
 */
export async function unmergeHeads(
  plan: TrunkPlan,
  trunk: Model,
  { imagesOf, ...options }: MergeTrunkOptions & { readonly imagesOf: (model: number) => readonly ImageSet[] },
): Promise<Head[]> {
  const { parts, features } = plan;
  const heads: Head[] = [];
  for (const [index, part] of parts.entries()) {
    const fitted = new Map<string, Features>();
    for (const value of options.unmerge === "fit" ? parts[0].split.boundary : []) {
      const models = [{ index, model: part.trunk }];
      const found = await fitFeatures(plan, value, { ...options, images: imagesOf(index), trunk, models });
      if (found !== undefined) fitted.set(part.names.get(value)!, found[0]);
    }
    heads.push(unmergedHead(part, trunk.state, (value) => fitted.get(value) ?? features[index]));
  }
  return heads;
}
