import { align, type Kernels, loadKernels } from "../kernels/load-kernels.js";
import type { Matrix } from "./matrix.js";

/** Adam's usual rates at which means of gradients and of their squares forget, and what keeps it from dividing by 0. */
const FORGETTING = 0.9;
const SQUARE_FORGETTING = 0.999;
const SMALLEST_ROOT = 1e-8;

/** Rows that take all their steps together; each reading of the curvature serves so many. */
const STRIP = 256;
/** Columns and depth of a block of the curvature: it stays in a core's cache. */
const BLOCK_COLUMNS = 128;
const BLOCK_DEPTH = 256;
/** Columns, and by precision rows, of the tile that the kernel keeps in registers. */
const TILE_COLUMNS = 4;
const TILE_ROWS = { f32: 8, f64: 4 } as const;
const ARRAYS = { f32: Float32Array, f64: Float64Array } as const;

type Precision = keyof typeof ARRAYS;
type Numbers = Float32Array | Float64Array;

export interface DescendQuadraticOptions {
  /** [rows, cols]: half the gradient at the start. */
  readonly slope: Matrix;
  /** [cols, cols], symmetric: what a change is multiplied by, to give the change of half the gradient. */
  readonly curvature: Matrix;
  readonly steps: number;
  /** How far an element moves in one step, at most. */
  readonly rate: number;
  /** Of what a step adds to the gradient. */
  readonly precision: Precision;
}

/** Numbers in f64 that `descendQuadratic` holds beside what it is given. */
export function descendNumbers({ rows, cols }: { readonly rows: number; readonly cols: number }): number {
  const strip = Math.min(rows, STRIP) + TILE_ROWS.f32;
  return 5 * strip * (cols + TILE_COLUMNS) + (cols + TILE_COLUMNS) * cols;
}

/**
 * Lessens a quadratic of a matrix by Adam, without decay:
 *
 *     ½·gradient(matrix) = slope + (matrix − start) · curvature
 *
 * The gradient is carried on from step to step. Where f32 is enough, only what a step adds to it is found in f32: its
 * rounding is one of the change, not of the gradient, whose sums stay in f64, as do all others. The results then differ
 * from those in f64 by less than 1e-6 of how far the matrix moves. Rows do not depend on each other: a strip of them
 * takes all steps, then the next.
 *
 * Cost: 2 · rows · cols² operations a step; `descendNumbers` of memory.
 *
 * @param matrix [rows, cols], where it starts; changed
 * @source Kingma and Ba, “Adam: A Method for Stochastic Optimization”, ICLR 2015, algorithm 1
 */
export async function descendQuadratic(matrix: Matrix, options: DescendQuadraticOptions): Promise<void> {
  const { rows, cols } = matrix;
  if (rows === 0 || cols === 0) return;
  const packed = packCurvature(options.curvature, options.precision);
  const strip = await loadStrip(Math.min(rows, STRIP), cols, options.precision);
  for (let row = 0; row < rows; row += STRIP) {
    const place = { row, rows: Math.min(STRIP, rows - row) };
    strip.load(matrix, options.slope, place);
    strip.descend(packed, options);
    strip.store(matrix, place);
  }
}

const pad = (count: number, tile: number): number => Math.ceil(count / tile) * tile;

/** The curvature, block by block in the order in which the kernel reads it, with zeros up to whole tiles. */
function packCurvature({ cols, values }: Matrix, precision: Precision): Numbers {
  const padded = pad(cols, TILE_COLUMNS);
  const packed = new ARRAYS[precision](padded * cols);
  let to = 0;
  for (const { column, columns, depth, depths } of blocksOf(cols)) {
    for (let tile = column; tile < column + columns; tile += TILE_COLUMNS) {
      for (let k = depth; k < depth + depths; k++, to += TILE_COLUMNS) {
        for (let i = 0; i < TILE_COLUMNS && tile + i < cols; i++) packed[to + i] = values[k * cols + tile + i];
      }
    }
  }
  return packed;
}

interface CurvatureBlock {
  readonly column: number;
  /** Whole tiles of columns. */
  readonly columns: number;
  readonly depth: number;
  readonly depths: number;
}

function* blocksOf(cols: number): Generator<CurvatureBlock> {
  const padded = pad(cols, TILE_COLUMNS);
  for (let column = 0; column < padded; column += BLOCK_COLUMNS) {
    const columns = Math.min(BLOCK_COLUMNS, padded - column);
    for (let depth = 0; depth < cols; depth += BLOCK_DEPTH) {
      yield { column, columns, depth, depths: Math.min(BLOCK_DEPTH, cols - depth) };
    }
  }
}

interface Place {
  readonly row: number;
  readonly rows: number;
}

interface Strip {
  readonly load: (matrix: Matrix, slope: Matrix, place: Place) => void;
  readonly descend: (packed: Numbers, options: DescendQuadraticOptions) => void;
  readonly store: (matrix: Matrix, place: Place) => void;
}

/** Room for a strip, in the order of the kernel: a tile's rows at a time, and of those column by column. */
async function loadStrip(rows: number, cols: number, precision: Precision): Promise<Strip> {
  const tileRows = TILE_ROWS[precision];
  const bytes = ARRAYS[precision].BYTES_PER_ELEMENT;
  const tileSize = tileRows * pad(cols, TILE_COLUMNS);
  const size = pad(rows, tileRows) * pad(cols, TILE_COLUMNS);
  const changeSize = tileRows * BLOCK_COLUMNS;
  const kernels = await loadKernels(
    5 * Float64Array.BYTES_PER_ELEMENT * size + bytes * (changeSize + BLOCK_COLUMNS * BLOCK_DEPTH) + 64,
  );
  const values = reserve(kernels, kernels.heapBase, size);
  const gradient = reserve(kernels, values.end, size);
  const mean = reserve(kernels, gradient.end, size);
  const square = reserve(kernels, mean.end, size);
  const move = square.end;
  const change = align(move + Float64Array.BYTES_PER_ELEMENT * size);
  const block = align(change + bytes * changeSize);
  const blockValues = new ARRAYS[precision](kernels.memory.buffer, block, BLOCK_COLUMNS * BLOCK_DEPTH);
  const { functions } = kernels;
  const [product, addChange] = [functions[`product_${precision}`], functions[`addChange_${precision}`]];
  /** What a move of `factor` times the moves adds to the gradient. */
  const carry = (packed: Numbers, factor: number): void => {
    let from = 0;
    for (const { column, columns, depth, depths } of blocksOf(cols)) {
      blockValues.set(packed.subarray(from, from + columns * depths));
      from += columns * depths;
      for (let tile = 0; tile < size; tile += tileSize) {
        const right = move + bytes * (tile + tileRows * depth);
        product(change, block, right, columns / TILE_COLUMNS, 1, depths);
        addChange(gradient.address + 8 * (tile + tileRows * column), change, tileRows * columns, factor);
      }
    }
  };
  return {
    load: (matrix, slope, place) => {
      for (const { array } of [values, gradient, mean, square]) array.fill(0);
      for (const [index, element] of elementsOf(place, cols, tileRows)) {
        values.array[index] = matrix.values[element];
        gradient.array[index] = 2 * slope.values[element];
      }
    },
    descend: (packed, { steps, rate }) => {
      const addresses = [move, values.address, gradient.address, mean.address, square.address];
      let [known, squareKnown] = [1, 1];
      for (let step = 1; step <= steps; step++) {
        known *= FORGETTING;
        squareKnown *= SQUARE_FORGETTING;
        const rates = [FORGETTING, SQUARE_FORGETTING, known, squareKnown, SMALLEST_ROOT];
        functions.adam_f64(...addresses, size, rate, ...rates);
        // Narrowed in place: each f64 is read before an f32 is written over it.
        if (precision === "f32") functions.load_f64(move, move, size);
        if (step < steps) carry(packed, -2 * rate);
      }
    },
    store: (matrix, place) => {
      for (const [index, element] of elementsOf(place, cols, tileRows)) matrix.values[element] = values.array[index];
    },
  };
}

interface Reserved {
  readonly address: number;
  readonly array: Float64Array;
  readonly end: number;
}

function reserve({ memory }: Kernels, address: number, size: number): Reserved {
  return { address, array: new Float64Array(memory.buffer, address, size), end: align(address + 8 * size) };
}

/** For each element of a strip: its index there, and in the matrix. */
function* elementsOf({ row, rows }: Place, cols: number, tileRows: number): Generator<readonly [number, number]> {
  const padded = pad(cols, TILE_COLUMNS);
  for (let i = 0; i < rows; i++) {
    const tile = (i - (i % tileRows)) * padded + (i % tileRows);
    for (let k = 0; k < cols; k++) yield [tile + k * tileRows, (row + i) * cols + k];
  }
}
