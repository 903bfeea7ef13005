import type { BufferPolicy } from "./merge-options.js";
import type { PlannedTensor } from "./plan.js";
import { isStatistic } from "./roles.js";

/** One sentence on what was done with batch-norm statistics and counters, and why it matters. */
export function buffersNote(tensors: readonly PlannedTensor[], policy: BufferPolicy): string | undefined {
  const layers = tensors.filter(({ role }) => role === "running variance").length;
  if (!tensors.some(({ role }) => isStatistic(role))) return undefined;
  const whose = `The running statistics of ${layers} batch-norm ${layers === 1 ? "layer" : "layers"}`;
  switch (policy) {
    case "merge":
      return `${whose} were combined like the parameters, and counters taken from the first model; such statistics fit the activations of neither parent, so recompute them on data (onebasin repair) before judging the result.`;
    case "first":
      return `${whose} are those of the first model; they describe its activations, not the merged network's, so recompute them on data (onebasin repair) before judging the result.`;
    case "fresh":
      return `${whose} are mean 0 and variance 1, as in a network just built: that is what copying parameters() alone leaves behind, and the network will seldom work until they are recomputed on data (onebasin repair).`;
  }
}
