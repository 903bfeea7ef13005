import type { RecipeAlignment, RecipeModule } from "./recipe-file.js";
import type { Scalar } from "./recipe-parameters.js";
import type { Placed, YamlReader } from "./yaml-reader.js";

/** Words of a recipe that say more about `align`. */
export const ALIGNMENT_WORDS = ["arch", "data", "images"] as const;

/** Reads `align`: the name of a matcher, or a map of `using` and the matcher's parameters; and what goes with it. */
export function readAlignment(
  top: ReturnType<YamlReader["members"]>,
  modules: readonly RecipeModule[],
  reader: YamlReader,
): RecipeAlignment | undefined {
  const word = top.get("align");
  if (word === undefined) {
    for (const name of ALIGNMENT_WORDS) {
      if (top.has(name)) reader.report(top.get(name)?.key, `"${name}" does nothing without "align".`);
    }
    return undefined;
  }
  const sources = modules.flatMap(({ slices }) => slices.flatMap((slice) => slice.sources));
  if (sources.some(({ layers }) => layers !== undefined)) {
    reader.report(word.key, "Whole models are aligned, not their slices.", "Give the models as models.");
  }
  if (sources.some(({ statistics }) => statistics !== undefined)) {
    reader.report(
      word.key,
      "Statistics do not move with the units that are aligned.",
      "Align the models first: onebasin align",
    );
  }
  const { using, params } = reader.isMap(word.value)
    ? readMap(word.value, reader)
    : { using: reader.text(word.value, "align"), params: {} };
  const [arch, data, images] = ALIGNMENT_WORDS.map((name) => top.get(name)?.value);
  const architecture = arch === undefined ? undefined : reader.text(arch, "arch");
  if (using === undefined) return undefined;
  return {
    using,
    params,
    architecture,
    data: readData(data, reader),
    images: readImages(images, reader),
  };
}

function readMap(node: unknown, reader: YamlReader): { using?: Placed<string>; params: Record<string, Scalar> } {
  const params: Record<string, Scalar> = {};
  const members = reader.members(node, "align");
  for (const [name, { value }] of members) {
    const scalar = reader.scalar(value);
    if (name === "using") continue;
    if (typeof scalar === "number" || typeof scalar === "boolean" || typeof scalar === "string") params[name] = scalar;
    else reader.report(value, `"${name}" of align must be a single value.`);
  }
  const using = members.get("using");
  if (using === undefined)
    reader.report(node, 'align has no "using", the matcher.', "Matchers are: onebasin align --help");
  return { using: using === undefined ? undefined : reader.text(using.value, "using"), params };
}

function readImages(node: unknown, reader: YamlReader): number | undefined {
  const count = node === undefined ? undefined : reader.whole(node, "images");
  return count === 0 ? reader.report(node, "images must be at least 1.") : count;
}

function readData(node: unknown, reader: YamlReader): Placed<string>[] {
  if (node === undefined) return [];
  const words = reader.isList(node) ? reader.items(node, "data") : [node];
  return words.flatMap((word) => reader.text(word, "data") ?? []);
}
