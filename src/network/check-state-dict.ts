import { OnebasinError } from "../core/errors.js";
import { nearestName } from "../core/suggest.js";
import { type Shape, sameShape, shapeText } from "../tensor/shape.js";
import type { Network } from "./graph.js";

/** A key that old checkpoints may lack, since PyTorch before 0.4.1 did not count batches. */
const OPTIONAL_KEY = /(^|\.)num_batches_tracked$/;

/**
 * Compares a state dict with what a network needs.
 *
 * @param entries by key; only shapes are looked at
 * @param source what the state dict is called in messages: a path
 * @returns every problem: keys that are missing, keys that do not belong, wrong shapes. A missing
 * `num_batches_tracked` is none.
 */
export function checkStateDict(
  network: Network,
  entries: ReadonlyMap<string, { readonly shape: Shape }>,
  { source }: { readonly source: string },
): OnebasinError[] {
  const problems: OnebasinError[] = [];
  const problem = (message: string, key: string, hint?: string): void => {
    problems.push(new OnebasinError("mismatch", message, { hint, details: { source, key, network: network.name } }));
  };
  for (const [key, { shape }] of network.state) {
    const found = entries.get(key)?.shape;
    if (found === undefined) {
      if (!OPTIONAL_KEY.test(key)) problem(`${source} lacks key "${key}" ${shapeText(shape)} of ${network.name}.`, key);
    } else if (!sameShape(found, shape)) {
      problem(`Key "${key}": ${source} has ${shapeText(found)}, ${network.name} needs ${shapeText(shape)}.`, key);
    }
  }
  for (const key of entries.keys()) {
    if (network.state.has(key)) continue;
    const nearest = nearestName(key, network.state.keys());
    const hint = nearest === undefined ? undefined : `The nearest key that it has is "${nearest}".`;
    problem(`${source} has a key "${key}" that ${network.name} does not have.`, key, hint);
  }
  return problems;
}
