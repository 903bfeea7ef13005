import type { TensorEntry } from "../../checkpoint/checkpoint.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import { elementCount } from "../../tensor/shape.js";
import { endOfIds, type Vocabulary } from "../../tokenizer/vocabulary.js";
import type { RowPart, RowRun } from "../row-run.js";
import type { TokenSetting } from "./recipe-file.js";

/** A model's table with one row a token of its own vocabulary. */
export interface VocabularyTable {
  readonly entry: TensorEntry;
  /** Numbered across the plan. */
  readonly source: number;
  readonly vocabulary: Vocabulary;
}

export interface VocabularyRowsOptions {
  /** Of the result. */
  readonly vocabulary: Vocabulary;
  readonly tokens: ReadonlyMap<string, TokenSetting>;
  /** The result has a multiple of so many rows. */
  readonly padTo?: number;
  /** The model whose row is taken for a token that others lack, where it has one. */
  readonly base?: string;
  /** The table of a model that a token's setting names. */
  readonly tableOf: (model: string) => VocabularyTable | undefined;
}

/** A setting that cannot be followed. */
export interface TokenProblem {
  readonly token: string;
  readonly setting: TokenSetting;
  readonly message: string;
}

export interface VocabularyRows {
  readonly count: number;
  /** By model: where each row of the result comes from. */
  readonly runs: ReadonlyMap<string, readonly RowRun[]>;
  readonly problems: readonly TokenProblem[];
}

/** The parts of one row. */
type Row = readonly RowPart[];

/**
 * Puts the rows of every model's table in the order of one vocabulary, so that row by row they stand for one token.
 *
 * A token that a model lacks takes: what its setting says; the row of the only model that has it; the base's; or the
 * mean of those that have it. One that no model has is zeros. Rows beyond the vocabulary are the mean of all others.
 *
 * Cost: O(tokens · models). No number is read.
 *
 * @source mergekit 0.1.4, whose rules for tokens these are
 */
export function vocabularyRows(
  tables: ReadonlyMap<string, VocabularyTable>,
  { vocabulary, tokens, padTo = 1, base, tableOf }: VocabularyRowsOptions,
): VocabularyRows {
  const problems: TokenProblem[] = [];
  const names = new Map([...vocabulary.ids].map(([token, id]) => [id, token] as const));
  const used = endOfIds(vocabulary);
  const count = Math.ceil(used / padTo) * padTo;
  const width = Math.max(...[...tables.values()].map(({ entry }) => rowWidth(entry)));
  const rows = new Map([...tables.keys()].map((name) => [name, new Array<Row>(used)] as const));
  for (let id = 0; id < used; id++) {
    const token = names.get(id);
    const own = new Map<string, Row>();
    for (const [name, table] of tables) {
      const row = token === undefined ? undefined : rowOf(table, table.vocabulary.ids.get(token));
      if (row !== undefined) own.set(name, row);
    }
    const setting = token === undefined ? undefined : tokens.get(token);
    const chosen = setting?.source && rowBySetting(token as string, setting, { width, tableOf, problems });
    const usual = chosen ?? (base === undefined ? undefined : own.get(base)) ?? meanOf([...own.values()]);
    for (const name of tables.keys()) {
      (rows.get(name) as Row[])[id] = (setting?.force ? undefined : own.get(name)) ?? usual;
    }
  }
  const runs = new Map(
    [...rows].map(([name, list]) => [name, runsOf(list, count, tables.get(name) as VocabularyTable)]),
  );
  return { count, runs, problems };
}

/** The rows of a table one after the other, if they are; transposed ones are not. */
export function hasWholeRows({ shape, strides }: TensorEntry): boolean {
  if (strides === undefined) return true;
  let expected = 1;
  for (let axis = shape.length - 1; axis > 0; axis--) {
    if (strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

function rowOf({ entry, source }: VocabularyTable, id: number | undefined): Row | undefined {
  const { shape, strides, offset, dtype } = entry;
  if (id === undefined || id >= shape[0]) return undefined;
  return [{ source, offset: offset + id * (strides?.[0] ?? rowWidth(entry)) * dtypeBytes(dtype), dtype, weight: 1 }];
}

/** Elements of a row. */
export const rowWidth = ({ shape }: TensorEntry): number => elementCount(shape.slice(1));

function rowBySetting(
  token: string,
  setting: TokenSetting,
  {
    width,
    tableOf,
    problems,
  }: {
    readonly width: number;
    readonly tableOf: VocabularyRowsOptions["tableOf"];
    readonly problems: TokenProblem[];
  },
): Row {
  const { source } = setting;
  if (source === undefined || source.kind === "zero") return [];
  const table = tableOf(source.model);
  if (table === undefined) return [];
  if (rowWidth(table.entry) !== width) {
    problems.push({
      token,
      setting,
      message: `rows of ${source.model} have ${rowWidth(table.entry)} numbers, not ${width}`,
    });
    return [];
  }
  const wanted = source.kind === "model" ? token : source.token;
  const row = rowOf(table, typeof wanted === "number" ? wanted : table.vocabulary.ids.get(wanted));
  if (row === undefined) {
    problems.push({ token, setting, message: `${source.model} has no token ${JSON.stringify(wanted)}` });
  }
  return row ?? [];
}

const meanOf = (rows: readonly Row[]): Row =>
  rows.length === 1
    ? rows[0]
    : rows.flatMap((row) => row.map((part) => ({ ...part, weight: part.weight / rows.length })));

/** Joins rows that lie one after the other; behind the last, up to `count`, rows are the mean of all. */
function runsOf(rows: readonly Row[], count: number, { entry }: VocabularyTable): RowRun[] {
  const runs: { first: number; rows: number; parts: Row }[] = [];
  for (const [first, parts] of rows.entries()) {
    const last = runs.at(-1);
    if (last !== undefined && follows(last, parts, rowWidth(entry))) last.rows++;
    else runs.push({ first, rows: 1, parts });
  }
  const padding = count === rows.length ? [] : meanOf(rows);
  for (let first = rows.length; first < count; first++) runs.push({ first, rows: 1, parts: padding });
  return runs;
}

function follows({ rows, parts }: RowRun, next: Row, width: number): boolean {
  if (parts.length !== next.length || parts.length > 1) return false;
  if (parts.length === 0) return true;
  const [{ source, offset, dtype, weight }] = parts;
  const [other] = next;
  return (
    source === other.source &&
    dtype === other.dtype &&
    weight === other.weight &&
    offset + rows * width * dtypeBytes(dtype) === other.offset
  );
}
