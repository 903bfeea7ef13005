import { expect, test } from "vitest";
import { OnebasinError } from "../core/errors.js";
import { parseDatasetName } from "./parse-dataset-name.js";

const failure = (name: string): string => {
  try {
    parseDatasetName(name);
  } catch (error) {
    if (error instanceof OnebasinError) return `${error.code}: ${error.message} | ${error.hint}`;
  }
  return "none";
};

test("a plain name", () => {
  const { dataset, paths } = parseDatasetName("mnist");
  expect([dataset.id, paths]).toEqual(["mnist", []]);
});

test("a slip of the finger gets the nearest name", () => {
  expect(failure("mnsit")).toMatch(/^unknown-name: There is no dataset "mnsit"\. \| Did you mean "mnist"\?/);
});

test("a path where none belongs", () => {
  expect(failure("mnist:here")).toBe(
    'bad-argument: --data mnist:here: Dataset "mnist" takes options only, written option=value; "here" is none. | Write it as mnist.',
  );
});
