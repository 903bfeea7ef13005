import type { TensorEntry } from "../checkpoint/checkpoint.js";

/**
 * The modules whose weights are stored [in, out], as GPT-2 does: told by their biases, which are as long as the output.
 * A square weight goes by modules of the same last name, then by all.
 */
export function transposedModules(entries: ReadonlyMap<string, TensorEntry>): (module: string) => boolean {
  const votes = new Map<string, number>();
  let all = 0;
  for (const [key, { shape }] of entries) {
    const [, module] = /^(.+)\.weight$/.exec(key) ?? [];
    const bias = entries.get(`${module}.bias`)?.shape;
    if (module === undefined || shape.length !== 2 || bias?.length !== 1 || shape[0] === shape[1]) continue;
    const vote = bias[0] === shape[1] ? 1 : -1;
    const name = lastName(module);
    votes.set(name, (votes.get(name) ?? 0) + vote);
    all += vote;
  }
  return (module) => {
    const shape = entries.get(`${module}.weight`)?.shape ?? [];
    const bias = entries.get(`${module}.bias`)?.shape;
    if (bias === undefined) return false;
    return shape[0] === shape[1] ? (votes.get(lastName(module)) ?? all) > 0 : bias[0] === shape[1];
  };
}

const lastName = (module: string): string => module.slice(module.lastIndexOf(".") + 1);
