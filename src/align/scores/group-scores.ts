import { tensorFloats } from "../../tensor/float32.js";
import type { StateDict } from "../../tensor/tensor.js";
import type { MatrixProduct } from "../matrix-product.js";
import type { PermutationSpec } from "../spec/permutation-spec.js";
import type { Permutation } from "../unit-maps/permutation.js";
import { type Occurrence, occurrencesOf, restOrder, type UnitRows, unitRows } from "./occurrences.js";

/** Elements of a matrix that goes into one product: 64 MiB. */
const MAX_CHUNK = 2 ** 24;

interface Part {
  readonly occurrence: Occurrence;
  readonly a: UnitRows;
  readonly b: UnitRows;
  /** The row of `b` that each row of `a` was multiplied with; absent while the part is left out. */
  order?: Uint32Array;
}

/** The inner products of one group's units, kept up to date while other groups are permuted. */
export interface GroupScores {
  readonly group: string;
  readonly units: number;
  /** Other groups whose order the scores depend on. */
  readonly neighbours: ReadonlySet<string>;
  /** Whether a tensor holds the group twice, so that its own order changes its scores. */
  readonly isSelfTied: boolean;
  /**
   * Brings the scores to a permutation of the other groups. Only rows that moved are multiplied anew.
   *
   *     scores[i, j] = Σ over places of i in a and of j in b, b permuted, of a · b
   *
   * @param known leaves out what depends on groups that are not in this set
   * @returns the scores, [units, units], or `undefined` when nothing changed since the last time
   */
  update(permutation: Permutation, known?: ReadonlySet<string>): Promise<Float32Array | undefined>;
}

/** The scores of every group of a spec, over the given keys of two state dicts in f32. */
export function createGroupScores(
  a: StateDict,
  b: StateDict,
  options: { readonly spec: PermutationSpec; readonly keys: readonly string[]; readonly product: MatrixProduct },
): GroupScores[] {
  const { spec, keys, product } = options;
  const parts = new Map<string, Part[]>([...spec.groups.keys()].map((group) => [group, []]));
  for (const key of keys) {
    const [first, second] = [a.get(key), b.get(key)];
    if (first === undefined || second === undefined) continue;
    for (const occurrence of occurrencesOf(key, first.shape, spec)) {
      parts.get(occurrence.group)?.push({
        occurrence,
        a: unitRows(tensorFloats(first), occurrence),
        b: unitRows(tensorFloats(second), occurrence),
      });
    }
  }
  return [...parts].map(([group, own]) => scoresOf(group, spec.groups.get(group) ?? 0, own, product));
}

function scoresOf(group: string, units: number, parts: readonly Part[], product: MatrixProduct): GroupScores {
  const scores = new Float32Array(units * units);
  const groupsOf = ({ occurrence }: Part): string[] =>
    occurrence.others.flatMap((axis) => (axis.group === undefined ? [] : [axis.group]));
  const tied = parts.flatMap(groupsOf);
  let isFresh = true;
  return {
    group,
    units,
    neighbours: new Set(tied.filter((other) => other !== group)),
    isSelfTied: tied.includes(group),
    async update(permutation, known) {
      const wanted = parts.map((part) => {
        const isKnown = known === undefined || groupsOf(part).every((other) => known.has(other));
        return isKnown ? restOrder(part.occurrence, permutation) : undefined;
      });
      let moved = moves(parts, wanted);
      const rows = wanted.reduce((sum, order) => sum + (order?.length ?? 0), 0);
      if (moved.length === 0 && !isFresh) return undefined;
      if (isFresh || 2 * moved.length > rows) {
        scores.fill(0);
        for (const part of parts) part.order = undefined;
        moved = moves(parts, wanted);
      }
      isFresh = false;
      const chunk = Math.max(1, Math.floor(MAX_CHUNK / units));
      for (let from = 0; from < moved.length; from += chunk) {
        const some = moved.slice(from, from + chunk);
        const [left, right] = gatherMoves(some, units);
        const change = await product.transposed(left, right, { rows: some.length, aColumns: units, bColumns: units });
        for (let i = 0; i < scores.length; i++) scores[i] += change[i];
      }
      for (const [i, part] of parts.entries()) part.order = wanted[i];
      return scores;
    },
  };
}

interface Move {
  readonly part: Part;
  readonly row: number;
  /** Rows of `b` that now belong to the row of `a`, and that did so before; −1 for none. */
  readonly now: number;
  readonly before: number;
}

function moves(parts: readonly Part[], wanted: readonly (Uint32Array | undefined)[]): Move[] {
  const found: Move[] = [];
  for (const [i, part] of parts.entries()) {
    const { order: before } = part;
    const now = wanted[i];
    for (let row = 0; row < part.a.starts.length; row++) {
      const [from, to] = [before?.[row] ?? -1, now?.[row] ?? -1];
      if (from !== to) found.push({ part, row, now: to, before: from });
    }
  }
  return found;
}

function gatherMoves(moved: readonly Move[], units: number): [Float32Array, Float32Array] {
  const left = new Float32Array(moved.length * units);
  const right = new Float32Array(moved.length * units);
  for (const [i, { part, row, now, before }] of moved.entries()) {
    const { a, b } = part;
    const at = i * units;
    left.set(a.values.subarray(a.starts[row], a.starts[row] + units), at);
    if (now >= 0) right.set(b.values.subarray(b.starts[now], b.starts[now] + units), at);
    if (before < 0) continue;
    const start = b.starts[before];
    for (let unit = 0; unit < units; unit++) right[at + unit] -= b.values[start + unit];
  }
  return [left, right];
}
