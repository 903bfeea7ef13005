import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import type { ImageSet } from "../data/image-set.js";
import { evaluate } from "../evaluate/evaluate.js";
import type { Network } from "../network/graph.js";
import { joinHeads } from "../network/join-heads.js";
import { outputClasses } from "../network/output-classes.js";
import { chooseStatistics } from "../repair/dataset-statistics.js";
import { normalizationsOf } from "../repair/normalizations.js";
import { repair } from "../repair/repair.js";
import { sameShape } from "../tensor/shape.js";
import type { StateDict } from "../tensor/tensor.js";
import { type CoupleEvent, type CoupleOptions, couple } from "../train/coupling/couple.js";
import { coupledStarts } from "../train/coupling/coupled-starts.js";
import {
  type CoupledEpoch,
  packCouplingSnapshot,
  unpackCouplingSnapshot,
} from "../train/coupling/coupling-snapshot.js";
import { merge, open, save, toStateDict } from "./index.js";
import { ARCHITECTURE_KEY } from "./load-architecture.js";
import { makeFolder } from "./make-folder.js";
import { onnxRuntime } from "./onnx-runtime.js";
import { saveHeads } from "./save-heads.js";
import { writeText } from "./training-files.js";

/** A network of a coupled training, and what its files are called. */
export interface NamedNetwork {
  readonly name: string;
  /** The word for it in `--arch`. */
  readonly architecture: string;
  readonly network: Network;
  readonly images: ImageSet;
}

export interface CoupleToFolderOptions extends Omit<CoupleOptions, "runtime" | "resume"> {
  /** What every result is judged on. */
  readonly tests: readonly ImageSet[];
  /** All options as text: a run is resumed only by the same ones. */
  readonly run: string;
  /** Whether the average also keeps batch-norm statistics of each dataset alone, beside the shared ones; default false. */
  readonly perDataset?: boolean;
  /** Whether to go on from what an interrupted run left in the folder. */
  readonly resume: boolean;
  readonly onEvent?: (event: CoupleEvent) => void;
  readonly onProgress?: OnProgress;
}

/** Percent right and loss in nats, by dataset; of those that do not have more classes than the network. */
export type Scores = Readonly<Record<string, { readonly accuracy: number; readonly loss: number }>>;

/** What a coupled training came to. */
export interface CoupledResult {
  /** "inf" for infinity, which JSON does not know. */
  readonly lambda: number | "inf";
  readonly networks: readonly { readonly checkpoint: string; readonly architecture: string; readonly scores: Scores }[];
  /** Absent when the networks do not have the same shapes. */
  readonly average?: {
    readonly checkpoint: string;
    /** Of the plain mean of parameters and statistics. */
    readonly plain: Scores;
    /** With statistics recomputed on images of all datasets; as written. Absent without batch normalisation. */
    readonly repaired?: Scores;
    /** On each dataset with the statistics of that one; when they were asked for. */
    readonly perDataset?: Scores;
  };
  /** When parameters were tied. */
  readonly heads?: { readonly network: string; readonly checkpoint: string; readonly shared: number };
  readonly history: readonly CoupledEpoch[];
}

const FILES = {
  average: "average.safetensors",
  start: "start.safetensors",
  history: "history.jsonl",
  report: "couple.json",
  snapshot: "couple.resume.safetensors",
} as const;
/** Names that a network's checkpoint cannot have. */
export const TAKEN_NAMES: readonly string[] = ["average", "start", "heads", "couple.resume"];

/**
 * Trains networks coupled and leaves in a folder: their checkpoints, the weights they started from, their average with
 * statistics recomputed, the history, the report, and (where parameters were tied) one network with a head for each.
 * A run that was finished by the same options is not repeated when it is resumed.
 *
 * @throws as `couple`; `missing-data`, `mismatch`, `io`
 */
export async function coupleToFolder(
  folder: string,
  networks: readonly NamedNetwork[],
  options: CoupleToFolderOptions,
): Promise<CoupledResult> {
  const { run, onEvent, threads, signal, tests, onProgress, lambda } = options;
  await makeFolder(folder);
  const at = (name: string): string => join(folder, name);
  if (options.resume) {
    const finished = await readReport(at(FILES.report), run);
    if (finished !== undefined) return finished;
  }
  const resume = options.resume ? await readSnapshot(at(FILES.snapshot), run) : undefined;
  const events = couple(networks, { ...options, runtime: onnxRuntime, resume });
  let next = await events.next();
  while (!next.done) {
    onEvent?.(next.value);
    if (next.value.kind === "epoch") {
      const { tensors, metadata } = packCouplingSnapshot(next.value.snapshot(), { run });
      await save(tensors, at(FILES.snapshot), { metadata });
    }
    next = await events.next();
  }
  const { states, history, plan } = next.value;
  const common = { runtime: onnxRuntime, threads, signal, onProgress };
  const score = async (network: Network, state: StateDict, which: "shared" | "own" = "shared"): Promise<Scores> => {
    const classes = outputClasses(network);
    const scores: Record<string, Scores[string]> = {};
    for (const set of tests.filter((it) => it.classes <= classes)) {
      const chosen = chooseStatistics(network, state, which === "own" ? set.name : undefined);
      const { accuracy, loss } = await evaluate({ network, state: chosen }, set, common);
      scores[set.name] = { accuracy, loss };
    }
    return scores;
  };

  const saved = [];
  for (const [index, { name, architecture, network }] of networks.entries()) {
    const checkpoint = at(`${name}.safetensors`);
    await save(states[index], checkpoint, { metadata: { [ARCHITECTURE_KEY]: architecture } });
    saved.push({ checkpoint, architecture, scores: await score(network, states[index]) });
  }
  const [{ network, architecture }] = networks;
  const metadata = { [ARCHITECTURE_KEY]: architecture };
  let average: CoupledResult["average"];
  if (states.every((state) => sameShapes(state, states[0]))) {
    if (options.sameInit !== false) await save(coupledStarts(networks, options)[0], at(FILES.start), { metadata });
    const plain = await toStateDict(await merge(states, { method: "mean" }));
    const { seed, perDataset } = options;
    const repaired = await withFreshStatistics({ network, state: plain }, networks, { ...common, seed, perDataset });
    const checkpoint = at(FILES.average);
    await save(repaired ?? plain, checkpoint, { metadata });
    average = {
      checkpoint,
      plain: await score(network, plain),
      ...(repaired && { repaired: await score(network, repaired) }),
      ...(repaired && perDataset && { perDataset: await score(network, repaired, "own") }),
    };
  }
  const tied =
    lambda > 0 && plan.parameters.some(({ strength }) => strength > 0 && !Number.isFinite(strength * lambda));
  const heads = tied && sameInputs(networks) ? await saveTied() : undefined;
  const result: CoupledResult = {
    lambda: Number.isFinite(lambda) ? lambda : "inf",
    networks: saved,
    ...(average && { average }),
    ...(heads && { heads }),
    history,
  };
  await writeText(at(FILES.history), history.map((record) => `${JSON.stringify(record)}\n`).join(""));
  await writeText(at(FILES.report), `${JSON.stringify({ run, result }, undefined, 2)}\n`);
  await rm(at(FILES.snapshot), { force: true });
  return result;

  async function saveTied(): Promise<CoupledResult["heads"]> {
    const joined = joinHeads(networks.map((it, index) => ({ ...it, state: states[index] })));
    return { ...(await saveHeads(folder, joined, { name: "heads" })), shared: joined.shared.length };
  }
}

const sameShapes = (a: StateDict, b: StateDict): boolean =>
  a.size === b.size && [...a].every(([key, { shape }]) => sameShape(shape, b.get(key)?.shape ?? [-1]));

const sameInputs = (networks: readonly NamedNetwork[]): boolean =>
  networks.every(({ network }) => `${network.inputs[0].shape}` === `${networks[0].network.inputs[0].shape}`);

/** Images in a batch, and batches, that statistics are recomputed on. */
const REPAIR_BATCH = 64;

async function withFreshStatistics(
  model: { readonly network: Network; readonly state: StateDict },
  networks: readonly NamedNetwork[],
  options: Omit<Parameters<typeof repair>[1], "data">,
): Promise<StateDict | undefined> {
  if (normalizationsOf(model.network).length === 0) return undefined;
  const images = networks.map((it) => it.images);
  const each = Math.min(Math.floor(REPAIR_BATCH / images.length), ...images.map(({ count }) => count));
  const batch = Math.max(1, each) * images.length;
  const { state } = await repair(model, { ...options, method: "statistics", data: { images, batch } });
  return state;
}

async function readReport(path: string, run: string): Promise<CoupledResult | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const read = JSON.parse(text) as { readonly run?: unknown; readonly result?: CoupledResult };
    return read.run === run ? read.result : undefined;
  } catch {
    return undefined;
  }
}

async function readSnapshot(path: string, run: string) {
  const opened = await open(path).catch((cause: unknown) => {
    if (cause instanceof OnebasinError && cause.code === "missing-data") return undefined;
    throw cause;
  });
  if (opened === undefined) return undefined;
  return unpackCouplingSnapshot(
    { tensors: await toStateDict(opened), metadata: opened.metadata },
    { run, source: path },
  );
}
