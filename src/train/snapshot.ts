import { OnebasinError } from "../core/errors.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";
import { checkRun, type RunText } from "./check-run.js";

/** One line of a training's history. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Steps made so far. */
  readonly step: number;
  /** Mean over the epoch's batches, each before its step; nats. */
  readonly loss: number;
  /** Percent, likewise. */
  readonly accuracy: number;
  /** After the epoch, when there are images to validate by. */
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
}

/** All that it takes to go on with a training as if it had never stopped. */
export interface TrainingSnapshot {
  readonly state: StateDict;
  /** What the optimizer keeps, keyed `slot.key`. */
  readonly slots: StateDict;
  readonly history: readonly EpochRecord[];
  /** The best epoch so far, when there is an early stop. */
  readonly best?: { readonly epoch: number; readonly state: StateDict };
}

/** A snapshot as one state dict and text pairs, to be stored in a checkpoint. */
export interface PackedSnapshot {
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where the parts of a snapshot go among the keys of a checkpoint. */
const PREFIXES = { state: "model.", slots: "optimizer.", best: "best." } as const;
const METADATA_KEY = "onebasin.training";

/**
 * Packs a snapshot. Tensors are not copied.
 *
 * @param options.run tells runs with other options apart
 */
export function packSnapshot(
  { state, slots, history, best }: TrainingSnapshot,
  { run }: { readonly run: RunText },
): PackedSnapshot {
  const tensors = new Map<string, Tensor>();
  for (const [key, tensor] of state) tensors.set(PREFIXES.state + key, tensor);
  for (const [key, tensor] of slots) tensors.set(PREFIXES.slots + key, tensor);
  for (const [key, tensor] of best?.state ?? []) tensors.set(PREFIXES.best + key, tensor);
  return { tensors, metadata: { [METADATA_KEY]: JSON.stringify({ run, history, best: best?.epoch }) } };
}

/**
 * The inverse of {@link packSnapshot}.
 *
 * @param source what the checkpoint is called in messages
 * @throws `bad-file` when it holds no snapshot, `mismatch` when it is of a run with other options
 */
export function unpackSnapshot(
  { tensors, metadata }: PackedSnapshot,
  { run, source }: { readonly run: RunText; readonly source: string },
): TrainingSnapshot {
  const refuse = (why: string): OnebasinError =>
    new OnebasinError("bad-file", `${source} cannot be resumed: ${why}.`, {
      hint: "Give a snapshot that training wrote; a plain checkpoint can be a start with --init.",
    });
  const text = Object.hasOwn(metadata, METADATA_KEY) ? metadata[METADATA_KEY] : undefined;
  if (text === undefined) throw refuse("it holds weights but no state of a training");
  const { run: before, history, best } = parseRecord(text, refuse);
  checkRun(before, { run, source });
  const taken = (prefix: string): Map<string, Tensor> =>
    new Map([...tensors].flatMap(([key, it]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), it]] : [])));
  return {
    state: taken(PREFIXES.state),
    slots: taken(PREFIXES.slots),
    history,
    ...(best === undefined ? {} : { best: { epoch: best, state: taken(PREFIXES.best) } }),
  };
}

function parseRecord(
  text: string,
  refuse: (why: string) => OnebasinError,
): { readonly run: RunText; readonly history: readonly EpochRecord[]; readonly best?: number } {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw refuse("its history is not JSON");
  }
  const { run, history, best } = (read ?? {}) as { run?: unknown; history?: unknown; best?: unknown };
  const isRecord = (it: unknown, index: number): boolean =>
    typeof it === "object" && it !== null && (it as EpochRecord).epoch === index + 1;
  if (typeof run !== "string") throw refuse("it does not say what run it is of");
  if (!Array.isArray(history) || !history.every(isRecord)) throw refuse("its history is damaged");
  if (best === undefined) return { run, history };
  if (!(typeof best === "number" && history[best - 1] !== undefined)) throw refuse("its best epoch does not exist");
  return { run, history, best };
}

/** A history as JSON lines, one epoch each, ending in a line break. */
export function historyLines(history: readonly EpochRecord[]): string {
  return history.map((record) => `${JSON.stringify(record)}\n`).join("");
}
