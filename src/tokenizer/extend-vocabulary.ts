import { type AddedToken, endOfIds, type Vocabulary } from "./vocabulary.js";

/** A token with the row that stands for it. */
export interface NewToken extends AddedToken {
  readonly id: number;
}

/** A vocabulary that goes on where another ends. */
export interface ExtendedVocabulary extends Vocabulary {
  /** What is new, in the order of the ids. */
  readonly additions: readonly NewToken[];
}

/** A model's vocabulary and how many rows its table has: a token beyond these stands for nothing. */
export interface TabledVocabulary {
  readonly vocabulary: Vocabulary;
  readonly rows: number;
}

/** The tokens of others that a vocabulary lacks: words in the order of models and ids, then those that are cut out first. */
export function missingTokens(own: Vocabulary, others: readonly TabledVocabulary[]): AddedToken[] {
  const words = new Map<string, AddedToken>();
  const added = new Map<string, AddedToken>();
  for (const { vocabulary, rows } of others) {
    for (const [content, id] of [...vocabulary.ids].toSorted(([, a], [, b]) => a - b)) {
      if (id >= rows || own.ids.has(content)) continue;
      const token = vocabulary.added.get(content);
      if (token === undefined) words.set(content, words.get(content) ?? plainToken(content));
      else added.set(content, added.get(content) ?? token);
    }
  }
  return [...[...words].filter(([content]) => !added.has(content)), ...added].map(([, token]) => token);
}

/** Gives tokens the ids behind those there are; one that is there already stays as it is. */
export function extendVocabulary(own: Vocabulary, tokens: Iterable<AddedToken>): ExtendedVocabulary {
  const ids = new Map(own.ids);
  const added = new Map(own.added);
  const additions: NewToken[] = [];
  let id = endOfIds(own);
  for (const token of tokens) {
    if (ids.has(token.content)) continue;
    ids.set(token.content, id);
    added.set(token.content, token);
    additions.push({ ...token, id: id++ });
  }
  return { ids, added, additions };
}

/** A word without any flag, as a tokenizer that learns it later treats it. */
export function plainToken(content: string): AddedToken {
  return { content, single_word: false, lstrip: false, rstrip: false, normalized: true, special: false };
}
