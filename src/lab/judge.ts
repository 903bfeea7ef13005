import { evaluate } from "../evaluate/evaluate.js";
import { type EnsembleMember, evaluateEnsemble } from "../evaluate/evaluate-ensemble.js";
import type { Network } from "../network/graph.js";
import { chooseStatistics, datasetsWithStatistics } from "../repair/dataset-statistics.js";
import type { StateDict } from "../tensor/tensor.js";
import type { Score } from "./results.js";
import type { StageContext } from "./stage.js";

/** One for each dataset, in their order. */
export type Scores = readonly [Score, Score];

/**
 * How a network does on both test sets, with the statistics of each dataset where the state has such.
 *
 * @param heads name of the output that is judged on each dataset; default the first output
 */
export async function judge(
  model: { readonly network: Network; readonly state: StateDict; readonly heads?: readonly [string, string] },
  context: StageContext,
): Promise<Scores> {
  const { network, state, heads } = model;
  const own = datasetsWithStatistics(network, state);
  const scores: Score[] = [];
  for (const dataset of [0, 1] as const) {
    const images = await context.images("test", dataset);
    const chosen = own.length > 0 ? chooseStatistics(network, state, images.name) : state;
    const { accuracy, loss } = await evaluate({ network, state: chosen }, images, {
      runtime: context.runtime,
      threads: context.threads,
      signal: context.signal,
      head: heads?.[dataset],
    });
    scores.push({ accuracy, loss });
  }
  return [scores[0], scores[1]];
}

/** How networks, or heads of one, do together on both test sets: the mean of what they hold likely decides. */
export async function judgeTogether(members: readonly EnsembleMember[], context: StageContext): Promise<Scores> {
  const { runtime, threads, signal } = context;
  const scores: Score[] = [];
  for (const dataset of [0, 1] as const) {
    const images = await context.images("test", dataset);
    const { accuracy, loss } = await evaluateEnsemble(members, images, { runtime, threads, signal });
    scores.push({ accuracy, loss });
  }
  return [scores[0], scores[1]];
}
