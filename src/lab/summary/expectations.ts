import type { Expectation, ExperimentFacts, NetworkResult } from "../results.js";

/** The best of some rows by the mean over both datasets, median over the seeds. */
export function bestOf(networks: readonly NetworkResult[], which: (network: NetworkResult) => boolean) {
  return networks
    .filter(which)
    .reduce<NetworkResult | undefined>(
      (best, network) => (best === undefined || network.mean.median > best.mean.median ? network : best),
      undefined,
    );
}

interface Rung {
  /** As it stands in a sentence. */
  readonly name: string;
  readonly network: NetworkResult | undefined;
  /** Whether it may be as good as the rung below. */
  readonly orEqual?: boolean;
  /** What may be why it is not better than the rung below. */
  readonly why: string;
}

/** Points within which two medians are called equal where equality is allowed. */
const TOLERANCE = 0.5;

/**
 * The order one is led to expect: each remedy better than the one before, on the mean of both test sets. Networks that
 * are told which dataset they look at are left out, so that all are asked the same.
 */
export function checkExpectations(networks: readonly NetworkResult[], { seeds }: ExperimentFacts): Expectation[] {
  const byId = (id: string): NetworkResult | undefined => networks.find((network) => network.id === id);
  const rungs: readonly Rung[] = [
    { name: "the plain mean", network: byId("mean"), why: "" },
    {
      name: "the sum or the mean, repaired",
      network: bestOf(networks, ({ id }) => id === "mean-repaired" || id === "sum-repaired"),
      why: "Where both parents began from one start, or are tiny, statistics matter less.",
    },
    {
      name: "the aligned and repaired mean",
      network: bestOf(networks, ({ group, repair }) => group === "aligned" && repair === "repaired"),
      why: "Narrow networks have few units to choose from, and short training leaves units with little to tell them apart.",
    },
    {
      name: "the zipped network",
      network: bestOf(networks, ({ group, repair }) => group === "zipped" && repair !== "per-dataset"),
      why: "Heads of both networks vote without being told which dataset they look at, and the parents are unequal.",
    },
    {
      name: "the average of coupled networks, repaired",
      network: bestOf(
        networks,
        ({ id, group, repair }) => group === "coupled" && repair === "repaired" && !id.startsWith("couple-0-"),
      ),
      orEqual: true,
      why: "Coupled networks share one capacity, and short training gives them few steps to use both datasets.",
    },
  ];
  const found = rungs.filter((rung): rung is Rung & { readonly network: NetworkResult } => rung.network !== undefined);
  return found.slice(1).map((above, index): Expectation => {
    const below = found[index];
    const gain = above.network.mean.median - below.network.mean.median;
    const held = above.orEqual === true ? gain >= -TOLERANCE : gain > 0;
    const figures = `${percent(below)} for ${below.network.title}, ${percent(above)} for ${above.network.title}`;
    const over = seeds.length > 1 ? `, medians of ${seeds.length} seeds` : ", one seed";
    return {
      text: `${capital(above.name)} ${above.orEqual ? "is at least as good as" : "is better than"} ${below.name}.`,
      held,
      explanation: `Mean of both test sets: ${figures}${over}.${held ? "" : ` ${above.why}`}`,
    };
  });
}

const percent = ({ network }: { readonly network: NetworkResult }): string => `${network.mean.median.toFixed(1)} %`;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
