import { OnebasinError } from "../core/errors.js";
import type { NewToken } from "./extend-vocabulary.js";
import { isObject, type JsonObject, parseObject } from "./parse-json.js";

/**
 * The files of a tokenizer that knows some tokens more: `tokenizer.json`, and `added_tokens_decoder` of
 * `tokenizer_config.json` and `added_tokens.json` where there are such. All others stay as they are.
 *
 * @param options.model how messages name the model that the files are of
 * @throws `bad-file` for one that is no JSON object; `unsupported` when no file is there that tokens can be added to
 */
export function addTokens(
  files: ReadonlyMap<string, Uint8Array>,
  { tokens, model }: { readonly tokens: readonly NewToken[]; readonly model: string },
): ReadonlyMap<string, Uint8Array> {
  if (tokens.length === 0) return files;
  const changed = new Map(files);
  const change = (name: string, edit: (content: JsonObject) => JsonObject | undefined): boolean => {
    const known = parseObject(files.get(name), `${model}/${name}`);
    const content = known && edit(known);
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
      `${model} has no tokenizer.json that ${tokens.length} tokens could be added to.`,
      {
        hint: "Save it with a fast tokenizer of transformers, or keep a tokenizer as it is: tokenizer_source: base",
      },
    );
  }
  change("tokenizer_config.json", (content) => {
    const known = content.added_tokens_decoder;
    if (!isObject(known)) return undefined;
    const more = Object.fromEntries(tokens.map(({ id, ...token }) => [id, token]));
    return { ...content, added_tokens_decoder: { ...known, ...more } };
  });
  return changed;
}
