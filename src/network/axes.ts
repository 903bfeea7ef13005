import { OnebasinError } from "../core/errors.js";
import type { AxisRef } from "./axis-tie.js";
import { findOperator } from "./find-operator.js";
import type { GraphNode, Network } from "./graph.js";
import type { NetworkShapes } from "./infer-shapes.js";

/**
 * How the indices of one axis are made. A `group` is permuted as a whole network agrees; a `product` runs over its
 * factors, the first slowest; a `concat` is its parts one after the other.
 */
export type AxisStructure =
  | { readonly kind: "group"; readonly group: number; readonly size: number }
  | { readonly kind: "product"; readonly factors: readonly AxisStructure[] }
  | { readonly kind: "concat"; readonly parts: readonly AxisStructure[] };

export interface NetworkAxes {
  /** Structure of each axis of a value (an input, an entry of the state, an output of a node). */
  readonly structureOf: (value: string, axis: number) => AxisStructure;
  /** Groups that cannot be permuted: image channels, classes, the places of a kernel. */
  readonly isFixed: (group: number) => boolean;
}

/** A node of the union-find forest: a link to another, or a structure of its own. */
interface Term {
  link?: Term;
  product?: readonly Term[];
  concat?: readonly Term[];
  fixed: boolean;
  readonly id: number;
  readonly size: number;
}

/**
 * Works out which axes of a network move together when units are reordered: every permutation of its free groups
 * leaves what the network computes alone. Axes of the network's inputs and outputs are fixed, but for the batch.
 *
 * @throws `unsupported` when an operator has no axis rule, naming node and operator
 */
export function findAxes(network: Network, shapes: NetworkShapes): NetworkAxes {
  const terms = new Map<string, readonly Term[]>();
  let count = 0;
  const term = (size: number): Term => ({ fixed: false, id: count++, size });
  const termsOf = (value: string): readonly Term[] => {
    let known = terms.get(value);
    if (known === undefined) {
      known = (shapes.shapes.get(value) ?? []).map(term);
      terms.set(value, known);
    }
    return known;
  };
  const termOf = (node: GraphNode, ref: AxisRef): Term =>
    termsOf((ref.side === "input" ? node.inputs : node.outputs)[ref.index])[ref.axis];

  for (const node of network.nodes) {
    const operator = findOperator(node);
    if (operator.axes === undefined) {
      throw new OnebasinError("unsupported", `The operator ${node.op} (node "${node.name}") has no axis rule.`, {
        details: { node: node.name, op: node.op },
      });
    }
    const free = new Set<Term>();
    for (const tie of operator.axes(shapes.factsOf(node))) {
      const present = (refs: readonly AxisRef[]): Term[] =>
        refs.flatMap((ref) => (presentRef(node, ref) ? [termOf(node, ref)] : []));
      if (tie.kind === "same") {
        const tied = present(tie.axes);
        for (const other of tied) {
          unify(tied[0], other);
          free.add(other);
        }
      } else {
        const whole = present([tie.whole]);
        const members = present(tie.kind === "product" ? tie.factors : tie.parts);
        for (const it of [...whole, ...members]) free.add(it);
        if (whole.length === 1) bind(whole[0], tie.kind, members, term);
      }
    }
    for (const value of [...node.inputs, ...node.outputs]) {
      if (value === "") continue;
      for (const it of termsOf(value)) if (!free.has(it)) fix(it);
    }
  }
  for (const { name } of [...network.inputs, ...network.outputs]) {
    for (const [axis, it] of termsOf(name).entries()) if (axis > 0) fix(it);
  }
  const fixed = new Map<number, boolean>();
  const structure = (start: Term): AxisStructure => {
    const it = find(start);
    if (it.product !== undefined) return { kind: "product", factors: it.product.map(structure) };
    if (it.concat !== undefined) return { kind: "concat", parts: it.concat.map(structure) };
    fixed.set(it.id, it.fixed);
    return { kind: "group", group: it.id, size: it.size };
  };
  for (const all of terms.values()) for (const it of all) structure(it);
  return {
    structureOf: (value, axis) => structure(termsOf(value)[axis]),
    isFixed: (group) => fixed.get(group) ?? true,
  };
}

/**
 * The order of an axis' indices under permutations of its groups: place `i` of the result holds what was at place
 * `order[i]`. `permutationOf` gives the order of each group, or `undefined` to leave it alone.
 */
export function axisOrder(
  structure: AxisStructure,
  permutationOf: (group: number) => ArrayLike<number> | undefined,
): number[] {
  if (structure.kind === "group") {
    const order = permutationOf(structure.group);
    return Array.from({ length: structure.size }, (_, i) => order?.[i] ?? i);
  }
  if (structure.kind === "concat") {
    let start = 0;
    return structure.parts.flatMap((part) => {
      const order = axisOrder(part, permutationOf);
      const placed = order.map((place) => place + start);
      start += order.length;
      return placed;
    });
  }
  let orders = [0];
  for (const factor of structure.factors) {
    const order = axisOrder(factor, permutationOf);
    orders = orders.flatMap((outer) => order.map((place) => outer * order.length + place));
  }
  return orders;
}

const presentRef = (node: GraphNode, ref: AxisRef): boolean =>
  ((ref.side === "input" ? node.inputs : node.outputs)[ref.index] ?? "") !== "";

function find(start: Term): Term {
  let it = start;
  while (it.link !== undefined) it = it.link;
  return it;
}

function fix(start: Term): void {
  const it = find(start);
  it.fixed = true;
  for (const part of it.product ?? it.concat ?? []) fix(part);
}

/** Makes two axes one. Where their inner structures disagree, neither can be permuted. */
function unify(first: Term, second: Term): void {
  const a = find(first);
  const b = find(second);
  if (a === b) return;
  const aParts = a.product ?? a.concat;
  const bParts = b.product ?? b.concat;
  if (aParts !== undefined && bParts !== undefined) {
    const alike =
      (a.product === undefined) === (b.product === undefined) &&
      aParts.length === bParts.length &&
      aParts.every((part, i) => part.size === bParts[i].size);
    if (alike) for (const [i, part] of aParts.entries()) unify(part, bParts[i]);
    else {
      fix(a);
      fix(b);
    }
    return;
  }
  const [plain, other] = aParts === undefined ? [a, b] : [b, a];
  plain.link = other;
  if (plain.fixed) fix(other);
}

function bind(whole: Term, kind: "product" | "concat", members: readonly Term[], term: (size: number) => Term): void {
  // Axes of size 1 are no factors: [c, 1, 1] flattens to c itself.
  const real = kind === "product" ? members.filter((member) => member.size !== 1) : members;
  if (real.length === 1) unify(whole, real[0]);
  else if (real.length > 1) {
    const made = term(whole.size);
    if (kind === "product") made.product = real;
    else made.concat = real;
    unify(whole, made);
  }
}
