import { MOST_KEPT } from "../merge/expression/plan-kept.js";
import { BASE_MEMORY, DEFAULT_MEMORY, THREAD_MEMORY, type ThreadLimits } from "./thread-count.js";

/** What may be held of one tensor between passes over it: a few are under way, and some of it lies in messages. */
export const keptAtMost = ({ memory = DEFAULT_MEMORY }: ThreadLimits): number =>
  Math.min(MOST_KEPT, Math.max(0, memory - BASE_MEMORY - 2 * THREAD_MEMORY) / 8);
