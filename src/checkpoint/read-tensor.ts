import { unknownName } from "../core/suggest.js";
import { dtypeBytes } from "../tensor/dtype.js";
import { elementCount } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Checkpoint, TensorEntry } from "./checkpoint.js";
import { overLimit, quoted } from "./file-errors.js";
import { type StridedRun, scatterRun, stridedRuns } from "./strided.js";

/** What one call gives must fit into one array; larger tensors are read in parts with `readElements`. */
const MAX_TENSOR_BYTES = 2 ** 32;

/**
 * Reads a whole tensor into memory, gathered when its elements lie apart.
 *
 * @throws `unknown-name` when there is no such key, `limit` beyond 4 GiB, `bad-file`, `io`
 */
export async function readTensor(checkpoint: Checkpoint, key: string): Promise<Tensor> {
  const entry = checkpoint.entries.get(key);
  if (entry === undefined) throw unknownName(`tensor in ${checkpoint.name} named`, key, checkpoint.entries.keys());
  const count = elementCount(entry.shape);
  const bytes = count * dtypeBytes(entry.dtype);
  if (bytes > MAX_TENSOR_BYTES) {
    throw overLimit(checkpoint.name, `tensor ${quoted(key)} of ${bytes} bytes is too large to be read at once`);
  }
  const range = { start: 0, end: count };
  return { dtype: entry.dtype, shape: entry.shape, bytes: await readElements(checkpoint, entry, range) };
}

/** Short reads wait for each other less this way; each takes up to `MAX_RUN_BYTES`. */
const READS_AT_ONCE = 8;

/** A stretch of elements, counted row by row. */
export interface ElementRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads elements [start, end) of a tensor, row by row, whatever their order in the file. Memory: the result and
 * at most eight times `MAX_RUN_BYTES` more.
 *
 * @throws `bad-file`, `io`
 */
export async function readElements(
  checkpoint: Checkpoint,
  entry: TensorEntry,
  { start, end }: ElementRange,
): Promise<Uint8Array> {
  const source = checkpoint.sources[entry.source];
  const bytesPerElement = dtypeBytes(entry.dtype);
  const length = (end - start) * bytesPerElement;
  if (entry.strides === undefined) return source.read(entry.offset + start * bytesPerElement, length);
  const target = new Uint8Array(length);
  const read = async (run: StridedRun) => {
    scatterRun(run, await source.read(entry.offset + run.sourceOffset, run.length), target);
  };
  let pending: Promise<void>[] = [];
  for (const run of stridedRuns({ shape: entry.shape, strides: entry.strides, bytesPerElement, start, end })) {
    pending.push(read(run));
    if (pending.length < READS_AT_ONCE) continue;
    await Promise.all(pending);
    pending = [];
  }
  await Promise.all(pending);
  return target;
}
