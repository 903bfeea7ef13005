import { type StartedWorkers, startWorkers } from "../node/start-workers.js";
import { namedPath } from "./named-path.js";

/** With these, `merge` writes no file, or does something else first. */
const WITHOUT_THREADS = ["--dry-run", "--align", "--repair", "--evaluate", "--help", "-h"];

let started: StartedWorkers | undefined;

/**
 * Starts the threads that a merge of these files will want, going by the bare words of the command line: nothing was
 * checked yet, and what is wrong with it will be said later.
 */
export function startEarly([command, ...words]: readonly string[]): void {
  if (command !== "merge" || words.some((word) => WITHOUT_THREADS.includes(word))) return;
  const threads = Number(words[words.indexOf("--threads") + 1]);
  started = startWorkers(
    words.map((word) => namedPath(word).path),
    { threads: words.includes("--threads") && threads >= 1 ? threads : undefined },
  );
}

/** The threads that run already, for whoever has work for them. */
export const earlyWorkers = (): StartedWorkers | undefined => started;
