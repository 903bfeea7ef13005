import { OnebasinError } from "../core/errors.js";
import { type Params, type ParamValues, resolveParams } from "../core/params.js";
import { unknownName } from "../core/suggest.js";
import type { Dataset } from "./dataset.js";
import { datasets } from "./datasets.gen.js";

/** A `--data` word, taken apart. */
export interface DatasetName {
  readonly dataset: Dataset;
  readonly paths: readonly string[];
  readonly values: ParamValues<Params>;
}

/**
 * Reads a `--data` word: `ID`, `ID:option=value,…`, or `ID:PATH,…,option=value,…` for the datasets that take
 * paths. A path cannot hold a comma.
 *
 * @throws {OnebasinError} `unknown-name` for a dataset or option there is none of, `bad-argument` for paths that
 * are missing or too many and options out of range; all problems of one word at once
 * @example
 * parseDatasetName("pen:seed=3").values.seed; // 3
 */
export function parseDatasetName(name: string): DatasetName {
  const colon = name.indexOf(":");
  const id = colon === -1 ? name : name.slice(0, colon);
  const dataset = datasets.find((known) => known.id === id);
  if (dataset === undefined) {
    if (id.includes(",")) throw joinedNames(name);
    throw unknownName(
      "dataset",
      id,
      datasets.map((known) => known.id),
    );
  }
  const words = colon === -1 ? [] : name.slice(colon + 1).split(",");
  const paths = words.filter((word) => !OPTION.test(word) && word !== "");
  const options = Object.fromEntries(
    words.filter((word) => OPTION.test(word)).map((word) => [word.slice(0, word.indexOf("=")), afterEquals(word)]),
  );
  const { values, problems } = resolveParams(`dataset "${id}"`, dataset.params, options);
  const all = [...pathProblems(dataset, paths), ...problems];
  if (all.length > 0) {
    throw new OnebasinError(all[0].code, `--data ${name}: ${all.map((problem) => problem.message).join(" ")}`, {
      hint: all.find((problem) => problem.hint !== undefined)?.hint,
      details: { name },
      problems: all,
    });
  }
  return { dataset, paths, values };
}

const joinedNames = (name: string): OnebasinError =>
  new OnebasinError("unknown-name", `There is no dataset "${name}".`, {
    hint: `Several are separated by spaces: --data ${name.split(",").join(" ")}`,
    details: { name },
  });

const OPTION = /^[a-z][a-z0-9-]*=/;

const afterEquals = (word: string): string => word.slice(word.indexOf("=") + 1);

function pathProblems({ id, paths: wanted }: Dataset, paths: readonly string[]): OnebasinError[] {
  const { min, max, form } = wanted ?? { min: 0, max: 0, form: `${id}` };
  if (paths.length >= min && paths.length <= max) return [];
  const count = min === max ? `${min}` : `${min} to ${max}`;
  const message =
    max === 0
      ? `Dataset "${id}" takes options only, written option=value; "${paths.join(",")}" is none.`
      : `Dataset "${id}" takes ${count} path${max === 1 ? "" : "s"}, ${paths.length} given.`;
  return [new OnebasinError("bad-argument", message, { hint: `Write it as ${form}.` })];
}
