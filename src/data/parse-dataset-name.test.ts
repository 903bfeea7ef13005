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

test("names joined by commas are told apart", () => {
  expect(failure("pen,plate")).toBe(
    'unknown-name: There is no dataset "pen,plate". | Several are separated by spaces: --data pen plate',
  );
});

test("a path where none belongs", () => {
  expect(failure("mnist:here")).toBe(
    'bad-argument: --data mnist:here: Dataset "mnist" takes options only, written option=value; "here" is none. | Write it as mnist.',
  );
});
