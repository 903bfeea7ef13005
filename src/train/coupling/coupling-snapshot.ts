import { OnebasinError } from "../../core/errors.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";
import { checkRun } from "../check-run.js";
import type { PackedSnapshot } from "../snapshot.js";
import type { LayerDistances } from "./layer-distances.js";

/** How a network did on the images it was trained on. */
export interface Progress {
  /** Mean over the batches, each before its step; nats. */
  readonly loss: number;
  /** Percent, likewise. */
  readonly accuracy: number;
}

/** One line of the history of a coupled training, with the distances after the epoch. */
export interface CoupledEpoch extends LayerDistances {
  /** From 1. */
  readonly epoch: number;
  /** Steps made so far. */
  readonly step: number;
  readonly networks: readonly Progress[];
}

/** All that it takes to go on with a coupled training as if it had never stopped. */
export interface CouplingSnapshot {
  readonly networks: readonly {
    readonly state: StateDict;
    /** What the optimizer keeps, keyed `slot.key`. */
    readonly slots: StateDict;
  }[];
  readonly history: readonly CoupledEpoch[];
}

const METADATA_KEY = "onebasin.coupling";

/**
 * Packs a snapshot as one state dict and text pairs. Tensors are not copied.
 *
 * @param options.run tells runs with other options apart
 */
export function packCouplingSnapshot(
  { networks, history }: CouplingSnapshot,
  { run }: { readonly run: string },
): PackedSnapshot {
  const tensors = new Map<string, Tensor>();
  for (const [index, { state, slots }] of networks.entries()) {
    for (const [key, tensor] of state) tensors.set(`${index}.model.${key}`, tensor);
    for (const [key, tensor] of slots) tensors.set(`${index}.optimizer.${key}`, tensor);
  }
  return { tensors, metadata: { [METADATA_KEY]: JSON.stringify({ run, count: networks.length, history }) } };
}

/**
 * The inverse of {@link packCouplingSnapshot}.
 *
 * @param options.source what the checkpoint is called in messages
 * @throws `bad-file` when it holds no snapshot, `mismatch` when it is of a run with other options
 */
export function unpackCouplingSnapshot(
  { tensors, metadata }: PackedSnapshot,
  { run, source }: { readonly run: string; readonly source: string },
): CouplingSnapshot {
  const text = Object.hasOwn(metadata, METADATA_KEY) ? metadata[METADATA_KEY] : undefined;
  const record = text === undefined ? undefined : parseRecord(text);
  if (record === undefined) {
    throw new OnebasinError("bad-file", `${source} cannot be resumed: it holds no state of a coupled training.`);
  }
  checkRun(record.run, { run, source });
  const taken = (prefix: string): Map<string, Tensor> =>
    new Map([...tensors].flatMap(([key, it]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), it]] : [])));
  const networks = Array.from({ length: record.count }, (_, index) => ({
    state: taken(`${index}.model.`),
    slots: taken(`${index}.optimizer.`),
  }));
  return { networks, history: record.history };
}

/** Networks in one run; more than this are no snapshot of ours. */
const MAX_NETWORKS = 1000;

function parseRecord(text: string) {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { run, count, history } = (read ?? {}) as { run?: unknown; count?: unknown; history?: unknown };
  const isRecord = (it: unknown, index: number): boolean =>
    typeof it === "object" && it !== null && (it as CoupledEpoch).epoch === index + 1;
  if (typeof run !== "string" || !Number.isInteger(count) || (count as number) > MAX_NETWORKS) return undefined;
  if (!Array.isArray(history) || !history.every(isRecord)) return undefined;
  return { run, count: count as number, history: history as CoupledEpoch[] };
}
