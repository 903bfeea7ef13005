import type { LabResults, NetworkGroup, NetworkResult } from "../results.js";
import { GROUPS } from "./groups.js";

/** What most would try first; shown however it does. */
const PLAIN_MEAN = "mean";

/**
 * The networks of a small picture: those that were not merged, and of each group of merged ones the best as it came
 * out and the best of those whose statistics were put right; and the plain mean.
 */
export function pickRows({ networks }: Pick<LabResults, "networks">): NetworkResult[] {
  return (Object.keys(GROUPS) as NetworkGroup[]).flatMap((group) => {
    const all = networks.filter((network) => network.group === group);
    if (group === "parents" || group === "references") return all;
    const kept = [
      all.find(({ id }) => id === PLAIN_MEAN),
      best(all.filter(({ repair }) => repair === "plain")),
      best(all.filter(({ repair }) => repair !== "plain")),
    ];
    return [...new Set(kept)].filter((network) => network !== undefined);
  });
}

const best = (networks: readonly NetworkResult[]): NetworkResult | undefined =>
  networks.reduce<NetworkResult | undefined>(
    (one, other) => (one === undefined || other.mean.median > one.mean.median ? other : one),
    undefined,
  );
