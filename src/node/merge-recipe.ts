import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { type Checkpoint, closeCheckpoint } from "../checkpoint/checkpoint.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import type { WriteReport } from "../merge/execute/write-plan.js";
import { planRecipe, type RecipePlan, type RecipePlanOptions } from "../merge/recipe-file/plan-recipe.js";
import { modelsOf, type RecipeAlignment, type RecipeFile, statisticsOf } from "../merge/recipe-file/recipe-file.js";
import type { Placed } from "../merge/recipe-file/yaml-reader.js";
import { TORCH_NAMES } from "../tensor/dtype.js";
import { modelCard } from "./model-card.js";
import { correctConfig } from "./model-folder.js";
import { type OpenedModel, openModel } from "./open-model.js";
import { type OpenedTokenizer, openTokenizer } from "./open-tokenizer.js";
import { type SaveModelFolderOptions, saveModelFolder } from "./save-model-folder.js";

/** The recipe as it was run, under the name that mergekit gives it. */
const RECIPE_COPY = "mergekit_config.yml";

/** A recipe with all checks done, and no number read yet. */
export interface OpenedRecipe {
  readonly recipe: RecipeFile;
  readonly plan: RecipePlan;
  /** By the name that the recipe gives them. */
  readonly models: ReadonlyMap<string, OpenedModel>;
  /** Where the recipe says whose tokens count. */
  readonly tokenizer?: OpenedTokenizer;
  /** Where the recipe wants units in one order first: reads all models, aligns them, and plans the merge of these. */
  readonly align?: (run: Pick<SaveModelFolderOptions, "threads" | "signal" | "onProgress">) => Promise<RecipePlan>;
}

const ALIGN_WORD = /^\s*["']?align["']?\s*:/m;

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
  // Matchers, datasets and networks are loaded for those recipes only that want them.
  const aligner = ALIGN_WORD.test(text) ? await import("./align-recipe.js") : undefined;
  // So is the reader of YAML: a program that merges without recipes does not load it.
  const { parseRecipe } = await import("../merge/recipe-file/parse-recipe.js");
  const recipe = parseRecipe(text, path, aligner?.alignmentProblems);
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
    const tokenizer = recipe.tokenizer && (await openTokenizer(recipe, recipe.tokenizer, models));
    const planned = (from: ReadonlyMap<string, Checkpoint>, notes: readonly string[] = []): RecipePlan => {
      const plan = planRecipe(recipe, from, { ...options, statistics, vocabulary: tokenizer?.vocabulary });
      return { ...plan, notes: [...plan.notes, ...(tokenizer?.notes ?? []), ...notes] };
    };
    if (aligner === undefined || recipe.align === undefined) {
      return { recipe, plan: planned(checkpoints), models, tokenizer };
    }
    const network = await aligner.networkOfRecipe(recipe.align, checkpoints);
    const first = modelsOf(recipe)[0].value;
    const note = `Before anything is merged, units are put in the order of ${first} by "${recipe.align.using.value}".`;
    return {
      recipe,
      plan: planned(checkpoints, [note]),
      models,
      tokenizer,
      align: async (run) => {
        const { seed = recipe.seed } = options;
        const aligned = await aligner.alignModels(recipe.align as RecipeAlignment, checkpoints, {
          ...run,
          seed,
          network,
        });
        return planned(aligned.checkpoints, aligned.notes);
      },
    };
  } catch (error) {
    const opened = [...[...models.values()].map(({ checkpoint }) => checkpoint), ...statistics.values()];
    await Promise.all(opened.map(closeCheckpoint));
    throw error;
  }
}

/** What was written, and what there is to say about it. */
export interface SavedRecipe extends WriteReport {
  readonly notes: readonly string[];
}

/**
 * Writes a merged model as a folder that Hugging Face libraries load: shards and their index, configuration,
 * tokenizer, model card and the recipe. Every file appears under its name only when all are complete.
 *
 * @throws whatever `writePlan` and aligning throw
 */
export async function saveRecipe(
  opened: OpenedRecipe,
  folder: string,
  options: Omit<SaveModelFolderOptions, "files"> = {},
): Promise<SavedRecipe> {
  let { plan } = opened;
  try {
    plan = (await opened.align?.(options)) ?? plan;
    const files = await companionFiles({ ...opened, plan }, folder);
    return { ...(await saveModelFolder(plan, folder, { ...options, files })), notes: plan.notes };
  } finally {
    await Promise.all(plan.sources.map((source) => source.close?.()));
  }
}

/** Everything but the weights. */
async function companionFiles(
  { recipe, plan, models, tokenizer }: OpenedRecipe,
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
  for (const [name, bytes] of tokenizer?.files ?? owner.tokenizer) files.set(name, bytes);
  if (recipe.chatTemplate !== undefined) {
    files.set("chat_template.jinja", new TextEncoder().encode(recipe.chatTemplate));
  }
  files.set("README.md", modelCard(recipe, basename(resolve(folder))));
  files.set(RECIPE_COPY, new TextEncoder().encode(recipe.text));
  return files;
}
