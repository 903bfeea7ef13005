import { intAttribute } from "./attributes.js";
import { convStateLayouts, convUnit } from "./blocked/conv-unit.js";
import { flattenUnit } from "./blocked/flatten-unit.js";
import { linearStateLayouts, linearUnit } from "./blocked/linear-unit.js";
import { createBlockMatcher } from "./blocked/match-blocks.js";
import type { GraphNode, Network } from "./graph.js";
import type { NetworkShapes } from "./infer-shapes.js";
import type { BlockedLayout } from "./layout.js";
import { operatorUnit } from "./operator-unit.js";
import type { StateLayout } from "./state-layout.js";
import type { Unit } from "./unit.js";

/** How a network is run in training. */
export interface UnitPlan {
  readonly units: readonly Unit[];
  /** Entries of the state that are stored in another order than PyTorch's. */
  readonly stateLayouts: ReadonlyMap<string, StateLayout>;
}

export interface PlanUnitsOptions {
  /** Channels in a block of the runtime's blocked operators; absent to do without them. */
  readonly block?: number;
}

/**
 * Divides a network into units: runs of nodes that have a form for blocked channels, which is up to twice as fast, and
 * single nodes by their operators' rules.
 */
export function planUnits(network: Network, shapes: NetworkShapes, { block }: PlanUnitsOptions = {}): UnitPlan {
  if (block === undefined) {
    return { units: network.nodes.map((node) => operatorUnit(node, shapes)), stateLayouts: new Map() };
  }
  const matcher = createBlockMatcher(network, shapes, block);
  const units: Unit[] = [];
  const stateLayouts = new Map<string, StateLayout>();
  const layouts = new Map<string, BlockedLayout>();
  const taken = new Set<GraphNode>();
  for (const node of network.nodes) {
    if (taken.has(node)) continue;
    const inputLayout = layouts.get(node.inputs[0]);
    const conv = matcher.conv(node, inputLayout);
    const linear = matcher.linear(node, inputLayout);
    const match = conv ?? linear;
    if (match !== undefined) {
      for (const it of match.nodes) taken.add(it);
      const wanted = conv === undefined ? linearStateLayouts(linear!.block) : convStateLayouts(conv.block);
      for (const [key, layout] of wanted) stateLayouts.set(key, layout);
      units.push(conv === undefined ? linearUnit(linear!.block) : convUnit(conv.block));
      const { to, output } = match.block;
      const halved = conv?.block.pool ? { ...to, height: to.height / 2, width: to.width / 2 } : to;
      if ((to.channels * to.fold) % block === 0) layouts.set(output, halved);
    } else if (node.op === "Flatten" && inputLayout?.fold === 1 && intAttribute(node, "axis", 1) === 1) {
      units.push(flattenUnit(node.inputs[0], node.outputs[0], inputLayout));
      layouts.set(node.outputs[0], inputLayout);
    } else units.push(operatorUnit(node, shapes));
  }
  return { units, stateLayouts };
}
