import type { NetworkGroup } from "../results.js";

/** The groups of the table in their order, and what stands above each. */
export const GROUPS: Readonly<Record<NetworkGroup, string>> = {
  parents: "Parents",
  references: "For comparison, not merged",
  plain: "Merged as they are",
  aligned: "Aligned, then merged",
  zipped: "Zipped",
  coupled: "Coupled while trained, then averaged",
  heads: "One trunk, two heads",
};
