import fc from "fast-check";
import { expect, test } from "vitest";
import { type Json, parseStrictJson } from "./strict-json.js";

const parse = (text: string) => parseStrictJson(new TextEncoder().encode(text), "a.json");

function plain(json: Json): unknown {
  if (json instanceof Map) return Object.fromEntries([...json].map(([key, value]) => [key, plain(value)]));
  return Array.isArray(json) ? json.map(plain) : json;
}

test("what JSON.stringify writes is read as JSON.parse reads it", () => {
  const property = fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 2, "\t"), (value, space) => {
    const text = JSON.stringify(value, null, space);
    if (/\\ud[89a-f]/i.test(text)) return;
    expect(plain(parse(text))).toEqual(JSON.parse(text));
  });
  fc.assert(property, { numRuns: 500 });
});

test("text that is not JSON is refused as JSON.parse refuses it", () => {
  const piece = fc.constantFrom(..."{}[]\",:\\ntrue-+.eE01 \u0000'x");
  const property = fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
    const text = pieces.join("");
    let isJson = true;
    try {
      JSON.parse(text);
    } catch {
      isJson = false;
    }
    if (isJson) expect(plain(parse(text))).toEqual(JSON.parse(text));
    else expect(() => parse(text)).toThrow(expect.objectContaining({ code: "bad-file" }));
  });
  fc.assert(property, { numRuns: 3000 });
});

test.each(['{"a":1,"a":2}', '{"a":{"b":1,"\\u0062":2}}', '"\\ud800"', "\ufeff{}"])("%s is refused", (text) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: "bad-file" }));
});

test("very long strings do not exhaust the stack", () => {
  const long = "\\n".repeat(5_000_000);
  expect(parse(`"${long}"`)).toBe("\n".repeat(5_000_000));
  expect(() => parse(`"${long}`)).toThrow(/does not end/);
});

test("deep nesting reaches a limit", () => {
  expect(() => parse("[".repeat(1_000_000))).toThrow(expect.objectContaining({ code: "limit" }));
});
