import type { Checkpoint, TensorEntry } from "../checkpoint/checkpoint.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import type { Matrix } from "../linear-algebra/matrix.js";
import { globMatcher } from "../merge/glob.js";
import { matchKeys } from "../merge/match-keys.js";
import { hasVocabularyRows, tiedEmbedding } from "../merge/recipe-file/layers.js";
import { type FloatDType, isFloat } from "../tensor/dtype.js";
import { elementCount, sameShape, shapeText } from "../tensor/shape.js";
import { createTensor } from "../tensor/tensor.js";
import type { AdapterKind } from "./adapter.js";
import type { AdapterPlan, AdapterStep, LeftOut } from "./adapter-plan.js";
import { changeOf, isChanged, type Placed, squaredChange } from "./change-of.js";
import { factorTensors } from "./factor-tensors.js";
import { lowRank } from "./low-rank.js";
import { serializeAdapterConfig } from "./serialize-adapter-config.js";
import { transposedModules } from "./transposed-modules.js";

export interface ExtractAdapterOptions {
  /** Of the factors, at most that of the weight's smaller side; default 16. */
  readonly rank?: number;
  /** Of the factors; f32 unless told. */
  readonly dtype?: FloatDType;
  /** Patterns of the keys to look at; all unless told. */
  readonly only?: readonly string[];
  /** Patterns of keys to pass over. */
  readonly skip?: readonly string[];
  /** What the adapter calls its base model. */
  readonly baseModel?: string;
  /** As PEFT names tasks: `CAUSAL_LM`. */
  readonly taskType?: string;
  readonly signal?: AbortSignal;
}

/** The whole change of a weight must fit into memory, in f64, a few times over. */
const MAX_ELEMENTS = 2 ** 28;

/**
 * Plans a LoRA adapter out of what fine-tuning changed: for each weight of a linear layer, a convolution or a table of
 * embeddings the nearest change of the given rank, W' − W ≈ B·A. What an adapter cannot hold, and what was not changed,
 * is left out.
 *
 * Cost: a first reading of both models, up to the first difference of each tensor; then, module by module, the
 * truncated SVD of its change.
 *
 * @throws `bad-argument`, `mismatch`: all problems together; `non-finite`; `aborted`
 * @source Hu et al., "LoRA: low-rank adaptation of large language models" (ICLR 2022); Eckart and Young (1936)
 */
export async function extractAdapter(
  base: Checkpoint,
  tuned: Checkpoint,
  options: ExtractAdapterOptions = {},
): Promise<AdapterPlan> {
  const { rank: wanted = 16, dtype = "f32", signal } = options;
  const { entries, change } = matchKeys(tuned.entries, base.entries);
  const { keys, problems } = chosenKeys(base, entries, options);
  if (!(Number.isSafeInteger(wanted) && wanted > 0)) {
    problems.push(new OnebasinError("bad-argument", `The rank is ${wanted}; expected a whole number of at least 1.`));
  }
  throwProblems(problems, `the change from ${base.name} to ${tuned.name}`);
  const isTransposed = transposedModules(base.entries);
  const steps: AdapterStep[] = [];
  const leftOut: LeftOut[] = [];
  const ranks = new Map<string, number>();
  const adaptable: string[] = [];
  for (const key of keys) {
    if (signal?.aborted) throw new OnebasinError("aborted", "Stopped; nothing was written.");
    const [before, after] = [base.entries.get(key) as TensorEntry, entries.get(key) as TensorEntry];
    const pair: Pair = { key, before: { checkpoint: base, entry: before }, after: { checkpoint: tuned, entry: after } };
    const kind = kindOf(key, before);
    if (typeof kind === "object") {
      leftOut.push({ key, why: kind.why, change: () => squaredChange(pair.before, pair.after) });
      continue;
    }
    const module = key.slice(0, -".weight".length);
    adaptable.push(module);
    if (!(await isChanged(pair.before, pair.after))) continue;
    const turned = kind === "embedding" || (kind === "linear" && isTransposed(module) === true);
    const rank = Math.min(wanted, before.shape[0], elementCount(before.shape) / before.shape[0]);
    ranks.set(module, rank);
    steps.push(moduleStep(pair, { module, kind, turned, rank, dtype }));
  }
  if (steps.length === 0) {
    throw new OnebasinError(
      "mismatch",
      `No weight differs between ${base.name} and ${tuned.name} that an adapter could hold.`,
      {
        hint: "See what differs with: onebasin diff BASE TUNED",
      },
    );
  }
  const all = [...new Set(steps.map(({ module }) => module))];
  return {
    config: serializeAdapterConfig({
      ranks,
      targets: sharedEnds(all, adaptable),
      whole: [],
      baseModel: options.baseModel,
      taskType: options.taskType,
      isTransposed: all.some((module) => isTransposed(module) === true),
    }),
    steps,
    leftOut,
    sources: [...base.sources, ...tuned.sources],
    notes: [
      ...[base, tuned].flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
      ...(change === undefined ? [] : [`${tuned.name}: keys were taken ${change}, to match those of ${base.name}.`]),
      ...onlyInOne(base, entries, tuned),
      ...tiedNote(base, all),
    ],
  };
}

/** PEFT looks words up in a changed table, but multiplies with the old one, as long as the two are one in the base. */
function tiedNote({ entries }: Checkpoint, modules: readonly string[]): string[] {
  const table = modules.find((module) => hasVocabularyRows(`${module}.weight`));
  if (table === undefined || [...entries.keys()].some((key) => tiedEmbedding(key, entries.keys()) !== undefined))
    return [];
  return [
    `"${table}" is the output layer too, which its change reaches only when the adapter is merged into the base.`,
  ];
}

/** One tensor in both models, under the base's key. */
interface Pair {
  readonly key: string;
  readonly before: Placed;
  readonly after: Placed;
}

/** The keys that both models have, as far as patterns choose them, and all that is wrong with pairs and patterns. */
function chosenKeys(
  base: Checkpoint,
  entries: ReadonlyMap<string, TensorEntry>,
  { only, skip = [] }: ExtractAdapterOptions,
): { readonly keys: readonly string[]; readonly problems: OnebasinError[] } {
  const shared = [...base.entries.keys()].filter((key) => entries.has(key));
  const patterns = [...(only ?? []), ...skip].map((text) => ({ text, matches: globMatcher(text) }));
  const problems = patterns
    .filter(({ matches }) => !shared.some(matches))
    .map(
      ({ text }) =>
        new OnebasinError("bad-argument", `The pattern "${text}" matches no key.`, {
          hint: `Keys look like ${shared.slice(0, 3).join(", ")}; * stands for anything.`,
        }),
    );
  const isIn = (list: readonly string[], key: string): boolean => list.some((text) => globMatcher(text)(key));
  const keys = shared.filter((key) => (only === undefined || isIn(only, key)) && !isIn(skip, key));
  for (const key of keys) {
    const [before, after] = [base.entries.get(key) as TensorEntry, entries.get(key) as TensorEntry];
    if (sameShape(before.shape, after.shape) && isFloat(before.dtype) === isFloat(after.dtype)) continue;
    problems.push(
      new OnebasinError(
        "mismatch",
        `Key "${key}" is ${before.dtype} ${shapeText(before.shape)} in ${base.name} and ${after.dtype} ${shapeText(after.shape)} in the other.`,
        { hint: `Pass over it: --skip '${key}'` },
      ),
    );
  }
  return { keys, problems };
}

/** Tables that are looked up by number, not multiplied with. */
const TABLE = /(^|\.)(embed_\w+|wte|wpe|\w*embeddings?|tok_embeddings|embed_in|shared)\.weight$/;

function kindOf(key: string, { shape, dtype }: TensorEntry): AdapterKind | { readonly why: string } {
  if (!isFloat(dtype)) return { why: "holds no floating-point numbers" };
  if (shape.length < 2 || !key.endsWith(".weight")) return { why: "is no matrix of a layer" };
  if (elementCount(shape) > MAX_ELEMENTS) return { why: "is too large to be decomposed in memory" };
  if (shape.length === 2) return TABLE.test(key) ? "embedding" : "linear";
  return shape[1] === 1 ? { why: "has one input channel, as grouped convolutions have" } : "convolution";
}

interface ModuleOptions {
  readonly module: string;
  readonly kind: AdapterKind;
  /** Whether the factors' product is the change transposed. */
  readonly turned: boolean;
  readonly rank: number;
  readonly dtype: FloatDType;
}

function moduleStep({ before, after }: Pair, { module, kind, turned, rank, dtype }: ModuleOptions): AdapterStep {
  const { shape } = before.entry;
  const [rows, cols] = [shape[0], elementCount(shape) / shape[0]];
  const isConvolution = kind === "convolution";
  const tensors = factorTensors(
    {
      name: module,
      kind,
      a: { shape: [rank, ...(turned ? [rows] : shape.slice(1))] },
      b: { shape: [turned ? cols : rows, rank, ...(isConvolution ? shape.slice(2).map(() => 1) : [])] },
    },
    { rank, dtype },
  );
  return {
    module,
    tensors,
    make: async () => {
      const { a, b, coverage } = await lowRank({ rows, cols, values: await changeOf(before, after) }, rank);
      const [left, right] = turned ? [transposed(a), transposed(b)] : [b, a];
      const made = [right, left].map(({ values }, i) => createTensor(dtype, tensors[i].shape, values));
      return { tensors: made, coverage };
    },
  };
}

function transposed({ rows, cols, values }: Matrix): Matrix {
  return { rows: cols, cols: rows, values: values.map((_, i) => values[(i % rows) * cols + Math.floor(i / rows)]) };
}

/** Last names that stand for exactly these modules; none when other modules have them too. */
function sharedEnds(modules: readonly string[], all: readonly string[]): readonly string[] | undefined {
  const lastName = (module: string): string => module.slice(module.lastIndexOf(".") + 1);
  const names = new Set(modules.map(lastName));
  return all.filter((module) => names.has(lastName(module))).length === modules.length ? [...names] : undefined;
}

function onlyInOne(base: Checkpoint, entries: ReadonlyMap<string, TensorEntry>, tuned: Checkpoint): string[] {
  const lacking = [...base.entries.keys()].filter((key) => !entries.has(key));
  const more = [...entries.keys()].filter((key) => !base.entries.has(key));
  const said = (keys: readonly string[], name: string): string[] =>
    keys.length === 0
      ? []
      : [
          `Only in ${name}, and left out: ${keys.slice(0, 5).join(", ")}${keys.length > 5 ? ", …" : ""} (${keys.length} in all).`,
        ];
  return [...said(lacking, base.name), ...said(more, tuned.name)];
}
