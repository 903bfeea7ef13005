import { OnebasinError } from "../core/errors.js";
import type { NewToken } from "./extend-vocabulary.js";

/**
 * The files of a tokenizer that knows some tokens more: `tokenizer.json`, and `added_tokens_decoder` of
 * `tokenizer_config.json` and `added_tokens.json` where there are such. All others stay as they are.
 *
 * @throws `unsupported` when no file is there that tokens can be added to
 */
export function addTokens(
  files: ReadonlyMap<string, Uint8Array>,
  tokens: readonly NewToken[],
): ReadonlyMap<string, Uint8Array> {
  if (tokens.length === 0) return files;
  const changed = new Map(files);
  const change = (name: string, edit: (content: Record<string, unknown>) => Record<string, unknown> | undefined) => {
    const bytes = files.get(name);
    const content = bytes && edit(JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>);
    if (content === undefined) return false;
    changed.set(name, new TextEncoder().encode(`${JSON.stringify(content, undefined, 2)}\n`));
    return true;
  };
  const inTokenizer = change("tokenizer.json", (content) => {
    const list = Array.isArray(content.added_tokens) ? content.added_tokens : [];
    return { ...content, added_tokens: [...list, ...tokens] };
  });
  const inList = change("added_tokens.json", (content) => ({
    ...content,
    ...Object.fromEntries(tokens.map(({ content: token, id }) => [token, id])),
  }));
  if (!inTokenizer && !inList) {
    throw new OnebasinError(
      "unsupported",
      `The tokenizer has no tokenizer.json that ${tokens.length} tokens could be added to.`,
      {
        hint: "Save it with a fast tokenizer of transformers, or keep a tokenizer as it is: tokenizer_source: base",
      },
    );
  }
  change("tokenizer_config.json", (content) => {
    const known = content.added_tokens_decoder;
    if (typeof known !== "object" || known === null) return undefined;
    const more = Object.fromEntries(tokens.map(({ id, ...token }) => [id, token]));
    return { ...content, added_tokens_decoder: { ...known, ...more } };
  });
  return changed;
}
