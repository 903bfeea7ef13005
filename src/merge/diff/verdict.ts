/** What a user should do with two models. */
export interface Verdict {
  readonly id:
    | "identical"
    | "fine-to-average"
    | "drifted"
    | "reordered"
    | "trained-apart"
    | "different-structure"
    | "unclear";
  /** One plain sentence. */
  readonly text: string;
}

/** From this share of units in the same order on, two models count as of one basin. */
const SAME_ORDER = 0.9;
/** Below this share, units do not correspond. */
const OTHER_ORDER = 0.5;
/** From this share on it is more than chance: the networks may have been aligned, which seldom finds more. */
const ALIGNED_ORDER = 0.2;
/** From this cosine on, units that stand in the same order have also stayed close; a median over layers. */
const STAYED_CLOSE = 0.75;
/** Rows that find a partner this similar elsewhere are the same units in another order. */
const SAME_UNIT = 0.9;

interface Findings {
  readonly onlyInA: readonly unknown[];
  readonly onlyInB: readonly unknown[];
  readonly otherShape: readonly unknown[];
  readonly distance: number;
  readonly cosine: number;
  /** Median share of units in the same order. */
  readonly sameOrder?: number;
  /** Median cosine of a unit to the most similar unit of the other model. */
  readonly bestCosine?: number;
}

/** One verdict from what was measured. */
export function verdictOf(findings: Findings): Verdict {
  const { onlyInA, onlyInB, otherShape, distance, cosine, sameOrder, bestCosine } = findings;
  if (onlyInA.length + onlyInB.length + otherShape.length > 0) {
    return {
      id: "different-structure",
      text: "Different structure: only the keys in common can be merged; say by rules what happens to the others.",
    };
  }
  if (distance === 0) return { id: "identical", text: "The parameters are identical: there is nothing to merge." };
  if (sameOrder === undefined) {
    return {
      id: "unclear",
      text: `No layer is large enough to compare units; the cosine of all parameters is ${cosine.toFixed(3)}.`,
    };
  }
  const share = `${Math.round(sameOrder * 100)} %`;
  const likeness = bestCosine === undefined ? "" : `, with a median cosine of ${bestCosine.toFixed(2)}`;
  if (sameOrder >= SAME_ORDER && (bestCosine ?? 1) >= STAYED_CLOSE) {
    return {
      id: "fine-to-average",
      text: `Fine to average: ${share} of the hidden units stand in the same order${likeness} (one ancestor).`,
    };
  }
  if (sameOrder > OTHER_ORDER) {
    return {
      id: "drifted",
      text: `One start, but far apart since: ${share} of the hidden units stand in the same order${likeness}; average, recompute the batch-norm statistics if there are any, and measure the result.`,
    };
  }
  if (bestCosine !== undefined && bestCosine >= SAME_UNIT) {
    return { id: "reordered", text: "The same units in another order: align first." };
  }
  if (sameOrder >= ALIGNED_ORDER) {
    return {
      id: "trained-apart",
      text: `Trained apart: only ${share} of the hidden units stand in the same order; align first, or, where that is done, repair the merged network and measure it.`,
    };
  }
  return {
    id: "trained-apart",
    text: `Trained apart: align first; only ${share} of the hidden units stand in the same order.`,
  };
}
