import { badFile, overLimit, quoted } from "./file-errors.js";

/** Objects are maps: any key is only a key, `__proto__` as well, and the order is that of the text. */
export type Json = null | boolean | number | string | readonly Json[] | ReadonlyMap<string, Json>;

/** The deepest header in use has 4 levels; recursion must not exhaust the stack. */
const MAX_DEPTH = 32;
/** Enough for 250,000 tensors. An empty object takes some 200 bytes, so this bounds memory as well. */
const MAX_VALUES = 2_000_000;

/**
 * Parses JSON as the standard has it, and refuses what `JSON.parse` lets pass unseen: keys given twice, lone
 * surrogates. Bytes must be UTF-8 without a byte order mark.
 *
 * @param name how messages name the file
 * @throws `bad-file` with the position, `limit`
 */
export function parseStrictJson(bytes: Uint8Array, name: string): Json {
  const text = decodeUtf8(bytes, name);
  const parser: Parser = { text, name, at: 0, values: 0 };
  skipSpace(parser);
  const value = parseValue(parser, 0);
  skipSpace(parser);
  if (parser.at < text.length) throw syntaxError(parser, "the JSON goes on after its end");
  return value;
}

interface Parser {
  readonly text: string;
  readonly name: string;
  at: number;
  values: number;
}

function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw badFile(name, "its JSON is not valid UTF-8");
  }
}

function syntaxError(parser: Parser, what: string) {
  return badFile(parser.name, `${what} (character ${parser.at} of its JSON)`, { position: parser.at });
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** What makes a string more than the characters between its quotes. */
const NOT_PLAIN = /[\\\p{Cc}]/u;
const LONE_SURROGATE = /\p{Surrogate}/u;

function matchAt(parser: Parser, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = parser.at;
  const match = pattern.exec(parser.text);
  if (match !== null) parser.at = pattern.lastIndex;
  return match;
}

function skipSpace(parser: Parser): void {
  matchAt(parser, SPACE);
}

function parseValue(parser: Parser, depth: number): Json {
  if (depth > MAX_DEPTH) throw overLimit(parser.name, `its JSON is nested deeper than ${MAX_DEPTH} levels`);
  if (++parser.values > MAX_VALUES) throw overLimit(parser.name, `its JSON holds more than ${MAX_VALUES} values`);
  const character = parser.text[parser.at];
  if (character === "{") return parseObject(parser, depth);
  if (character === "[") return parseArray(parser, depth);
  if (character === '"') return parseString(parser);
  for (const [word, value] of WORDS) {
    if (!parser.text.startsWith(word, parser.at)) continue;
    parser.at += word.length;
    return value;
  }
  const number = matchAt(parser, NUMBER);
  if (number === null) throw syntaxError(parser, "a JSON value is missing or malformed");
  return Number(number[0]);
}

const WORDS = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;

function parseString(parser: Parser): string {
  const { text, at: start } = parser;
  const end = closingQuote(parser);
  parser.at = end + 1;
  const plain = text.slice(start + 1, end);
  if (!NOT_PLAIN.test(plain)) return plain;
  let value: string;
  try {
    value = JSON.parse(text.slice(start, end + 1));
  } catch {
    throw syntaxError(parser, "a JSON string is malformed");
  }
  if (LONE_SURROGATE.test(value)) throw syntaxError(parser, "a JSON string holds half a character");
  return value;
}

/** Searched by hand: a regular expression would exhaust the stack on strings of many megabytes. */
function closingQuote(parser: Parser): number {
  const { text } = parser;
  for (let end = text.indexOf('"', parser.at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  throw syntaxError(parser, "a JSON string does not end");
}

function parseArray(parser: Parser, depth: number): Json[] {
  const values: Json[] = [];
  parseItems(parser, "]", () => values.push(parseValue(parser, depth + 1)));
  return values;
}

function parseObject(parser: Parser, depth: number): Map<string, Json> {
  const members = new Map<string, Json>();
  parseItems(parser, "}", () => {
    if (parser.text[parser.at] !== '"') throw syntaxError(parser, "a JSON key is missing");
    const key = parseString(parser);
    if (members.has(key)) throw syntaxError(parser, `the key ${quoted(key)} is there twice`);
    skipSpace(parser);
    if (parser.text[parser.at++] !== ":") throw syntaxError(parser, "a colon is missing after a JSON key");
    skipSpace(parser);
    members.set(key, parseValue(parser, depth + 1));
  });
  return members;
}

/** The part that arrays and objects share: items between commas, up to the closing bracket. */
function parseItems(parser: Parser, close: string, parseItem: () => void): void {
  parser.at++;
  skipSpace(parser);
  if (parser.text[parser.at] === close) {
    parser.at++;
    return;
  }
  for (;;) {
    parseItem();
    skipSpace(parser);
    const separator = parser.text[parser.at++];
    if (separator === close) return;
    if (separator !== ",") throw syntaxError(parser, `a comma or "${close}" is missing`);
    skipSpace(parser);
  }
}
