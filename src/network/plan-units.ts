import type { Shape } from "../tensor/shape.js";
import { intAttribute } from "./attributes.js";
import { convStateLayouts, convUnit, pooledLayout } from "./blocked/conv-unit.js";
import { flattenUnit } from "./blocked/flatten-unit.js";
import { type BlockedLayout, imageLayout, nextLayout, rowsLayout } from "./blocked/layout.js";
import { linearStateLayouts, linearUnit } from "./blocked/linear-unit.js";
import { createStageMatcher } from "./blocked/match-stages.js";
import type { GraphNode, Network } from "./graph.js";
import type { NetworkShapes } from "./infer-shapes.js";
import { operatorUnit } from "./operator-unit.js";
import type { StateLayout } from "./state-layout.js";
import type { Unit } from "./unit.js";

/** How a network is run in training. */
export interface UnitPlan {
  readonly units: readonly Unit[];
  /** Entries of the state that are stored in another way than PyTorch's. */
  readonly stateLayouts: ReadonlyMap<string, StateLayout>;
}

export interface PlanUnitsOptions {
  /** Channels in a block of the runtime's blocked operators; absent to do without them. */
  readonly block?: number;
}

/**
 * Divides a network into units: convolutions and the linear layers behind them in blocks of channels, which takes half
 * the time, and single nodes by their operators' rules. Blocks want a multiple of `block` images.
 */
export function planUnits(network: Network, shapes: NetworkShapes, { block }: PlanUnitsOptions = {}): UnitPlan {
  const shapeOf = (name: string): Shape => shapes.shapes.get(name) ?? [];
  const [image] = network.inputs;
  if (block === undefined || image === undefined || !(shapeOf(image.name)[0] % block === 0)) {
    return { units: network.nodes.map((node) => operatorUnit(node, shapes)), stateLayouts: new Map() };
  }
  const matcher = createStageMatcher(network, shapes);
  const stateLayouts = new Map<string, StateLayout>();
  const layouts = new Map<string, BlockedLayout>();
  const taken = new Set<GraphNode>();
  /** The unit that begins at a node, in blocks. */
  const blockedUnit = (node: GraphNode): Unit | undefined => {
    const [input] = node.inputs;
    const known = layouts.get(input);
    const conv = known !== undefined || input === image.name ? matcher.conv(node) : undefined;
    if (conv !== undefined) {
      const from = known ?? imageLayout(shapeOf(input), { block, outChannels: conv.channels });
      const [height, width] = conv.window.output;
      // Flattened rows are read by linear layers, which want whole blocks.
      const unfolded = matcher.isReadBy(conv.output, "Flatten");
      const to = nextLayout(from, { channels: conv.channels, height, width, unfolded });
      return accept(conv.nodes, convUnit(conv, { from, to }), {
        layout: pooledLayout(to, conv.pool),
        stored: convStateLayouts(conv, { from, to }),
      });
    }
    if (known?.fold !== 1) return undefined;
    if (node.op === "Flatten" && intAttribute(node, "axis", 1) === 1) {
      return accept([node], flattenUnit(input, node.outputs[0], known), { layout: known });
    }
    const linear = matcher.linear(node);
    if (linear === undefined) return undefined;
    const ends = { from: known, out: rowsLayout(known.images, linear.outputs, block) };
    const stored = linearStateLayouts(linear, ends);
    return accept(linear.nodes, linearUnit(linear, ends), { layout: ends.out, stored });
  };
  const accept = (
    nodes: readonly GraphNode[],
    unit: Unit,
    { layout, stored }: { readonly layout: BlockedLayout; readonly stored?: ReadonlyMap<string, StateLayout> },
  ): Unit => {
    for (const node of nodes) taken.add(node);
    for (const [key, it] of stored ?? []) stateLayouts.set(key, it);
    layouts.set(unit.outputs[0], layout);
    return unit;
  };
  const units: Unit[] = [];
  for (const node of network.nodes) {
    if (!taken.has(node)) units.push(blockedUnit(node) ?? operatorUnit(node, shapes));
  }
  return { units, stateLayouts };
}
