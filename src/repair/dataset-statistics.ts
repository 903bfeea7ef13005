import { unknownName } from "../core/suggest.js";
import type { Network } from "../network/graph.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";
import { normalizationsOf } from "./normalizations.js";

/** What keys of a dataset's own statistics begin with; the dataset's name and the key follow. */
const PREFIX = "statistics";

const ownKey = (dataset: string, key: string): string => `${PREFIX}.${dataset}.${key}`;

/** Whether a key is that of one dataset's own statistics. */
export const isDatasetStatistic = (key: string): boolean => key.startsWith(`${PREFIX}.`);

/**
 * One set of weights with statistics for each of several datasets: the shared ones under their own keys, the others
 * as `statistics.DATASET.KEY`.
 *
 * @param shared with the statistics to use where no dataset is chosen
 */
export function withDatasetStatistics(
  network: Network,
  shared: StateDict,
  byDataset: ReadonlyMap<string, StateDict>,
): StateDict {
  const entries: [string, Tensor][] = [...shared];
  for (const [dataset, state] of byDataset) {
    for (const key of normalizationsOf(network).flatMap(({ mean, variance }) => [mean, variance])) {
      entries.push([ownKey(dataset, key), state.get(key) as Tensor]);
    }
  }
  return new Map(entries);
}

/** The datasets that a state dict holds statistics of their own for. */
export function datasetsWithStatistics(network: Network, state: ReadonlyMap<string, unknown>): string[] {
  const key = normalizationsOf(network)[0]?.mean;
  if (key === undefined) return [];
  return [...state.keys()].flatMap((name) =>
    isDatasetStatistic(name) && name.endsWith(`.${key}`) ? [name.slice(PREFIX.length + 1, -key.length - 1)] : [],
  );
}

/**
 * The state dict that a network runs with: the statistics of one dataset in their place, all others left out.
 *
 * @param dataset `undefined` for the shared statistics
 * @throws `unknown-name` for a dataset that has none of its own
 */
export function chooseStatistics(network: Network, state: StateDict, dataset: string | undefined): StateDict {
  const known = datasetsWithStatistics(network, state);
  if (dataset !== undefined && !known.includes(dataset)) throw unknownName("set of statistics for", dataset, known);
  const shared = sharedEntries(network, state);
  if (dataset === undefined) return shared;
  return new Map([...shared].map(([key, tensor]) => [key, state.get(ownKey(dataset, key)) ?? tensor]));
}

/** All that a network knows of, and what belongs to no dataset: the shared statistics among it. */
export const sharedEntries = <T>(network: Network, entries: ReadonlyMap<string, T>): Map<string, T> =>
  new Map([...entries].filter(([key]) => !isDatasetStatistic(key) || network.state.has(key)));
