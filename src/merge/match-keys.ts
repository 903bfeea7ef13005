import type { TensorEntry } from "../checkpoint/checkpoint.js";

/** What wrappers put before every key: data parallelism, compilation, a model held by a larger class. */
const PREFIXES = [
  "module.",
  "model.",
  "_orig_mod.",
  "module.model.",
  "module._orig_mod.",
  "_orig_mod.module.",
  "net.",
  "network.",
];

/** The entries of one model under the keys of the first. */
export interface MatchedKeys {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** What was done to the keys, as a phrase; absent when they were taken as they are. */
  readonly change?: string;
}

/**
 * Names the entries of a model as `reference` names them: when plainly more keys match after a wrapper's prefix is
 * taken off, or put on, that is done.
 */
export function matchKeys(
  entries: ReadonlyMap<string, TensorEntry>,
  reference: ReadonlyMap<string, unknown>,
): MatchedKeys {
  const count = (keys: Iterable<string>): number => [...keys].filter((key) => reference.has(key)).length;
  let best: { readonly matched: number; readonly rename: (key: string) => string; readonly change?: string } = {
    matched: count(entries.keys()),
    rename: (key) => key,
  };
  for (const prefix of best.matched === entries.size ? [] : PREFIXES) {
    const stripped = (key: string): string => (key.startsWith(prefix) ? key.slice(prefix.length) : key);
    const prefixed = (key: string): string => prefix + key;
    for (const [rename, change] of [
      [stripped, `without their prefix "${prefix}"`],
      [prefixed, `with the prefix "${prefix}" put before them`],
    ] as const) {
      const names = [...entries.keys()].map(rename);
      const matched = new Set(names).size === names.length ? count(names) : 0;
      if (matched > best.matched) best = { matched, rename, change };
    }
  }
  return {
    entries:
      best.change === undefined ? entries : new Map([...entries].map(([key, entry]) => [best.rename(key), entry])),
    change: best.change,
  };
}
