import type { ByteSource } from "../checkpoint/byte-source.js";
import type { Checkpoint, TensorEntry } from "../checkpoint/checkpoint.js";
import { readElements, readTensor } from "../checkpoint/read-tensor.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import { dtypeBytes, isFloat } from "../tensor/dtype.js";
import { elementCount, shapeText } from "../tensor/shape.js";
import { createTensor, tensorNumbers } from "../tensor/tensor.js";
import type { AdapterConfig } from "./adapter-config.js";

/** PEFT's prefix of every key, and the name that an adapter may have within it. */
const ADAPTER_KEY = /^(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.[^.]+)?\.weight$/;

/** Both factors of one module's change, scale included: change[i, j] = Σ b[i, k] · a[k, j]. */
interface Factors {
  readonly rank: number;
  readonly a: Float64Array;
  readonly b: Float64Array;
}

/**
 * The base model with a LoRA adapter merged in: W + scale·B·A, made row by row while it is read and rounded once to
 * the base's dtype. Only the factors are held in memory.
 *
 * @throws `mismatch` with every module that the base does not have or whose shape differs; `unsupported` for adapters of
 * anything but linear layers
 * @source Hu et al., "LoRA: low-rank adaptation of large language models" (ICLR 2022)
 */
export async function applyAdapter(base: Checkpoint, adapter: Checkpoint, config: AdapterConfig): Promise<Checkpoint> {
  const problems: OnebasinError[] = [];
  const modules = new Map<string, { A?: string; B?: string }>();
  for (const key of adapter.entries.keys()) {
    const [, module, factor] = ADAPTER_KEY.exec(key) ?? [];
    if (module === undefined) {
      problems.push(
        new OnebasinError("unsupported", `${adapter.name} holds "${key}", which is no factor of a linear layer.`),
      );
    } else modules.set(module, { ...modules.get(module), [factor]: key });
  }
  const entries = new Map(base.entries);
  const sources: ByteSource[] = [...base.sources];
  for (const [module, { A, B }] of modules) {
    const entry = weightOf(base, module);
    if (entry === undefined || A === undefined || B === undefined || !isFloat(entry.dtype)) {
      const lack = entry === undefined ? `${base.name} has no weight for it` : "a factor is missing";
      problems.push(new OnebasinError("mismatch", `Module "${module}" of ${adapter.name}: ${lack}.`));
      continue;
    }
    const [a, b] = [adapter.entries.get(A) as TensorEntry, adapter.entries.get(B) as TensorEntry];
    const [out, inside] = config.isTransposed ? entry.shape.toReversed() : entry.shape;
    const fits = entry.shape.length === 2 && a.shape[1] === inside && b.shape[0] === out && a.shape[0] === b.shape[1];
    if (!fits) {
      const shapes = `${shapeText(b.shape)} · ${shapeText(a.shape)} does not fit ${shapeText(entry.shape)}`;
      problems.push(new OnebasinError("mismatch", `Module "${module}" of ${adapter.name}: ${shapes}.`));
      continue;
    }
    const scale = config.scaleOf(module, a.shape[0]);
    const factors = async (): Promise<Factors> => {
      const [left, right] = [tensorNumbers(await readTensor(adapter, B)), tensorNumbers(await readTensor(adapter, A))];
      const scaled = left.map((value) => value * scale);
      return config.isTransposed
        ? { rank: a.shape[0], b: transposed(right, a.shape[0]), a: transposed(scaled, out) }
        : { rank: a.shape[0], b: scaled, a: right };
    };
    sources.push(adaptedSource({ base, entry, factors }));
    const { strides: _, ...contiguous } = entry;
    entries.set(entry.key, { ...contiguous, source: sources.length - 1, offset: 0 });
  }
  throwProblems(problems, adapter.name);
  return { ...base, name: `${base.name}+${adapter.name}`, sources: [...sources, ...adapter.sources], entries };
}

/** The base may have its keys behind a prefix that the adapter does not know, or the other way round. */
function weightOf({ entries }: Checkpoint, module: string): TensorEntry | undefined {
  const names = [`${module}.weight`, `model.${module}.weight`, `${module.replace(/^model\./, "")}.weight`];
  return names.map((name) => entries.get(name)).find((entry) => entry !== undefined);
}

/** From row by row with `rows` rows to column by column. */
function transposed(values: Float64Array, rows: number): Float64Array {
  const columns = values.length / rows;
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}

interface Adapted {
  readonly base: Checkpoint;
  readonly entry: TensorEntry;
  readonly factors: () => Promise<Factors>;
}

/** A source that holds one weight with its change, computed for the elements that are asked for. */
function adaptedSource({ base, entry, factors }: Adapted): ByteSource {
  const bytesPerElement = dtypeBytes(entry.dtype);
  let held: Promise<Factors> | undefined;
  return {
    name: base.sources[entry.source].name,
    size: elementCount(entry.shape) * bytesPerElement,
    read: async (offset, length) => {
      held ??= factors();
      const [start, end] = [offset / bytesPerElement, (offset + length) / bytesPerElement];
      const bytes = await readElements(base, entry, { start, end });
      const values = tensorNumbers({ dtype: entry.dtype, shape: [end - start], bytes });
      addProduct(values, start, { ...(await held), columns: entry.shape[1] });
      return createTensor(entry.dtype, [end - start], values).bytes;
    },
    close: async () => {
      held = undefined;
    },
  };
}

/** Adds elements [start, start + length) of b·a. Cost: O(length · rank). */
function addProduct(
  values: Float64Array,
  start: number,
  { a, b, rank, columns }: Factors & { readonly columns: number },
): void {
  for (let at = 0; at < values.length; ) {
    const row = Math.floor((start + at) / columns);
    const column = start + at - row * columns;
    const count = Math.min(columns - column, values.length - at);
    for (let k = 0; k < rank; k++) {
      const factor = b[row * rank + k];
      const from = k * columns + column;
      for (let j = 0; j < count; j++) values[at + j] += factor * a[from + j];
    }
    at += count;
  }
}
