import type { RecipeTokenizer, TokenSetting } from "./recipe-file.js";
import type { Placed, YamlReader } from "./yaml-reader.js";

type Members = ReturnType<YamlReader["members"]>;
type ReadModel = (node: unknown, reader: YamlReader) => Placed<string> | undefined;
interface Reading {
  /** Reads a model's name, in its short form or its long one. */
  readonly readModel: ReadModel;
  readonly reader: YamlReader;
}

const SOURCE_KINDS = ["zero", "model_token"];

/** What a recipe says of the tokenizer: `tokenizer_source` or, in its long form, `tokenizer`. */
export function readTokenizer(top: Members, { readModel, reader }: Reading): RecipeTokenizer | undefined {
  const short = top.get("tokenizer_source");
  if (!top.has("tokenizer")) {
    const source = short && namedModel(short.value, { readModel, reader });
    return source && { source, tokens: new Map() };
  }
  const { key, value } = top.get("tokenizer") as { key: unknown; value: unknown };
  if (short !== undefined) reader.report(key, "Give either tokenizer or tokenizer_source.");
  const members = reader.members(value, "tokenizer", ["source", "tokens", "pad_to_multiple_of"]);
  const named = members.get("source");
  const source =
    named === undefined ? { value: "union", place: reader.place(key) } : namedModel(named.value, { readModel, reader });
  const tokens = new Map<string, TokenSetting>();
  const list = members.get("tokens");
  for (const [token, setting] of list === undefined ? [] : reader.members(list.value, "tokens")) {
    tokens.set(token, readToken(token, setting.value, { readModel, reader }));
  }
  const padding = members.get("pad_to_multiple_of");
  const padTo = padding && reader.whole(padding.value, "pad_to_multiple_of");
  if (padTo === 0) reader.report(padding?.value, "pad_to_multiple_of must be at least 1.");
  return source && { source, tokens, padTo };
}

function readToken(token: string, node: unknown, { readModel, reader }: Reading): TokenSetting {
  const members = reader.members(node, `Token "${token}"`, ["source", "force"]);
  const given = members.get("force");
  const force = given !== undefined && reader.scalar(given.value);
  if (typeof force !== "boolean") reader.report(given?.value, "force must be true or false.");
  const named = members.get("source");
  const setting = { place: reader.place(node), force: force === true };
  return named === undefined ? setting : { ...setting, source: readSource(named.value, { readModel, reader }) };
}

function readSource(node: unknown, { readModel, reader }: Reading): TokenSetting["source"] {
  const isKind = reader.isMap(node) && reader.members(node, "source").has("kind");
  if (!isKind) {
    const model = namedModel(node, { readModel, reader });
    return model && { kind: "model", model: model.value };
  }
  const members = reader.members(node, "source", ["kind", "model", "token", "token_id"]);
  const kind = reader.scalar(members.get("kind")?.value);
  if (kind === "zero") return { kind: "zero" };
  if (kind !== "model_token") {
    return reader.report(members.get("kind")?.value, `kind must be one of ${SOURCE_KINDS.join(", ")}.`);
  }
  const model = members.has("model") ? namedModel(members.get("model")?.value, { readModel, reader }) : undefined;
  const id = members.get("token_id");
  const text = members.get("token");
  if (model === undefined || (id === undefined) === (text === undefined)) {
    return reader.report(node, "A model_token needs a model, and either a token or a token_id.");
  }
  const token = id === undefined ? reader.scalar(text?.value) : reader.whole(id.value, "token_id");
  return token === undefined
    ? undefined
    : { kind: "token", model: model.value, token: id === undefined ? String(token) : Number(token) };
}

/** A model, or `base`; some write `model:` before it. */
function namedModel(node: unknown, { readModel, reader }: Reading): Placed<string> | undefined {
  const named = readModel(node, reader);
  return named && { ...named, value: named.value.replace(/^model:/, "") };
}
