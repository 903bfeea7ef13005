import { OnebasinError } from "../core/errors.js";
import { isObject, type JsonObject, parseObject } from "./parse-json.js";
import type { AddedToken, Vocabulary } from "./vocabulary.js";

/** The largest vocabularies have about a quarter of a million tokens; an id beyond this is a broken file. */
const MAX_ID = 2 ** 24;

/**
 * Reads the vocabulary of a tokenizer as Hugging Face stores it: `tokenizer.json`, or else `vocab.json` or `vocab.txt`
 * with `added_tokens.json`.
 *
 * @param files by name
 * @param model how messages name the model
 * @returns nothing where no file has a vocabulary
 * @throws `bad-file` for one that is no JSON, or whose ids are no whole numbers
 */
export function readVocabulary(files: ReadonlyMap<string, Uint8Array>, model: string): Vocabulary | undefined {
  const json = (name: string): JsonObject | undefined => parseObject(files.get(name), `${model}/${name}`);
  const tokenizer = json("tokenizer.json");
  if (tokenizer !== undefined && isObject(tokenizer.model) && tokenizer.model.vocab !== undefined) {
    return collect(entriesOf(tokenizer.model.vocab), addedTokens(tokenizer.added_tokens), `${model}/tokenizer.json`);
  }
  const more = Object.entries(json("added_tokens.json") ?? {}).map(([content, id]) => ({ id, content }));
  const words = json("vocab.json");
  if (words !== undefined) return collect(Object.entries(words), addedTokens(more), `${model}/vocab.json`);
  const lines = files.get("vocab.txt");
  if (lines === undefined) return undefined;
  const text = new TextDecoder().decode(lines).replace(/\r?\n$/, "");
  const ids = text.split(/\r?\n/).map((token, id) => [token, id] as const);
  return collect(ids, addedTokens(more), `${model}/vocab.txt`);
}

function collect(
  words: Iterable<readonly [string, unknown]>,
  more: readonly (AddedToken & { readonly id: unknown })[],
  file: string,
): Vocabulary {
  const ids = new Map<string, number>();
  const keep = (token: string, id: unknown): void => {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > MAX_ID) {
      throw new OnebasinError("bad-file", `${file}: token ${JSON.stringify(token)} has the id ${JSON.stringify(id)}.`);
    }
    ids.set(token, id as number);
  };
  for (const [token, id] of words) keep(token, id);
  const added = new Map<string, AddedToken>();
  for (const { id, ...token } of more) {
    keep(token.content, id);
    added.set(token.content, token);
  }
  return { ids, added };
}

/** Tokens and ids of a model's `vocab`: a map, or a list of pairs (token, score) in the order of the ids. */
function entriesOf(vocab: unknown): readonly (readonly [string, unknown])[] {
  if (Array.isArray(vocab)) return vocab.map((pair, id) => [String(Array.isArray(pair) ? pair[0] : pair), id] as const);
  return Object.entries(isObject(vocab) ? vocab : {});
}

function addedTokens(list: unknown): (AddedToken & { readonly id: unknown })[] {
  return (Array.isArray(list) ? list : []).filter(isObject).map((token) => ({
    id: token.id,
    content: String(token.content),
    single_word: token.single_word === true,
    lstrip: token.lstrip === true,
    rstrip: token.rstrip === true,
    normalized: typeof token.normalized === "boolean" ? token.normalized : token.special !== true,
    special: token.special === true,
  }));
}
