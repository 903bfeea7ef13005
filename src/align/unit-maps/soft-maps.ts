import { elementCount, type Shape } from "../../tensor/shape.js";
import type { MatrixProduct } from "../matrix-product.js";
import type { PermutationSpec } from "../spec/permutation-spec.js";
import { type Atom, type Block, blocksOf, placesOf } from "../spec/tensor-blocks.js";

/** The matrix that makes new units of old ones, [old, new], for a part of an axis; `undefined` where nothing moves. */
export type MatrixOf = (atom: Atom) => Float32Array | undefined;

/** How a tensor of one network lies over one of another, whose groups may have other sizes. */
export interface MappedTensor {
  readonly key: string;
  readonly from: readonly Block[];
  readonly to: readonly Block[];
  /** What comes out. */
  readonly shape: Shape;
}

/** Tensors that soft maps change: those of `keys` that the specs name. */
export function mappedTensors(
  keys: Iterable<string>,
  shapeOf: (key: string, side: "from" | "to") => Shape,
  specs: { readonly from: PermutationSpec; readonly to: PermutationSpec },
): MappedTensor[] {
  return [...keys].flatMap((key): MappedTensor[] => {
    const [from, to] = [specs.from.axes.get(key), specs.to.axes.get(key)];
    if (from === undefined || to === undefined) return [];
    const shape = shapeOf(key, "to");
    return [{ key, from: blocksOf(from, shapeOf(key, "from"), specs.from), to: blocksOf(to, shape, specs.to), shape }];
  });
}

/**
 * Multiplies a tensor with one matrix for each of its axes that has one.
 *
 *     out[j₁, j₂, …] = Σ over i₁, i₂, … of M₁[i₁, j₁] · M₂[i₂, j₂] · … · values[i₁, i₂, …]
 *
 * Cost: a matrix product for each matrix. Nothing given is changed.
 */
export async function mapTensor(
  values: Float32Array,
  { from, to, shape }: MappedTensor,
  { matrixOf, product }: { readonly matrixOf: MatrixOf; readonly product: MatrixProduct },
): Promise<Float32Array> {
  const out = to.length === 1 ? undefined : new Float32Array(elementCount(shape));
  for (const [i, block] of from.entries()) {
    const mapped = await mapBlock(gatherBlock(values, block, from.length), partsOf(block, to[i], matrixOf), product);
    if (out === undefined) return mapped;
    for (const [at, place] of placesOf(to[i].offset, to[i].atoms).entries()) out[place] = mapped[at];
  }
  return out as Float32Array;
}

/**
 * The gradients of a loss with respect to the matrices of `mapTensor`, given that with respect to what it gives.
 *
 * @returns one for each part of an axis that has a matrix; a group that occurs twice has two, which add up
 */
export async function mapGradients(
  { values, gradient }: { readonly values: Float32Array; readonly gradient: Float32Array },
  { from, to }: MappedTensor,
  { matrixOf, product }: { readonly matrixOf: MatrixOf; readonly product: MatrixProduct },
): Promise<{ readonly atom: Atom; readonly gradient: Float32Array }[]> {
  const found: { readonly atom: Atom; readonly gradient: Float32Array }[] = [];
  for (const [i, block] of from.entries()) {
    const [given, received] = [gatherBlock(values, block, from.length), gatherBlock(gradient, to[i], to.length)];
    const parts = partsOf(block, to[i], matrixOf);
    for (const [place, { atom, matrix, old, now }] of parts.entries()) {
      if (atom === undefined || matrix === undefined) continue;
      const others = parts.map((part, it) => (it === place ? { ...part, matrix: undefined, now: old } : part));
      const left = lastAxis(await mapBlock(given, others, product), sizesOf(others), place);
      const right = lastAxis(received, sizesOf(parts), place);
      const rows = left.length / old;
      found.push({
        atom,
        gradient: await product.transposed(left, right, { rows, aColumns: old, bColumns: now }),
      });
    }
  }
  return found;
}

/** Axes of a block that are multiplied with a matrix, and runs of others between them. */
interface Part {
  readonly atom?: Atom;
  readonly matrix?: Float32Array;
  readonly old: number;
  readonly now: number;
}

function partsOf({ atoms }: Block, to: Block, matrixOf: MatrixOf): Part[] {
  const parts: Part[] = [];
  for (const [i, atom] of atoms.entries()) {
    const matrix = matrixOf(atom);
    const last = parts.at(-1);
    if (matrix !== undefined) parts.push({ atom, matrix, old: atom.size, now: to.atoms[i].size });
    else if (last !== undefined && last.matrix === undefined) {
      parts[parts.length - 1] = { old: last.old * atom.size, now: last.now * atom.size };
    } else parts.push({ old: atom.size, now: atom.size });
  }
  return parts;
}

const sizesOf = (parts: readonly Part[]): number[] => parts.map(({ now }) => now);

/** The first axis is taken to the end, multiplied on the way if it has a matrix, until all were. */
async function mapBlock(given: Float32Array, parts: readonly Part[], product: MatrixProduct): Promise<Float32Array> {
  if (parts.every(({ matrix }) => matrix === undefined)) return given;
  let values = given;
  for (const { matrix, old, now } of parts) {
    const rest = values.length / old;
    values =
      matrix === undefined
        ? transpose(values, old, rest)
        : await product.transposed(values, matrix, { rows: old, aColumns: rest, bColumns: now });
  }
  return values;
}

/** A part of a tensor as one piece; where it is the whole, the tensor itself. */
function gatherBlock(values: Float32Array, { offset, atoms }: Block, blocks: number): Float32Array {
  return blocks === 1 ? values : Float32Array.from(placesOf(offset, atoms), (place) => values[place]);
}

/** The same numbers with the axes up to one of them behind the others, so that it is the last. */
function lastAxis(values: Float32Array, sizes: readonly number[], axis: number): Float32Array {
  const before = sizes.slice(0, axis + 1).reduce((product, size) => product * size, 1);
  return axis === sizes.length - 1 ? values : transpose(values, before, values.length / before);
}

/** Rows and columns copied at a time, so that both sides stay in the cache. */
const TILE = 32;

function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  if (rows === 1 || columns === 1) return values;
  const out = new Float32Array(values.length);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(rows, top + TILE);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(columns, left + TILE);
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) out[column * rows + row] = values[row * columns + column];
      }
    }
  }
  return out;
}
