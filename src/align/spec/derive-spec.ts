import { type AxisStructure, findAxes, type NetworkAxes } from "../../network/axes.js";
import type { Network } from "../../network/graph.js";
import { inferShapes, type NetworkShapes } from "../../network/infer-shapes.js";
import type { PermutationSpec, SpecAxis } from "./permutation-spec.js";

/** Any batch that is not 1, so that an axis of size 1 is never taken for the batch. */
const PROBE_BATCH = 2;

/** What is known of a network's axes: how its values are tied, and which groups may be permuted. */
export interface DerivedAxes {
  readonly axes: NetworkAxes;
  readonly shapes: NetworkShapes;
  /** Names of the groups that can be permuted. */
  readonly names: ReadonlyMap<number, string>;
}

/**
 * Works out from the graph which axes move together, by the axis rules of its operators. Axes of the network's
 * inputs and outputs are pinned, and so are axes that a constant of the graph follows, since only the state is
 * permuted.
 *
 * @throws `unsupported` when an operator has no axis rule
 */
export function derivePermutationSpec(network: Network): PermutationSpec {
  const derived = deriveAxes(network);
  const groups = new Map<string, number>();
  const described = new Map<string, readonly SpecAxis[]>();
  for (const [key, { shape }] of network.state) {
    const tensor = shape.map((_, axis) => {
      const structure = derived.axes.structureOf(key, axis);
      for (const { group, size } of leaves(structure)) {
        const name = derived.names.get(group);
        if (name !== undefined) groups.set(name, size);
      }
      return describeAxis(structure, derived);
    });
    if (tensor.some((axis) => typeof axis !== "number")) described.set(key, tensor);
  }
  return { groups, axes: described };
}

/** What an axis is made of, by the names of its groups; those that cannot be permuted by their size. */
export function describeAxis(structure: AxisStructure, derived: DerivedAxes): SpecAxis {
  if (structure.kind === "group") return derived.names.get(structure.group) ?? structure.size;
  if (structure.kind === "concat")
    return simplified({ concat: structure.parts.map((it) => describeAxis(it, derived)) });
  return simplified({ product: structure.factors.map((it) => describeAxis(it, derived)) });
}

/** The ties of a network, with a name for each group of units that the state has and that is free to move. */
export function deriveAxes(network: Network): DerivedAxes {
  const sizes = Object.fromEntries(
    network.inputs.flatMap(({ shape = [] }) =>
      shape.flatMap((dim) => (typeof dim === "string" ? [[dim, PROBE_BATCH]] : [])),
    ),
  );
  const shapes = inferShapes(network, { sizes });
  const axes = findAxes(network, shapes);
  const pinned = new Set<number>();
  for (const [name, { shape }] of network.constants) {
    for (const [axis] of shape.entries())
      for (const { group } of leaves(axes.structureOf(name, axis))) pinned.add(group);
  }
  const names = new Map<number, string>();
  const used = new Set<string>();
  // Named after the first layer whose output units they are; a group that no first axis shows, after any.
  for (const first of [true, false]) {
    for (const [key, { shape }] of network.state) {
      for (const [axis] of shape.entries()) {
        if (first !== (axis === 0)) continue;
        for (const { group, size } of leaves(axes.structureOf(key, axis))) {
          if (size < 2 || pinned.has(group) || axes.isFixed(group) || names.has(group)) continue;
          const name = freeName(key.replace(/\.[^.]*$/, ""), used);
          names.set(group, name);
          used.add(name);
        }
      }
    }
  }
  return { axes, shapes, names };
}

function freeName(wanted: string, used: ReadonlySet<string>): string {
  if (!used.has(wanted)) return wanted;
  let count = 2;
  while (used.has(`${wanted} (${count})`)) count++;
  return `${wanted} (${count})`;
}

/** The groups that an axis is made of. */
export function leaves(structure: AxisStructure): { readonly group: number; readonly size: number }[] {
  if (structure.kind === "group") return [structure];
  return (structure.kind === "product" ? structure.factors : structure.parts).flatMap(leaves);
}

/** Neighbours that stay where they are count as one; a structure of one member is that member. */
function simplified(axis: Extract<SpecAxis, object>): SpecAxis {
  const isProduct = "product" in axis;
  const members: SpecAxis[] = [];
  for (const member of isProduct ? axis.product : axis.concat) {
    const last = members.at(-1);
    if (typeof member === "number" && typeof last === "number") {
      members[members.length - 1] = isProduct ? last * member : last + member;
    } else members.push(member);
  }
  if (members.length === 1) return members[0];
  return isProduct ? { product: members } : { concat: members };
}
