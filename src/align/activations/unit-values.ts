import type { Network } from "../../network/graph.js";
import { deriveAxes } from "../spec/derive-spec.js";
import type { PermutationSpec } from "../spec/permutation-spec.js";
import type { UnitPlace } from "./moment-graph.js";

/** A value of a network that shows what the units of a group do. */
export interface UnitValue extends UnitPlace {
  readonly group: string;
}

/** What units say after these is what other layers hear. */
const NONLINEAR = new Set(["Relu", "Gelu", "LeakyRelu", "Sigmoid", "Tanh"]);

/**
 * The values to look at for each group of a spec: outputs of its nonlinearities, or where it has none, the last value
 * of the group.
 *
 * @returns groups that no value shows are left out
 */
export function unitValues(network: Network, spec: PermutationSpec): UnitValue[] {
  const { axes, shapes } = deriveAxes(network);
  // The spec may be the user's own: its groups are found again by the tensors they stand in.
  const groupOf = new Map<number, string>();
  for (const [key, described] of spec.axes) {
    if (!network.state.has(key)) continue;
    for (const [axis, name] of described.entries()) {
      const structure = axes.structureOf(key, axis);
      if (typeof name === "string" && structure.kind === "group") groupOf.set(structure.group, name);
    }
  }
  const found = new Map<string, { readonly value: UnitValue; readonly isNonlinear: boolean }[]>();
  for (const { op, outputs } of network.nodes) {
    const [value] = outputs;
    const rank = shapes.shapes.get(value)?.length ?? 0;
    for (let axis = 1; axis < rank; axis++) {
      const structure = axes.structureOf(value, axis);
      const group = structure.kind === "group" ? groupOf.get(structure.group) : undefined;
      if (group === undefined) continue;
      const known = found.get(group) ?? [];
      known.push({ value: { group, value, rank, axis }, isNonlinear: NONLINEAR.has(op) });
      found.set(group, known);
      break;
    }
  }
  return [...found.values()].flatMap((values) => {
    const nonlinear = values.filter(({ isNonlinear }) => isNonlinear);
    return (nonlinear.length > 0 ? nonlinear : values.slice(-1)).map(({ value }) => value);
  });
}
