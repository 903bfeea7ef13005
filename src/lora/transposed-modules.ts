import type { TensorEntry } from "../checkpoint/checkpoint.js";

/**
 * Which modules' weights are stored [in, out], as GPT-2 does: told by their biases, which are as long as the output. A
 * square weight goes by modules of the same last name, then by all; `undefined` where nothing tells.
 */
export function transposedModules(entries: ReadonlyMap<string, TensorEntry>): (module: string) => boolean | undefined {
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
  const verdict = (vote: number): boolean | undefined => (vote === 0 ? undefined : vote > 0);
  return (module) => {
    const shape = entries.get(`${module}.weight`)?.shape ?? [];
    const bias = entries.get(`${module}.bias`)?.shape;
    if (shape[0] === shape[1]) return verdict(votes.get(lastName(module)) ?? all);
    return bias === undefined ? undefined : bias[0] === shape[1];
  };
}

const lastName = (module: string): string => module.slice(module.lastIndexOf(".") + 1);
