import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { hasVocabularyRows } from "../merge/recipe-file/layers.js";
import { modelsOf, type RecipeFile, type RecipeTokenizer } from "../merge/recipe-file/recipe-file.js";
import type { RecipeVocabulary } from "../merge/recipe-file/vocabulary-tables.js";
import { addTokens } from "../tokenizer/add-tokens.js";
import { extendVocabulary, missingTokens, plainToken } from "../tokenizer/extend-vocabulary.js";
import { readVocabulary } from "../tokenizer/read-vocabulary.js";
import type { Vocabulary } from "../tokenizer/vocabulary.js";
import type { OpenedModel } from "./open-model.js";

/** The tokenizer of a recipe's result. */
export interface OpenedTokenizer {
  /** By name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Absent where no vocabulary could be read: rows are then merged as they stand. */
  readonly vocabulary?: RecipeVocabulary;
  readonly notes: readonly string[];
}

/**
 * Reads the tokenizers of a recipe's models and makes the one of its result: the base's, a model's, or the base's with
 * the tokens of all others behind its own; and behind these, tokens that the recipe names and it lacks.
 *
 * @throws `bad-file` for a tokenizer that cannot be read, `unsupported` for one that no token can be added to
 */
export async function openTokenizer(
  recipe: RecipeFile,
  tokenizer: RecipeTokenizer,
  models: ReadonlyMap<string, OpenedModel>,
): Promise<OpenedTokenizer> {
  const base = recipe.base?.value ?? modelsOf(recipe)[0].value;
  const source = tokenizer.source.value;
  const notes: string[] = [];
  const filesOf = new Map<string, OpenedTokenizer["files"]>();
  const read = new Map<string, Vocabulary>();
  for (const [name, model] of models) {
    const { tokenizer: found } = await model.files();
    filesOf.set(name, found);
    const vocabulary = readVocabulary(found, name);
    if (vocabulary !== undefined) read.set(name, vocabulary);
  }
  const wanted = source === "base" || source === "union" ? base : source;
  // As mergekit does, a model without a tokenizer is taken to have the base's.
  const keeper = [wanted, base].find((name) => read.has(name)) ?? wanted;
  const files = filesOf.get(keeper) as OpenedTokenizer["files"];
  const kept = read.get(keeper);
  if (kept === undefined) {
    const note = `${keeper} has no tokenizer.json or vocab.json to tell what rows stand for: they are merged as they stand.`;
    return { files, notes: [note] };
  }
  const own = new Map<string, Vocabulary>();
  for (const name of models.keys()) {
    const vocabulary = read.get(name);
    if (vocabulary === undefined)
      notes.push(`${name} has no tokenizer of its own: its rows are taken for those of ${base}.`);
    own.set(name, vocabulary ?? read.get(base) ?? kept);
  }
  const others = [...models].map(([name, { checkpoint }]) => ({
    vocabulary: own.get(name) as Vocabulary,
    rows: tableRows(checkpoint),
  }));
  const known = (token: string) => others.flatMap(({ vocabulary }) => vocabulary.added.get(token) ?? [])[0];
  const result = extendVocabulary(kept, [
    ...(source === "union" ? missingTokens(kept, others) : []),
    ...[...tokenizer.tokens.keys()].map((token) => known(token) ?? plainToken(token)),
  ]);
  const { size } = result.ids;
  const added = result.additions.length === 0 ? "" : `, ${result.additions.length} of them new to ${keeper}`;
  notes.push(`The vocabulary has ${size} tokens${added}.`);
  for (const [name, { ids }] of own) {
    const lacking = [...result.ids.keys()].filter((token) => !ids.has(token)).length;
    if (lacking > 0)
      notes.push(`${name} lacks ${lacking} of them: its rows for these are taken from models that have them.`);
  }
  return {
    files: addTokens(files, { tokens: result.additions, model: keeper }),
    vocabulary: { result, own, tokenizer, base },
    notes,
  };
}

/** Rows of the longest of a model's vocabulary tables. */
function tableRows({ entries }: Checkpoint): number {
  let rows = 0;
  for (const [key, { shape }] of entries) if (hasVocabularyRows(key)) rows = Math.max(rows, shape[0]);
  return rows;
}
