import type { CheckpointFormat } from "../checkpoint/format.js";
import { formats } from "../checkpoint/formats.gen.js";
import { OnebasinError } from "../core/errors.js";
import { unknownName } from "../core/suggest.js";

export type WritableFormat = CheckpointFormat & Required<Pick<CheckpointFormat, "layout">>;

/**
 * The format that an output is written in.
 *
 * @param fileName without its folder; its extension tells the format
 * @param id of the format, where it does not go by the name
 * @throws `bad-argument` when the extension stands for no format that can be written, `unknown-name`
 */
export function writableFormat(fileName: string, id?: string): WritableFormat {
  const writable = formats.filter(isWritable);
  if (id !== undefined) {
    const format = writable.find((candidate) => candidate.id === id);
    if (format !== undefined) return format;
    throw unknownName(
      "format to write called",
      id,
      writable.map((candidate) => candidate.id),
    );
  }
  const endsWith = (extension: string): boolean => fileName.toLowerCase().endsWith(extension);
  const format = writable.find(({ extensions }) => extensions.some(endsWith));
  if (format !== undefined) return format;
  const problem = fileName.includes(".")
    ? `The extension of ${fileName} is none of a format that can be written.`
    : `The output's name, "${fileName}", has no extension to tell its format by.`;
  throw new OnebasinError("bad-argument", problem, {
    hint: `Formats: ${writable.map(({ id: known, extensions }) => `${known} (${extensions.join(", ")})`).join(", ")}.`,
  });
}

const isWritable = (format: CheckpointFormat): format is WritableFormat => format.layout !== undefined;
