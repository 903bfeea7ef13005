import type { Checkpoint, TensorEntry } from "../checkpoint/checkpoint.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import { isFloat } from "../tensor/dtype.js";
import { type Shape, shapeText } from "../tensor/shape.js";
import type { AdapterConfig } from "./adapter-config.js";

/** What a module computes with its weight, which decides how its factors are stored. */
export type AdapterKind = "linear" | "convolution" | "embedding";

/**
 * The change of one module's weight, in two factors: scale · B·A.
 *
 * - linear: `a` [rank, in], `b` [out, rank]
 * - convolution: `a` [rank, in, kh, kw], `b` [out, rank, 1, 1]
 * - embedding: `a` [rank, words], `b` [width, rank]; the change is (B·A)ᵀ
 */
export interface AdapterModule {
  readonly name: string;
  readonly kind: AdapterKind;
  readonly a: TensorEntry;
  readonly b: TensorEntry;
  readonly rank: number;
  readonly scale: number;
}

/** A LoRA adapter, its headers read. */
export interface Adapter {
  readonly name: string;
  readonly checkpoint: Checkpoint;
  readonly config: AdapterConfig;
  readonly modules: ReadonlyMap<string, AdapterModule>;
  /** Entries that stand in place of the base's, by the base's key. */
  readonly whole: ReadonlyMap<string, TensorEntry>;
}

/** PEFT's prefix of every key. */
export const KEY_PREFIX = "base_model.model.";
/** A factor; the adapter may have a name within the key. */
const FACTOR_KEY = /^(.+)\.lora_(embedding_)?([AB])(?:\.[^.]+)?$/;

/**
 * Sorts the tensors of an adapter by the modules that they change.
 *
 * @throws with every problem: `unsupported` for DoRA, biases of factors, grouped factors; `mismatch` for factors that
 * do not fit together
 */
export function readAdapter(checkpoint: Checkpoint, config: AdapterConfig): Adapter {
  const { name } = checkpoint;
  const problems: OnebasinError[] = [];
  const found = new Map<string, { a?: TensorEntry; b?: TensorEntry; isEmbedding: boolean }>();
  const whole = new Map<string, TensorEntry>();
  for (const [key, entry] of checkpoint.entries) {
    const bare = key.startsWith(KEY_PREFIX) ? key.slice(KEY_PREFIX.length) : key;
    const [, module, embedding, factor] = FACTOR_KEY.exec(bare.replace(/\.weight$/, "")) ?? [];
    const refusal = refusalOf(key);
    if (refusal !== undefined) problems.push(new OnebasinError("unsupported", `${name} holds "${key}": ${refusal}.`));
    else if (!isFloat(entry.dtype)) {
      problems.push(
        new OnebasinError("unsupported", `${name} holds "${key}" as ${entry.dtype}; factors are floating-point.`),
      );
    } else if (module === undefined) whole.set(bare.replace(".base_layer.", "."), entry);
    else {
      const isEmbedding = embedding !== undefined;
      found.set(module, { ...found.get(module), isEmbedding, [factor === "A" ? "a" : "b"]: entry });
    }
  }
  const modules = new Map<string, AdapterModule>();
  for (const [module, factors] of found) {
    const made = moduleOf(module, factors, config);
    if (typeof made === "string") {
      problems.push(new OnebasinError("mismatch", `Module "${module}" of ${name}: ${made}.`));
    } else modules.set(module, made);
  }
  if (found.size === 0 && problems.length === 0) {
    problems.push(new OnebasinError("bad-file", `${name} holds no factors of LoRA (keys with lora_A and lora_B).`));
  }
  throwProblems(problems, name);
  return { name, checkpoint, config, modules, whole };
}

function refusalOf(key: string): string | undefined {
  if (key.includes("lora_magnitude_vector")) return "DoRA is not supported, merge it into its base with PEFT first";
  if (/\.lora_[AB](\.[^.]+)?\.bias$/.test(key)) return "biases of factors (lora_bias) are not supported";
  if (key.includes("trainable_tokens_delta")) return "single rows of the vocabulary cannot be merged";
  return undefined;
}

function moduleOf(
  name: string,
  { a, b, isEmbedding }: { readonly a?: TensorEntry; readonly b?: TensorEntry; readonly isEmbedding: boolean },
  config: AdapterConfig,
): AdapterModule | string {
  if (a === undefined || b === undefined) return "a factor is missing";
  const [left, right] = [b.shape, a.shape];
  const rank = right[0] ?? 0;
  const kind = kindOf(left, right, isEmbedding);
  if (kind === undefined || left[1] !== rank || rank === 0) {
    return `the factors ${shapeText(left)} and ${shapeText(right)} do not fit together`;
  }
  return { name, kind, a, b, rank, scale: config.scaleOf(name, rank) };
}

function kindOf(left: Shape, right: Shape, isEmbedding: boolean): AdapterKind | undefined {
  if (left.length === 2 && right.length === 2) return isEmbedding ? "embedding" : "linear";
  const isConvolution = left.length > 2 && left.length === right.length && left.slice(2).every((size) => size === 1);
  return isConvolution && !isEmbedding ? "convolution" : undefined;
}

/** Rows of B and columns of A, as matrices. */
export function sidesOf({ a, b }: Pick<AdapterModule, "a" | "b">): { readonly rows: number; readonly columns: number } {
  return { rows: b.shape[0], columns: a.shape.slice(1).reduce((product, size) => product * size, 1) };
}
