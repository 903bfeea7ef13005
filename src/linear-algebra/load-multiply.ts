import { align, type Kernels, loadKernels } from "../kernels/load-kernels.js";
import { type Block, type Matrix, zeros } from "./matrix.js";

/** Elements of a block of the left factor, of the right one and of the depth: a left block stays in a core's cache. */
const BLOCK_ROWS = 128;
const BLOCK_COLUMNS = 512;
const BLOCK_DEPTH = 256;
/** Rows and columns of the tile that the kernel keeps in registers. */
const TILE = 4;

export interface MultiplyOptions {
  /** Which factors are taken transposed, as they lie. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** What the product is added to; a new matrix of zeros unless told. */
  readonly into?: Matrix | Block;
  /** What the product is multiplied by; 1 unless told. */
  readonly factor?: number;
}

/**
 *     into += factor · a · b
 *
 * in f64, summed in blocks of fixed size: the same bytes on every machine. The factors are not changed, and may not
 * share elements with what is added to. Gives the matrix that was added to, whole.
 */
export type Multiply = (a: Matrix | Block, b: Matrix | Block, options?: MultiplyOptions) => Matrix;

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
  return (a, b, { transposeA = false, transposeB = false, into, factor = 1 } = {}) => {
    const left = view(a, transposeA);
    const right = view(b, !transposeB);
    if (left.depth !== right.depth) throw new Error(`a product of depths ${left.depth} and ${right.depth}`);
    const target = into ?? zeros(left.length, right.length);
    const out = view(target, false);
    if (out.length !== left.length || out.depth !== right.length) {
      throw new Error(`a product of ${left.length} by ${right.length} added to ${out.length} by ${out.depth}`);
    }
    multiply({ out, left, right, factor });
    return "of" in target ? target.of : target;
  };
}

/** A factor seen from the product: vectors of the depth, `length` of them. */
interface View {
  readonly values: Float64Array;
  /** Of the first element. */
  readonly offset: number;
  readonly length: number;
  readonly depth: number;
  /** Elements between neighbours. */
  readonly lengthStride: number;
  readonly depthStride: number;
}

function view(matrix: Matrix | Block, isTransposed: boolean): View {
  const { of, row, column, rows, cols } = "of" in matrix ? matrix : { of: matrix, row: 0, column: 0, ...matrix };
  const place = { values: of.values, offset: row * of.cols + column };
  return isTransposed
    ? { ...place, length: cols, depth: rows, lengthStride: 1, depthStride: of.cols }
    : { ...place, length: rows, depth: cols, lengthStride: of.cols, depthStride: 1 };
}

interface Product {
  readonly out: View;
  readonly left: View;
  readonly right: View;
  readonly factor: number;
}

function blockMultiplier({ memory, functions, heapBase }: Kernels): (product: Product) => void {
  const addresses = { a: heapBase, b: 0, out: 0 };
  addresses.b = align(addresses.a + 8 * BLOCK_ROWS * BLOCK_DEPTH);
  addresses.out = align(addresses.b + 8 * BLOCK_DEPTH * BLOCK_COLUMNS);
  const packedA = new Float64Array(memory.buffer, addresses.a, BLOCK_ROWS * BLOCK_DEPTH);
  const packedB = new Float64Array(memory.buffer, addresses.b, BLOCK_DEPTH * BLOCK_COLUMNS);
  const block = new Float64Array(memory.buffer, addresses.out, BLOCK_ROWS * BLOCK_COLUMNS);
  return ({ out, left, right, factor }) => {
    for (let column = 0; column < right.length; column += BLOCK_COLUMNS) {
      const columns = Math.min(BLOCK_COLUMNS, right.length - column);
      for (let depth = 0; depth < left.depth; depth += BLOCK_DEPTH) {
        const depths = Math.min(BLOCK_DEPTH, left.depth - depth);
        pack(packedB, right, { start: column, count: columns, depth, depths });
        for (let row = 0; row < left.length; row += BLOCK_ROWS) {
          const rows = Math.min(BLOCK_ROWS, left.length - row);
          pack(packedA, left, { start: row, count: rows, depth, depths });
          const width = Math.ceil(columns / TILE);
          functions.product_f64(addresses.out, addresses.a, addresses.b, Math.ceil(rows / TILE), width, depths);
          addBlock(out, block, { row, rows, column, columns, stride: width * TILE, factor });
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
  { values, offset, lengthStride, depthStride }: View,
  { start, count, depth, depths }: Part,
): void {
  const whole = count - (count % TILE);
  let to = 0;
  for (let tile = 0; tile < whole; tile += TILE) {
    let first = offset + (start + tile) * lengthStride + depth * depthStride;
    let second = first + lengthStride;
    let third = second + lengthStride;
    let fourth = third + lengthStride;
    for (const end = to + depths * TILE; to < end; to += TILE) {
      target[to] = values[first];
      target[to + 1] = values[second];
      target[to + 2] = values[third];
      target[to + 3] = values[fourth];
      first += depthStride;
      second += depthStride;
      third += depthStride;
      fourth += depthStride;
    }
  }
  if (whole === count) return;
  target.fill(0, to, to + depths * TILE);
  for (let i = 0; i < count - whole; i++) {
    const from = offset + (start + whole + i) * lengthStride + depth * depthStride;
    for (let k = 0; k < depths; k++) target[to + k * TILE + i] = values[from + k * depthStride];
  }
}

function addBlock(
  { values, offset, lengthStride }: View,
  block: Float64Array,
  at: {
    readonly row: number;
    readonly rows: number;
    readonly column: number;
    readonly columns: number;
    readonly stride: number;
    readonly factor: number;
  },
): void {
  const { columns, factor } = at;
  for (let i = 0; i < at.rows; i++) {
    const to = offset + (at.row + i) * lengthStride + at.column;
    const from = i * at.stride;
    for (let j = 0; j < columns; j++) values[to + j] += factor * block[from + j];
  }
}
