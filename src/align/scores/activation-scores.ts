import { OnebasinError } from "../../core/errors.js";
import type { BatchSource, RunOptions } from "../../data/mean-outputs.js";
import type { Network } from "../../network/graph.js";
import type { StateDict } from "../../tensor/tensor.js";
import { activationMoments } from "../activations/activation-moments.js";
import { unitValues } from "../activations/unit-values.js";
import type { PermutationSpec } from "../spec/permutation-spec.js";
import { type Metric, scoreMoments } from "./score-moments.js";

/** A network as its activations are looked at. */
export interface SeenModel {
  readonly network: Network;
  readonly state: StateDict;
  readonly spec: PermutationSpec;
}

/**
 * How alike the units of two networks are by what they do on images, group by group; widths may differ. Both see the
 * same images, once. The scores are means over the values that show a group.
 *
 * @returns [units of the first, units of the second] by group; groups that no value shows are left out
 * @throws `mismatch` where the networks differ in more than widths, `missing-data`, `aborted`
 */
export async function activationScores(
  models: readonly [SeenModel, SeenModel],
  source: BatchSource,
  { metric, ...options }: RunOptions & { readonly metric: Metric },
): Promise<ReadonlyMap<string, Float32Array>> {
  const [first, second] = models.map(({ network, spec }) => unitValues(network, spec));
  const isAlike = first.length === second.length && first.every(({ group }, i) => group === second[i].group);
  if (!isAlike) {
    throw new OnebasinError(
      "mismatch",
      `${models[0].network.name} shows its units in ${first.length} values, ${models[1].network.name} in ${second.length}: they differ in more than their widths.`,
    );
  }
  const moments = await activationMoments(
    models,
    first.map((value, i) => [value, second[i]]),
    source,
    options,
  );
  const scores = new Map<string, Float32Array>();
  for (const group of models[0].spec.groups.keys()) {
    const own = moments.filter(({ value }) => value.group === group);
    if (own.length === 0) continue;
    const [sum, ...others] = own.map((moment) => scoreMoments(moment, metric));
    for (const other of others) for (let i = 0; i < sum.length; i++) sum[i] += other[i];
    scores.set(
      group,
      sum.map((score) => score / own.length),
    );
  }
  return scores;
}
