import type { TensorEntry } from "../../checkpoint/checkpoint.js";
import { type ErrorCode, OnebasinError } from "../../core/errors.js";
import { shapeText } from "../../tensor/shape.js";
import type { Vocabulary } from "../../tokenizer/vocabulary.js";
import type { RowRun } from "../row-run.js";
import { hasVocabularyRows, tiedEmbedding } from "./layers.js";
import type { RecipeTokenizer } from "./recipe-file.js";
import { hasWholeRows, rowWidth, type VocabularyTable, vocabularyRows } from "./vocabulary-rows.js";

/** The words of a recipe's models and of its result. */
export interface RecipeVocabulary {
  readonly result: Vocabulary;
  /** By the name that the recipe gives a model. */
  readonly own: ReadonlyMap<string, Vocabulary>;
  readonly tokenizer: RecipeTokenizer;
  /** What `base` stands for. */
  readonly base: string;
}

/** A model's tensor as it is merged. */
export interface FittedEntry {
  readonly entry: TensorEntry;
  /** Given where its rows are put in another order. */
  readonly rows?: readonly RowRun[];
}

/** A recipe's models, as far as this goes. */
export interface TableModels {
  /** How messages name a model. */
  readonly fileOf: (model: string) => string;
  readonly entriesOf: (model: string) => ReadonlyMap<string, TensorEntry>;
  readonly firstSource: (model: string) => number;
  /** The recipe's own base, if it names one. */
  readonly base?: string;
}

/**
 * Makes the vocabulary tables of a recipe's models fit each other: row by row one token where the recipe says whose
 * tokens count, cut to the shortest where it does not. Owns what is found on the way: rows, notes, problems.
 */
export class VocabularyTables {
  /** Of the merged tables, when the models' differ from it. */
  rows: number | undefined;
  readonly notes: string[] = [];
  readonly problems: OnebasinError[] = [];
  readonly #models: TableModels;
  readonly #vocabulary: RecipeVocabulary | undefined;

  constructor(models: TableModels, vocabulary: RecipeVocabulary | undefined) {
    this.#models = models;
    this.#vocabulary = vocabulary;
  }

  /** The models' tensors of a key as they are merged; as they are when the key is no such table. */
  fit(key: string, entries: ReadonlyMap<string, TensorEntry>): ReadonlyMap<string, FittedEntry> {
    if (!hasVocabularyRows(key)) return asTheyAre(entries);
    return this.#vocabulary === undefined ? this.#cut(entries) : this.#reorder(key, entries, this.#vocabulary);
  }

  /** The rows that all have. */
  #cut(entries: ReadonlyMap<string, TensorEntry>): ReadonlyMap<string, FittedEntry> {
    const rows = [...new Set([...entries.values()].map(({ shape }) => shape[0]))];
    if (rows.length <= 1) return asTheyAre(entries);
    const fewest = Math.min(...rows);
    if (this.rows === undefined) {
      this.rows = fewest;
      this.notes.push(
        `The vocabularies have ${rows.join(" and ")} rows; the first ${fewest} were merged, which is right where they hold the same words in the same order. Elsewhere say whose words count: tokenizer_source: base, or union.`,
      );
    }
    return new Map([...entries].map(([name, entry]) => [name, { entry: withRows(entry, fewest) }]));
  }

  #reorder(
    key: string,
    entries: ReadonlyMap<string, TensorEntry>,
    { result, own, tokenizer, base }: RecipeVocabulary,
  ): ReadonlyMap<string, FittedEntry> {
    const apart = [...entries].find(([, entry]) => !hasWholeRows(entry));
    if (apart !== undefined) {
      this.#report(
        "unsupported",
        `Key "${key}": ${this.#models.fileOf(apart[0])} stores it transposed, so that its rows cannot be put in another order.`,
        "Store it row by row first: onebasin convert MODEL new.safetensors",
      );
      return asTheyAre(entries);
    }
    const widths = new Set([...entries.values()].map(rowWidth));
    if (widths.size > 1) {
      const files = [...entries].map(([name, { shape }]) => `${this.#models.fileOf(name)} has ${shapeText(shape)}`);
      this.#report(
        "mismatch",
        `Key "${key}": ${files.join(", ")}; rows of other models can stand in only where they are as long.`,
      );
      return asTheyAre(entries);
    }
    const tableOf = (name: string, entry: TensorEntry): VocabularyTable => ({
      entry,
      source: this.#models.firstSource(name) + entry.source,
      vocabulary: own.get(name) as Vocabulary,
    });
    const { count, runs, problems } = vocabularyRows(
      new Map([...entries].map(([name, entry]) => [name, tableOf(name, entry)])),
      {
        vocabulary: result,
        tokens: tokenizer.tokens,
        padTo: tokenizer.padTo,
        base: this.#models.base,
        tableOf: (named) => {
          const name = named === "base" ? base : named;
          const all = this.#models.entriesOf(name);
          const entry = all.get(key) ?? all.get(tiedEmbedding(key, all.keys()) ?? "");
          return entry && tableOf(name, entry);
        },
      },
    );
    for (const { token, setting, message } of problems) {
      this.#report(
        "unknown-name",
        `${setting.place}: the row of token "${token}" cannot be taken from there: ${message}.`,
      );
    }
    this.rows = count;
    return new Map(
      [...entries].map(([name, entry]) => {
        const rows = runs.get(name) as readonly RowRun[];
        return [
          name,
          isInOrder(rows, tableOf(name, entry))
            ? { entry: withRows(entry, count) }
            : { entry: withRows(entry, count), rows },
        ];
      }),
    );
  }

  /** Once, however many tables show it. */
  #report(code: ErrorCode, message: string, hint?: string): void {
    if (this.problems.every((known) => known.message !== message)) {
      this.problems.push(new OnebasinError(code, message, { hint }));
    }
  }
}

const asTheyAre = (entries: ReadonlyMap<string, TensorEntry>): ReadonlyMap<string, FittedEntry> =>
  new Map([...entries].map(([name, entry]) => [name, { entry }]));

const withRows = (entry: TensorEntry, rows: number): TensorEntry => ({
  ...entry,
  shape: [rows, ...entry.shape.slice(1)],
});

/** Whether the rows are the table's own, from its first on. */
function isInOrder(runs: readonly RowRun[], { entry, source }: VocabularyTable): boolean {
  const [{ parts }] = runs;
  return (
    runs.length === 1 &&
    parts.length === 1 &&
    parts[0].source === source &&
    parts[0].offset === entry.offset &&
    parts[0].weight === 1
  );
}
