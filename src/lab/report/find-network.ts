import type { LabResults, NetworkResult } from "../results.js";

/** The merged network of the best mean over both datasets; the first of equals. */
export function bestMerged({ networks }: Pick<LabResults, "networks">): NetworkResult | undefined {
  let best: NetworkResult | undefined;
  for (const network of networks) {
    if (!network.isMerged || !Number.isFinite(network.mean.median)) continue;
    if (best === undefined || network.mean.median > best.mean.median) best = network;
  }
  return best;
}

/** Both parents, in the order of the datasets that they were trained on. */
export const parentsOf = ({ networks }: Pick<LabResults, "networks">): readonly NetworkResult[] =>
  networks.filter(({ group }) => group === "parents");
