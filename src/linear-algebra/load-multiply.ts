import { align, type Kernels, loadKernels } from "../kernels/load-kernels.js";
import { type Matrix, zeros } from "./matrix.js";

/** Elements of a block of the left factor, of the right one and of the depth: a left block stays in a core's cache. */
const BLOCK_ROWS = 128;
const BLOCK_COLUMNS = 512;
const BLOCK_DEPTH = 256;
/** Rows and columns of the tile that the kernel keeps in registers. */
const TILE = 4;

/** Which factors are taken transposed, as they lie. */
export interface MultiplyOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 *     out = a · b
 *
 * in f64, summed in blocks of fixed size: the same bytes on every machine. The factors are not changed.
 */
export type Multiply = (a: Matrix, b: Matrix, options?: MultiplyOptions) => Matrix;

let loaded: Promise<Multiply> | undefined;

/** The product of matrices, on kernels of this thread's own. Holds 2 MiB. */
export function loadMultiply(): Promise<Multiply> {
  loaded ??= create();
  return loaded;
}

async function create(): Promise<Multiply> {
  const bytes = 8 * (BLOCK_ROWS * BLOCK_DEPTH + BLOCK_DEPTH * BLOCK_COLUMNS + BLOCK_ROWS * BLOCK_COLUMNS);
  const kernels = await loadKernels(bytes + 64);
  const multiply = blockMultiplier(kernels);
  return (a, b, { transposeA = false, transposeB = false } = {}) => {
    const left: View = { values: a.values, ...sides(a, transposeA) };
    const right: View = { values: b.values, ...sides(b, !transposeB) };
    if (left.depth !== right.depth) throw new Error(`a product of depths ${left.depth} and ${right.depth}`);
    const out = zeros(left.length, right.length);
    multiply(out, left, right);
    return out;
  };
}

/** A factor seen from the product: vectors of the depth, `length` of them. */
interface View {
  readonly values: Float64Array;
  readonly length: number;
  readonly depth: number;
  /** Elements between neighbours. */
  readonly lengthStride: number;
  readonly depthStride: number;
}

function sides({ rows, cols }: Matrix, transposed: boolean): Omit<View, "values"> {
  return transposed
    ? { length: cols, depth: rows, lengthStride: 1, depthStride: cols }
    : { length: rows, depth: cols, lengthStride: cols, depthStride: 1 };
}

function blockMultiplier({ memory, functions, heapBase }: Kernels): (out: Matrix, a: View, b: View) => void {
  const addresses = { a: heapBase, b: 0, out: 0 };
  addresses.b = align(addresses.a + 8 * BLOCK_ROWS * BLOCK_DEPTH);
  addresses.out = align(addresses.b + 8 * BLOCK_DEPTH * BLOCK_COLUMNS);
  const packedA = new Float64Array(memory.buffer, addresses.a, BLOCK_ROWS * BLOCK_DEPTH);
  const packedB = new Float64Array(memory.buffer, addresses.b, BLOCK_DEPTH * BLOCK_COLUMNS);
  const block = new Float64Array(memory.buffer, addresses.out, BLOCK_ROWS * BLOCK_COLUMNS);
  return (out, a, b) => {
    for (let column = 0; column < b.length; column += BLOCK_COLUMNS) {
      const columns = Math.min(BLOCK_COLUMNS, b.length - column);
      for (let depth = 0; depth < a.depth; depth += BLOCK_DEPTH) {
        const depths = Math.min(BLOCK_DEPTH, a.depth - depth);
        pack(packedB, b, { start: column, count: columns, depth, depths });
        for (let row = 0; row < a.length; row += BLOCK_ROWS) {
          const rows = Math.min(BLOCK_ROWS, a.length - row);
          pack(packedA, a, { start: row, count: rows, depth, depths });
          const width = Math.ceil(columns / TILE);
          functions.product_f64(addresses.out, addresses.a, addresses.b, Math.ceil(rows / TILE), width, depths);
          addBlock(out, block, { row, rows, column, columns, stride: width * TILE });
        }
      }
    }
  };
}

interface Part {
  readonly start: number;
  readonly count: number;
  readonly depth: number;
  readonly depths: number;
}

/** Brings a part of a factor into the order in which the kernel reads it, filled up with zeros to whole tiles. */
function pack(
  target: Float64Array,
  { values, lengthStride, depthStride }: View,
  { start, count, depth, depths }: Part,
): void {
  for (let tile = 0; tile < count; tile += TILE) {
    const base = tile * depths;
    for (let i = 0; i < TILE; i++) {
      if (tile + i >= count) {
        for (let k = 0; k < depths; k++) target[base + k * TILE + i] = 0;
        continue;
      }
      let from = (start + tile + i) * lengthStride + depth * depthStride;
      for (let k = 0; k < depths; k++) {
        target[base + k * TILE + i] = values[from];
        from += depthStride;
      }
    }
  }
}

function addBlock(
  out: Matrix,
  block: Float64Array,
  at: {
    readonly row: number;
    readonly rows: number;
    readonly column: number;
    readonly columns: number;
    readonly stride: number;
  },
): void {
  for (let i = 0; i < at.rows; i++) {
    const to = (at.row + i) * out.cols + at.column;
    const from = i * at.stride;
    for (let j = 0; j < at.columns; j++) out.values[to + j] += block[from + j];
  }
}
