import { OnebasinError } from "../../core/errors.js";
import { createRandom } from "../../core/random.js";
import type { StateDict } from "../../tensor/tensor.js";
import type { AssignmentSolver } from "../assignment/assignment-solver.js";
import type { GroupScores } from "../scores/group-scores.js";
import { innerProduct } from "../scores/inner-product.js";
import type { PermutationSpec } from "../spec/permutation-spec.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import { identityPermutation, type Permutation } from "../unit-maps/permutation.js";

/** A change counts when it gains this share of what the group scores; less is rounding. */
const LEAST_GAIN = 1e-6;

export interface DescentOptions {
  readonly spec: PermutationSpec;
  readonly keys: readonly string[];
  readonly solver: AssignmentSolver;
  /** Most times that all groups are visited. */
  readonly sweeps: number;
  /**
   * - `chain`: from input to output, each group at first by what is settled already
   * - `random`: in an order drawn anew each sweep, from the units' given order
   */
  readonly order: "chain" | "random";
  readonly seed: number;
  /** Where the search begins instead of the units' given order; nothing is settled anew then. */
  readonly start?: Permutation;
  readonly signal?: AbortSignal;
  readonly onSweep?: (sweep: number) => void;
}

export interface Descent {
  readonly permutation: Permutation;
  readonly sweeps: number;
  /** Σ a · P(b) over the parameters, after each sweep. */
  readonly objective: readonly number[];
}

/**
 * Weight matching by coordinate descent: one group after the other is given the best order while the others stand,
 * until none gains. The objective never falls.
 *
 *     maximise over P  Σ over parameters of a · P(b)
 *
 * @throws `aborted`, `non-finite`
 * @source Ainsworth, Hayase and Srinivasa, "Git Re-Basin", ICLR 2023, algorithm 1
 */
export async function descend(
  models: { readonly a: StateDict; readonly b: StateDict },
  groups: readonly GroupScores[],
  options: DescentOptions,
): Promise<Descent> {
  const { spec, keys, solver, signal } = options;
  const begin = options.start ?? identityPermutation(spec);
  const permutation = new Map(begin);
  const stay = (): void => {
    for (const [group, order] of begin) permutation.set(group, order);
  };
  const prices = new Map(groups.map(({ group, units }) => [group, new Float64Array(units)]));
  const objectiveOf = (): number => innerProduct(models.a, applyPermutation(models.b, permutation, { spec }), keys);
  const objective: number[] = [];
  const atFirst = objectiveOf();
  const known = new Set<string>();
  let sweep = 0;
  for (let isMoving = true; isMoving && sweep < options.sweeps; sweep++) {
    isMoving = false;
    const isSettling = sweep === 0 && options.order === "chain" && options.start === undefined;
    const visited = [...groups];
    if (options.order === "random") createRandom(options.seed, "matching order", sweep).shuffle(visited);
    for (const scores of visited) {
      if (signal?.aborted) throw new OnebasinError("aborted", "The matching was stopped.");
      const { group, units } = scores;
      const table = await scores.update(permutation, isSettling ? known : undefined);
      known.add(group);
      if (table === undefined) continue;
      const before = permutation.get(group) as Uint32Array;
      const now = solver.assign(table, { rows: units, columns: units }, { prices: prices.get(group) });
      if (!isSettling && gain(table, before, now) <= LEAST_GAIN) continue;
      permutation.set(group, now);
      isMoving ||= isSettling || !isSame(before, now);
      if (!scores.isSelfTied || isSettling) continue;
      // The scores took the group's own order as given: only the whole sum tells whether the change was good.
      const after = objectiveOf();
      permutation.set(group, before);
      if (after > objectiveOf()) permutation.set(group, now);
    }
    const reached = objectiveOf();
    // Networks that began alike may be nearest as they are: the search goes on from there.
    if (isSettling && reached < atFirst) stay();
    objective.push(Math.max(reached, isSettling ? atFirst : reached));
    options.onSweep?.(sweep + 1);
  }
  return { permutation, sweeps: sweep, objective };
}

/** What an order scores above another, as a share of what the units score at all. */
function gain(table: Float32Array, before: Uint32Array, now: Uint32Array): number {
  let gained = 0;
  let size = 0;
  for (let i = 0; i < before.length; i++) {
    const [old, next] = [table[i * before.length + before[i]], table[i * before.length + now[i]]];
    gained += next - old;
    size += Math.abs(next);
  }
  return gained / Math.max(size, Number.MIN_VALUE);
}

const isSame = (a: Uint32Array, b: Uint32Array): boolean => a.every((place, i) => place === b[i]);
