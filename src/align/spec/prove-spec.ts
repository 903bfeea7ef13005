import { OnebasinError } from "../../core/errors.js";
import { createRandom } from "../../core/random.js";
import type { Network } from "../../network/graph.js";
import { createInference } from "../../network/inference.js";
import type { Runtime } from "../../network/runtime.js";
import { floatsTensor, tensorFloats } from "../../tensor/float32.js";
import { elementCount } from "../../tensor/shape.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import type { Permutation } from "../unit-maps/permutation.js";
import { randomPermutation } from "../unit-maps/random-permutation.js";
import type { PermutationSpec } from "./permutation-spec.js";

/** Logits may differ by this share of the largest one: sums run in another order. */
const TOLERANCE = 1e-4;
/** Random inputs that are compared. */
const PROBES = 4;

export interface ProveOptions {
  readonly runtime: Runtime;
  readonly threads?: number;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * Proves a spec on a network: its units are put in a random order, and its outputs on random inputs must stay.
 *
 * Cost: two forward passes; when the proof fails, one more for each group.
 *
 * @returns the largest difference of an output, as a share of the largest output
 * @throws `mismatch` naming every group that changes what the network computes
 */
export async function proveSpec(
  model: { readonly network: Network; readonly state: StateDict },
  spec: PermutationSpec,
  options: ProveOptions,
): Promise<number> {
  const { network, state } = model;
  const { seed = 0 } = options;
  const input = probe(network, seed);
  const outputsOf = async (permutation: Permutation): Promise<Float32Array[]> => {
    const inference = await createInference(network, applyPermutation(state, permutation, { spec }), options);
    try {
      const outputs = await inference.run(input);
      return network.outputs.map(({ name }) => tensorFloats(outputs[name]).slice());
    } finally {
      await inference.close();
    }
  };
  const before = await outputsOf(new Map());
  const change = difference(before, await outputsOf(randomPermutation(spec, { seed })));
  if (change <= TOLERANCE) return change;
  const broken: string[] = [];
  for (const only of spec.groups.keys()) {
    if (!(difference(before, await outputsOf(randomPermutation(spec, { seed, only }))) <= TOLERANCE)) broken.push(only);
  }
  const groups = broken.map((group) => `"${group}"`).join(", ");
  throw new OnebasinError(
    "mismatch",
    `The permutation spec does not hold for ${network.name}: reordering ${broken.length === 0 ? "all groups together" : `group ${groups}`} changes its outputs by ${change.toExponential(1)} of the largest; ${TOLERANCE} is allowed.`,
    {
      hint: "Leave the spec out to have it derived from the graph, or pin the group: write its size wherever its name stands.",
      details: { groups: broken, change },
    },
  );
}

function probe(network: Network, seed: number): Tensor {
  const [{ shape = [] }] = network.inputs;
  const concrete = shape.map((dim) => (typeof dim === "number" ? dim : PROBES));
  const random = createRandom(seed, "probe", network.name);
  return floatsTensor(
    concrete,
    Float32Array.from({ length: elementCount(concrete) }, () => random.normal()),
  );
}

function difference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let largest = 0;
  let change = 0;
  for (const [output, values] of a.entries()) {
    for (const [i, value] of values.entries()) {
      largest = Math.max(largest, Math.abs(value));
      const moved = Math.abs(b[output][i] - value);
      // A NaN is a difference like any other.
      if (!(moved <= change)) change = moved;
    }
  }
  return change / Math.max(largest, Number.MIN_VALUE);
}
