import { OnebasinError } from "../../core/errors.js";
import { globMatcher } from "../../merge/glob.js";

/** How the strength of the coupling changes from the first layer to the last. */
export type DepthSchedule =
  /** The same everywhere. */
  | { readonly kind: "constant" }
  /** From 1 in the first layer down to 0 in the last. */
  | { readonly kind: "linear" }
  /** ratioᵈ in layer d, counted from 0; ratio in (0, 1]. */
  | { readonly kind: "exponential"; readonly ratio: number }
  /** Equality upstream of a layer, nothing from there on. */
  | { readonly kind: "cut"; readonly layer: string }
  /** By pattern of the key; the first that matches decides, and keys that none matches are free. */
  | { readonly kind: "table"; readonly rows: readonly DepthRow[] };

export interface DepthRow {
  readonly glob: string;
  /** c of the keys that match; from 0 up to infinity. */
  readonly strength: number;
}

const FORMS = "constant, linear, exponential:RATIO, cut:LAYER, or a file of patterns and values";

/**
 * Reads a depth schedule as the command line names it.
 *
 * @param options.readTable gives the text of the file that any other word names
 * @throws `bad-argument`, `bad-file`
 */
export async function parseDepthSchedule(
  text: string,
  { readTable }: { readonly readTable: (path: string) => Promise<string> },
): Promise<DepthSchedule> {
  const [kind, option] = text.split(/:(.*)/s);
  if (kind === "constant" || kind === "linear") {
    if (option === undefined) return { kind };
    throw new OnebasinError("bad-argument", `The depth schedule "${text}" takes no value.`, { hint: `Write ${kind}.` });
  }
  if (kind === "cut" && option) return { kind, layer: option };
  if (kind === "exponential" && option) return exponential(option);
  if (kind === "cut" || kind === "exponential") {
    throw new OnebasinError("bad-argument", `The depth schedule "${text}" lacks a value.`, {
      hint: kind === "cut" ? "Name a layer: cut:classifier.0" : "Give a ratio: exponential:0.7",
    });
  }
  return { kind: "table", rows: parseTable(await readTable(text), text) };
}

function exponential(text: string): DepthSchedule {
  const ratio = Number(text);
  if (ratio > 0 && ratio <= 1) return { kind: "exponential", ratio };
  throw new OnebasinError("bad-argument", `The ratio of the exponential depth schedule is "${text}".`, {
    hint: "Give a number in (0, 1]: each layer is coupled so many times as strongly as the one before it.",
  });
}

/** Layers are hundreds at most; a longer table is some other file. */
const MAX_ROWS = 10_000;

/** One pattern and one value a line; `#` begins a comment. */
function parseTable(text: string, source: string): readonly DepthRow[] {
  const rows: DepthRow[] = [];
  for (const [index, line] of text.split("\n", MAX_ROWS).entries()) {
    const words = line.replace(/#.*/, "").trim().split(/\s+/);
    if (words[0] === "") continue;
    const strength = words[1] === "inf" ? Number.POSITIVE_INFINITY : Number(words[1]);
    if (words.length !== 2 || !(strength >= 0)) {
      throw new OnebasinError(
        "bad-file",
        `${source}, line ${index + 1}: expected a pattern and a value from 0 to inf.`,
        {
          hint: `Write lines like "block_1.* 1" and "classifier.* 0". A depth schedule is ${FORMS}.`,
        },
      );
    }
    rows.push({ glob: words[0], strength });
  }
  if (rows.length > 0) return rows;
  throw new OnebasinError("bad-file", `${source} holds no pattern.`, { hint: `A depth schedule is ${FORMS}.` });
}

/**
 * The strength c of each parameter, by key.
 *
 * @param layers keys of each layer by its name, from the image on
 * @throws `unknown-name` when `cut` names no layer
 */
export function strengthsOf(
  schedule: DepthSchedule,
  layers: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> {
  const strengths = new Map<string, number>();
  const last = Math.max(1, layers.size - 1);
  const cut = schedule.kind === "cut" ? [...layers.keys()].indexOf(schedule.layer) : 0;
  const rows =
    schedule.kind === "table" ? schedule.rows.map((row) => ({ ...row, matches: globMatcher(row.glob) })) : [];
  const strengthAt = (depth: number, key: string): number => {
    switch (schedule.kind) {
      case "constant":
        return 1;
      case "linear":
        return (last - depth) / last;
      case "exponential":
        return schedule.ratio ** depth;
      case "cut":
        return depth < cut ? Number.POSITIVE_INFINITY : 0;
      case "table":
        return rows.find(({ matches }) => matches(key))?.strength ?? 0;
    }
  };
  for (const [depth, keys] of [...layers.values()].entries()) {
    for (const key of keys) strengths.set(key, strengthAt(depth, key));
  }
  return strengths;
}
