import { OnebasinError } from "../core/errors.js";

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The object in a JSON file; nothing where there is no file.
 *
 * @param file how messages name it
 * @throws `bad-file` when it is no JSON, or no object
 */
export function parseObject(bytes: Uint8Array | undefined, file: string): JsonObject | undefined {
  if (bytes === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new OnebasinError("bad-file", `${file} is not JSON.`, { cause });
  }
  if (!isObject(value)) throw new OnebasinError("bad-file", `${file} is not a JSON object.`);
  return value;
}
