import type { ByteSource } from "../checkpoint/byte-source.js";
import type { Checkpoint, TensorEntry } from "../checkpoint/checkpoint.js";
import { readElements, readTensor } from "../checkpoint/read-tensor.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import { dtypeBytes, isFloat } from "../tensor/dtype.js";
import { elementCount, type Shape, sameShape, shapeText } from "../tensor/shape.js";
import { createTensor, tensorNumbers } from "../tensor/tensor.js";
import { type Adapter, type AdapterModule, sidesOf } from "./adapter.js";
import { transposedModules } from "./transposed-modules.js";

/** Both factors of one module's change, scale included: change[i, j] = Σ b[i, k] · a[k, j]. */
interface Factors {
  readonly rank: number;
  readonly a: Float64Array;
  readonly b: Float64Array;
}

/**
 * The base model with a LoRA adapter merged in: W + scale·B·A, made row by row while it is read and rounded once to
 * the base's dtype; weights that the adapter holds whole stand in place of the base's. Only the factors are held in
 * memory.
 *
 * @param options.strength by which the change is multiplied; default 1
 * @throws `mismatch` with every module that the base does not have or whose shape differs
 * @source Hu et al., "LoRA: low-rank adaptation of large language models" (ICLR 2022)
 */
export function applyAdapter(
  base: Checkpoint,
  adapter: Adapter,
  { strength = 1 }: { readonly strength?: number } = {},
): Checkpoint {
  const problems: OnebasinError[] = [];
  const entries = new Map(base.entries);
  const sources: ByteSource[] = [...base.sources, ...adapter.checkpoint.sources];
  for (const [key, entry] of adapter.whole) {
    const own = findEntry(base, key);
    if (own === undefined || !sameShape(own.shape, entry.shape)) {
      const lack = own === undefined ? "it is not there" : `${shapeText(entry.shape)} is no ${shapeText(own.shape)}`;
      problems.push(new OnebasinError("mismatch", `${adapter.name} replaces "${key}" of ${base.name}, but ${lack}.`));
    } else entries.set(own.key, { ...entry, key: own.key, source: entry.source + base.sources.length });
  }
  const isTransposed = transposedModules(base.entries);
  for (const module of adapter.modules.values()) {
    const own = findEntry(base, `${module.name}.weight`);
    const told = own && (isTransposed(own.key.slice(0, -".weight".length)) ?? adapter.config.isTransposed);
    const turned = own && isTurned(module, own.shape, told === true);
    if (own === undefined || turned === undefined || !isFloat(own.dtype)) {
      const lack = own === undefined ? `${base.name} has no weight for it` : misfit(module, own);
      problems.push(new OnebasinError("mismatch", `Module "${module.name}" of ${adapter.name}: ${lack}.`));
      continue;
    }
    const entry = entries.get(own.key) as TensorEntry;
    const read = { ...base, sources: [...sources] };
    const factors = (): Promise<Factors> => readFactors(adapter, { ...module, scale: module.scale * strength }, turned);
    sources.push(adaptedSource({ base: read, entry, factors }));
    // A table that shared its numbers with another has its own now.
    const { strides: _, tie: __, ...contiguous } = entry;
    entries.set(own.key, { ...contiguous, source: sources.length - 1, offset: 0 });
  }
  throwProblems(problems, adapter.name);
  return { ...base, name: `${base.name}+${adapter.name}`, sources, entries };
}

/** The base may have its keys behind a prefix that the adapter does not know, or the other way round. */
function findEntry({ entries }: Checkpoint, key: string): TensorEntry | undefined {
  const names = [key, `model.${key}`, `transformer.${key}`, key.replace(/^(model|transformer)\./, "")];
  return names.map((name) => entries.get(name)).find((entry) => entry !== undefined);
}

/** Whether the weight is (B·A)ᵀ where it is not B·A; `undefined` when neither fits. */
function isTurned(module: AdapterModule, shape: Shape, preferred: boolean): boolean | undefined {
  const { rows, columns } = sidesOf(module);
  if (module.kind === "convolution") {
    return sameShape(shape, [rows, ...module.a.shape.slice(1)]) ? false : undefined;
  }
  const fits = { straight: sameShape(shape, [rows, columns]), turned: sameShape(shape, [columns, rows]) };
  if (module.kind === "embedding") return fits.turned ? true : undefined;
  if (fits.straight && fits.turned) return preferred;
  return fits.straight ? false : fits.turned ? true : undefined;
}

function misfit(module: AdapterModule, entry: TensorEntry): string {
  if (!isFloat(entry.dtype)) return `its weight is ${entry.dtype}, to which nothing can be added`;
  return `${shapeText(module.b.shape)} · ${shapeText(module.a.shape)} does not fit ${shapeText(entry.shape)}`;
}

async function readFactors({ checkpoint }: Adapter, module: AdapterModule, turned: boolean): Promise<Factors> {
  const { rank, scale } = module;
  const [left, right] = [
    tensorNumbers(await readTensor(checkpoint, module.b.key)),
    tensorNumbers(await readTensor(checkpoint, module.a.key)),
  ];
  const scaled = left.map((value) => value * scale);
  return turned
    ? { rank, b: transposed(right, rank), a: transposed(scaled, module.b.shape[0]) }
    : { rank, b: scaled, a: right };
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
  const columns = entry.shape.slice(1).reduce((product, size) => product * size, 1);
  let held: Promise<Factors> | undefined;
  return {
    name: base.sources[entry.source].name,
    size: elementCount(entry.shape) * bytesPerElement,
    read: async (offset, length) => {
      held ??= factors();
      const [start, end] = [offset / bytesPerElement, (offset + length) / bytesPerElement];
      const bytes = await readElements(base, entry, { start, end });
      const values = tensorNumbers({ dtype: entry.dtype, shape: [end - start], bytes });
      addProduct(values, start, { ...(await held), columns });
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
