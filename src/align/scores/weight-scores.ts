import { tensorFloats } from "../../tensor/float32.js";
import type { StateDict } from "../../tensor/tensor.js";
import type { MatrixProduct } from "../matrix-product.js";
import type { IsIncoming } from "../spec/incoming-axes.js";
import { axisSize, type PermutationSpec } from "../spec/permutation-spec.js";
import { matricesOf } from "../unit-maps/apply-unit-maps.js";
import { mappedTensors, mapTensor } from "../unit-maps/soft-maps.js";
import type { UnitMaps } from "../unit-maps/unit-maps.js";
import { type Occurrence, occurrencesOf, unitRows } from "./occurrences.js";
import { type Metric, scoreMoments } from "./score-moments.js";

export interface WeightScoresOptions {
  readonly specs: readonly [PermutationSpec, PermutationSpec];
  readonly keys: readonly string[];
  /** Of the groups that are settled: what the units hear of the others is left out. */
  readonly maps: UnitMaps;
  readonly isIncoming: IsIncoming;
  readonly metric: Metric;
  readonly product: MatrixProduct;
}

/**
 * How alike the units of one group are in two networks by the weights with which they hear the layers before, which
 * are settled. Every weight of a unit counts as one thing it says.
 *
 * @returns [units of a, units of b]; `undefined` where nothing that is settled tells
 */
export async function weightScores(
  { a, b }: { readonly a: StateDict; readonly b: StateDict },
  group: string,
  options: WeightScoresOptions,
): Promise<Float32Array | undefined> {
  const { specs, keys, maps, isIncoming, metric, product } = options;
  const sizes = specs.map(({ groups }) => groups.get(group) ?? 0) as [number, number];
  // The units themselves are still those of b, what they hear is already that of a.
  const between: PermutationSpec = { ...specs[0], groups: new Map(specs[0].groups).set(group, sizes[1]) };
  const shapeOf = (key: string): number[] =>
    (specs[0].axes.get(key) ?? []).map((axis) => axisSize(axis, between.groups));
  const matrices = matricesOf(maps);
  const sums = [0, 1].map((side) => new Float64Array(sizes[side]));
  const squares = [0, 1].map((side) => new Float64Array(sizes[side]));
  const products = new Float64Array(sizes[0] * sizes[1]);
  let count = 0;
  for (const key of keys) {
    const [first, second] = [a.get(key), b.get(key)];
    if (first === undefined || second === undefined) continue;
    const own = occurrencesOf(key, first.shape, specs[0]);
    const wanted = own.flatMap((occurrence, i) => {
      const others = occurrence.others.flatMap((other) => other.group ?? []);
      const isTold = others.every((other) => other !== group && maps.has(other));
      return occurrence.group === group && !isIncoming(key, occurrence.axis) && isTold ? [i] : [];
    });
    if (wanted.length === 0) continue;
    const [tensor] = mappedTensors([key], (_, side) => (side === "from" ? second.shape : shapeOf(key)), {
      from: specs[1],
      to: between,
    });
    const matrixOf = matrices(key, isIncoming);
    const heard = await mapTensor(tensorFloats(second), tensor, {
      matrixOf: (atom) => (atom.group === group ? undefined : matrixOf(atom)),
      product,
    });
    const theirs = occurrencesOf(key, shapeOf(key), between);
    for (const i of wanted) {
      const rows = own[i].rest.length;
      const sides = [unitColumns(tensorFloats(first), own[i]), unitColumns(heard, theirs[i])];
      const found = await product.transposed(sides[0], sides[1], { rows, aColumns: sizes[0], bColumns: sizes[1] });
      for (let k = 0; k < products.length; k++) products[k] += found[k];
      for (const [side, values] of sides.entries()) {
        for (let k = 0; k < values.length; k++) {
          sums[side][k % sizes[side]] += values[k];
          squares[side][k % sizes[side]] += values[k] ** 2;
        }
      }
      count += rows;
    }
  }
  if (count === 0) return undefined;
  const mean = (values: Float64Array): Float64Array => values.map((value) => value / count);
  return scoreMoments(
    {
      sizes,
      means: [mean(sums[0]), mean(sums[1])],
      squares: [mean(squares[0]), mean(squares[1])],
      products: mean(products),
    },
    metric,
  );
}

/** The numbers of an occurrence as a matrix, [places, units]. */
function unitColumns(values: Float32Array, occurrence: Occurrence): Float32Array {
  const { values: from, starts } = unitRows(values, occurrence);
  const { units } = occurrence;
  const columns = new Float32Array(starts.length * units);
  for (const [row, start] of starts.entries()) columns.set(from.subarray(start, start + units), row * units);
  return columns;
}
