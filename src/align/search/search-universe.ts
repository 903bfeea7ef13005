import { OnebasinError } from "../../core/errors.js";
import { tensorFloats } from "../../tensor/float32.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";
import type { AssignmentSolver } from "../assignment/assignment-solver.js";
import type { MatrixProduct } from "../matrix-product.js";
import type { PermutationSpec } from "../spec/permutation-spec.js";
import { blendMatrices, type GroupMatrices, permutationMatrix } from "../unit-maps/group-matrices.js";
import { type MappedTensor, type MatrixOf, mapGradients, mappedTensors, mapTensor } from "../unit-maps/soft-maps.js";

export interface UniverseOptions {
  readonly spec: PermutationSpec;
  readonly keys: readonly string[];
  readonly solver: AssignmentSolver;
  readonly product: MatrixProduct;
  /** Most steps. */
  readonly steps: number;
  /** The search ends when a step promises to gain less than this share of the objective. */
  readonly tolerance: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: number) => void;
}

export interface UniverseSearch {
  /** How much of each unit lies at each place of the universe, for each model after the first. */
  readonly places: readonly GroupMatrices[];
  /** The objective at the start and after each step; never falls. */
  readonly objective: readonly number[];
}

/** The parameters of one model in the universe, tensor by tensor. */
type Placed = readonly Float32Array[];

/**
 * Matches any number of networks by way of a universe: each gets one map to it, so that going from one network to a
 * second and on to a third is going there directly. All layers of all networks move in one step of Frank and Wolfe: the
 * best permutations for the gradient are the direction, and the best point on the way there is found exactly, since the
 * objective is a polynomial in the share of the way.
 *
 *     maximise over P₁, …, Pₙ  Σ over pairs p < q  Σ over parameters of P_p(w_p) · P_q(w_q)
 *
 * The order of the universe is free; it is that of the first model.
 *
 * Cost of a step, for each model and layer: some eight products of its weight with a square matrix, and for each group
 * an assignment.
 *
 * @param start where the search begins, for each model after the first: [units, places], rows and columns sum to 1
 * @throws `aborted`, `non-finite`
 * @source Crisostomi, Fumero, Baieri, Bernard and Rodolà, "C²M³: Cycle-Consistent Multi-Model Merging", NeurIPS 2024,
 * algorithm 1
 */
export async function searchUniverse(
  models: readonly StateDict[],
  start: readonly GroupMatrices[],
  options: UniverseOptions,
): Promise<UniverseSearch> {
  const { spec, keys, solver, product, signal } = options;
  const tensors = mappedTensors(keys, (key) => (models[0].get(key) as Tensor).shape, { from: spec, to: spec });
  const points = 1 + Math.max(1, ...tensors.map(mostGroups));
  const prices = start.map(
    () => new Map([...spec.groups].map(([group, units]) => [group, new Float64Array(units)] as const)),
  );
  let places = start;
  let placed = await placeAll(places);
  const objective = [sumOfPairs(placed, placed)];
  for (let step = 0; step < options.steps; step++) {
    if (signal?.aborted) throw new OnebasinError("aborted", "The matching was stopped.");
    const { goals, promise } = await direction();
    if (promise <= options.tolerance * Math.abs(objective[step])) break;
    // Each placed weight is a polynomial in the share: as many points tell it for every share.
    const line = [placed];
    for (let point = 1; point < points; point++) line.push(await placeAll(between(goals, point / (points - 1))));
    const { share, value } = bestShare(line);
    if (!(value > objective[step])) break;
    places = between(goals, share);
    placed = placed.map((_, model) => pointOf(line, model, lagrange(share, points)));
    objective.push(value);
    options.onStep?.(step + 1);
  }
  return { places, objective };

  function between(goals: readonly GroupMatrices[], share: number): GroupMatrices[] {
    return places.map((own, i) => blendMatrices(own, goals[i], share));
  }

  async function placeAll(all: readonly GroupMatrices[]): Promise<Placed[]> {
    const result: Placed[] = [tensors.map((tensor) => valuesOf(0, tensor))];
    for (const [i, own] of all.entries()) {
      const now: Float32Array[] = [];
      for (const tensor of tensors)
        now.push(await mapTensor(valuesOf(i + 1, tensor), tensor, { matrixOf: matrixOf(own), product }));
      result.push(now);
    }
    return result;
  }

  /** For each model the permutations that gain most by the gradient, and what they would gain if it held. */
  async function direction(): Promise<{ readonly goals: GroupMatrices[]; readonly promise: number }> {
    const goals: GroupMatrices[] = [];
    let promise = 0;
    for (const [i, gradients] of (await gradientsOf()).entries()) {
      const goal = new Map<string, Float32Array>();
      for (const [group, gradient] of gradients) {
        const units = spec.groups.get(group) ?? 0;
        const order = solver.assign(gradient, { rows: units, columns: units }, { prices: prices[i].get(group) });
        const target = permutationMatrix(order);
        const held = places[i].get(group) as Float32Array;
        for (let k = 0; k < held.length; k++) promise += gradient[k] * (target[k] - held[k]);
        goal.set(group, target);
      }
      goals.push(goal);
    }
    return { goals, promise };
  }

  async function gradientsOf(): Promise<GroupMatrices[]> {
    const found = places.map(() => new Map<string, Float32Array>());
    for (const [t, tensor] of tensors.entries()) {
      for (const [i, own] of places.entries()) {
        const others = sumOfOthers(placed, i + 1, t);
        const given = { values: valuesOf(i + 1, tensor), gradient: others };
        for (const { atom, gradient } of await mapGradients(given, tensor, { matrixOf: matrixOf(own), product })) {
          const group = atom.group as string;
          const known = found[i].get(group);
          if (known === undefined) found[i].set(group, gradient);
          else for (let k = 0; k < known.length; k++) known[k] += gradient[k];
        }
      }
    }
    return found;
  }

  function valuesOf(model: number, { key }: MappedTensor): Float32Array {
    return tensorFloats(models[model].get(key) as Tensor);
  }
}

const matrixOf =
  (own: GroupMatrices): MatrixOf =>
  ({ group }) =>
    group === undefined ? undefined : own.get(group);

/** How many axes of a tensor move at most: the degree of the polynomial. */
const mostGroups = ({ from }: MappedTensor): number =>
  Math.max(...from.map(({ atoms }) => atoms.filter(({ group }) => group !== undefined).length));

function sumOfOthers(placed: readonly Placed[], left: number, tensor: number): Float32Array {
  const sum = new Float32Array(placed[left][tensor].length);
  for (const [model, { [tensor]: values }] of placed.entries()) {
    if (model !== left) for (let k = 0; k < sum.length; k++) sum[k] += values[k];
  }
  return sum;
}

/** Half the sum over p ≠ q of ⟨p of the first, q of the second⟩. */
function sumOfPairs(first: readonly Placed[], second: readonly Placed[]): number {
  let total = 0;
  for (const [p, own] of first.entries()) {
    for (const [q, other] of second.entries()) {
      if (p !== q) for (const [t, values] of own.entries()) total += dot(values, other[t]);
    }
  }
  return total / 2;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** What evenly spread points of a line weigh in the polynomial through them. */
function lagrange(share: number, points: number): number[] {
  const places = Array.from({ length: points }, (_, i) => i / (points - 1));
  return places.map((own, i) =>
    places.reduce((weight, other, k) => (k === i ? weight : (weight * (share - other)) / (own - other)), 1),
  );
}

function pointOf(line: readonly (readonly Placed[])[], model: number, weights: readonly number[]): Placed {
  return line[0][model].map((first, t) => {
    const values = new Float32Array(first.length);
    for (const [i, weight] of weights.entries()) {
      const known = line[i][model][t];
      for (let k = 0; k < values.length; k++) values[k] += weight * known[k];
    }
    return values;
  });
}

/** How finely the line is looked at; its polynomial has a degree of 4, seldom more. */
const SHARES = 1000;

/** The share of the way with the largest objective. */
function bestShare(line: readonly (readonly Placed[])[]): { readonly share: number; readonly value: number } {
  const products = line.map((first) => line.map((second) => sumOfPairs(first, second)));
  let best = { share: 0, value: products[0][0] };
  for (let i = 1; i <= SHARES; i++) {
    const weights = lagrange(i / SHARES, line.length);
    const value = weights.reduce(
      (sum, left, p) => sum + weights.reduce((inner, right, q) => inner + left * right * products[p][q], 0),
      0,
    );
    if (value > best.value) best = { share: i / SHARES, value };
  }
  return best;
}
