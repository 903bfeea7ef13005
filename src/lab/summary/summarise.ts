import type { ExperimentFacts, NetworkResult } from "../results.js";
import { bestOf } from "./expectations.js";

/** One sentence: what the plain mean is worth, what the best way reaches, and what it is measured by. */
export function summarise(networks: readonly NetworkResult[], { datasets }: ExperimentFacts): string {
  const mean = networks.find(({ id }) => id === "mean");
  const both = networks.find(({ id }) => id === "both");
  const [apart, coupled] = [
    bestOf(networks, ({ group, isMerged, repair }) => isMerged && group !== "coupled" && repair !== "per-dataset"),
    bestOf(networks, ({ group, isMerged, repair }) => isMerged && group === "coupled" && repair !== "per-dataset"),
  ];
  const parts = [
    mean && `the plain mean of two networks, trained on ${datasets[0]} and on ${datasets[1]}, gets ${pair(mean)}`,
    apart && apart !== mean && `the best that could be made of them afterwards (${lower(apart.title)}) ${pair(apart)}`,
    coupled && `networks that were coupled while they trained (${lower(coupled.title)}) ${pair(coupled)}`,
    both && `one network trained on both ${pair(both)}`,
  ].filter((part) => part !== undefined && part !== false);
  const sentence = parts.join("; ");
  return `In percent right on ${datasets[0]} and ${datasets[1]}: ${sentence}.`;
}

const pair = ({ accuracy: [first, second] }: NetworkResult): string =>
  `${first.median.toFixed(1)} and ${second.median.toFixed(1)}`;

/** As it stands within a sentence; abbreviations keep their capitals. */
const lower = (title: string): string =>
  /^[A-Z][a-z]/.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title;
