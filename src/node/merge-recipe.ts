import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { type Checkpoint, closeCheckpoint } from "../checkpoint/checkpoint.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import type { WriteReport } from "../merge/execute/write-plan.js";
import { parseRecipe } from "../merge/recipe-file/parse-recipe.js";
import { planRecipe, type RecipePlan, type RecipePlanOptions } from "../merge/recipe-file/plan-recipe.js";
import { modelsOf, type RecipeFile, statisticsOf } from "../merge/recipe-file/recipe-file.js";
import type { Placed } from "../merge/recipe-file/yaml-reader.js";
import type { FloatDType } from "../tensor/dtype.js";
import { modelCard } from "./model-card.js";
import { correctConfig, type ModelFiles } from "./model-folder.js";
import { type OpenedModel, openModel } from "./open-model.js";
import { type SaveModelFolderOptions, saveModelFolder } from "./save-model-folder.js";

/** The recipe as it was run, under the name that mergekit gives it. */
const RECIPE_COPY = "mergekit_config.yml";

/** A recipe with all checks done, and no number read yet. */
export interface OpenedRecipe {
  readonly recipe: RecipeFile;
  readonly plan: RecipePlan;
  /** By the name that the recipe gives them. */
  readonly models: ReadonlyMap<string, OpenedModel>;
}

/**
 * Reads a recipe, opens the headers of its models and plans every tensor.
 *
 * A model's path is taken from the working folder or, when there is nothing, from the folder of the recipe.
 *
 * @throws `bad-argument` with every problem and its line and column; `missing-data` with every model that is not
 * there; whatever a plan throws
 */
export async function openRecipe(path: string, options: RecipePlanOptions = {}): Promise<OpenedRecipe> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new OnebasinError("missing-data", `There is no recipe ${path}.`, { cause });
  });
  const recipe = parseRecipe(text, path);
  const models = new Map<string, OpenedModel>();
  const problems: OnebasinError[] = [];
  const statistics = new Map<string, Checkpoint>();
  const attempt = async ({ value, place }: Placed<string>, keep: (opened: OpenedModel) => void): Promise<void> => {
    try {
      keep(await openModel(value, [".", dirname(path)]));
    } catch (error) {
      if (!(error instanceof OnebasinError)) throw error;
      problems.push(new OnebasinError(error.code, `${place}: ${error.message}`, { hint: error.hint, cause: error }));
    }
  };
  for (const named of modelsOf(recipe)) await attempt(named, (opened) => models.set(named.value, opened));
  for (const named of statisticsOf(recipe))
    await attempt(named, ({ checkpoint }) => statistics.set(named.value, checkpoint));
  try {
    throwProblems(problems, path);
    const checkpoints = new Map([...models].map(([name, { checkpoint }]) => [name, checkpoint]));
    return { recipe, plan: planRecipe(recipe, checkpoints, { ...options, statistics }), models };
  } catch (error) {
    const opened = [...[...models.values()].map(({ checkpoint }) => checkpoint), ...statistics.values()];
    await Promise.all(opened.map(closeCheckpoint));
    throw error;
  }
}

/**
 * Writes a merged model as a folder that Hugging Face libraries load: shards and their index, configuration,
 * tokenizer, model card and the recipe. Every file appears under its name only when all are complete.
 *
 * @throws whatever `writePlan` throws; `unknown-name` when the tokenizer's model is not in the recipe
 */
export async function saveRecipe(
  { recipe, plan, models }: OpenedRecipe,
  folder: string,
  options: Omit<SaveModelFolderOptions, "files"> = {},
): Promise<WriteReport> {
  try {
    return await saveModelFolder(plan, folder, {
      ...options,
      files: await companionFiles({ recipe, plan, models }, folder),
    });
  } finally {
    await Promise.all(plan.sources.map((source) => source.close?.()));
  }
}

/** Everything but the weights. */
async function companionFiles(
  { recipe, plan, models }: OpenedRecipe,
  folder: string,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const first = modelsOf(recipe)[0].value;
  const owner = await (models.get(recipe.base?.value ?? first) as OpenedModel).files();
  const files = new Map(owner.model);
  const config = files.get("config.json");
  if (config !== undefined) {
    const dtype = recipe.outDtype ?? recipe.dtype;
    const change = { layers: plan.layers, vocabulary: plan.vocabulary, dtype: dtype && TORCH_NAMES[dtype] };
    files.set("config.json", correctConfig(config, { name: "config.json", ...change }));
  }
  const tokenizer = await tokenizerFiles(recipe, models, owner);
  for (const [name, bytes] of tokenizer) files.set(name, bytes);
  if (recipe.chatTemplate !== undefined && recipe.chatTemplate !== "auto") {
    files.set("chat_template.jinja", new TextEncoder().encode(recipe.chatTemplate));
  }
  files.set("README.md", modelCard(recipe, basename(resolve(folder))));
  files.set(RECIPE_COPY, new TextEncoder().encode(recipe.text));
  return files;
}

const TORCH_NAMES: Readonly<Record<FloatDType, string>> = {
  f64: "float64",
  f32: "float32",
  f16: "float16",
  bf16: "bfloat16",
  f8_e4m3: "float8_e4m3fn",
  f8_e5m2: "float8_e5m2",
};

/** The tokenizer of the model that the recipe names; the base's, or the first model's, when it names none. */
async function tokenizerFiles(
  { tokenizer, name, ...recipe }: RecipeFile,
  models: OpenedRecipe["models"],
  owner: ModelFiles,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (tokenizer === undefined || tokenizer.value === "base") return owner.tokenizer;
  if (tokenizer.value === "union") return unionTokenizer(tokenizer.place, models, owner);
  const model = tokenizer.value.replace(/^model:/, "");
  const source = models.get(model);
  if (source !== undefined) return (await source.files()).tokenizer;
  throw new OnebasinError(
    "unknown-name",
    `${tokenizer.place}: the tokenizer is to come from "${model}", which is no model of ${name}.`,
    {
      hint: `Name one of ${modelsOf({ name, ...recipe })
        .map(({ value }) => value)
        .join(", ")}, or base.`,
    },
  );
}

/** The union of equal vocabularies is each of them; others would need rows of the embedding put in a new order. */
async function unionTokenizer(
  place: string,
  models: OpenedRecipe["models"],
  owner: ModelFiles,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const own = owner.tokenizer.get("tokenizer.json");
  for (const { files } of models.values()) {
    const other = (await files()).tokenizer.get("tokenizer.json");
    if (other === undefined || own === undefined || Buffer.compare(other, own) === 0) continue;
    throw new OnebasinError(
      "unsupported",
      `${place}: the tokenizers differ, and a union of vocabularies is not supported.`,
      {
        hint: "Merge models of one tokenizer, or say whose it is: tokenizer_source: base",
      },
    );
  }
  return owner.tokenizer;
}
