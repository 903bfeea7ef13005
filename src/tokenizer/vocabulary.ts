/** A token that is cut out of a text before any other, with its flags as Hugging Face's `tokenizer.json` names them. */
export interface AddedToken {
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** The words of a language model. */
export interface Vocabulary {
  /** By token: the row that stands for it in the model's tables. */
  readonly ids: ReadonlyMap<string, number>;
  /** Those of them that are cut out first. */
  readonly added: ReadonlyMap<string, AddedToken>;
}

/** The id behind the last one. */
export function endOfIds({ ids }: Pick<Vocabulary, "ids">): number {
  let end = 0;
  for (const id of ids.values()) end = Math.max(end, id + 1);
  return end;
}
