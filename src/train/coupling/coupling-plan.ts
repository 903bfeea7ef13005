import { OnebasinError } from "../../core/errors.js";
import { unknownName } from "../../core/suggest.js";
import type { Network } from "../../network/graph.js";
import { sameShape } from "../../tensor/shape.js";
import { type DepthSchedule, strengthsOf } from "./depth-schedule.js";

/** A parameter that all networks have. */
export interface CoupledParameter {
  readonly key: string;
  readonly layer: string;
  /** c, in [0, ∞]. */
  readonly strength: number;
}

/** Which parameters are pulled together, and how strongly. */
export interface CouplingPlan {
  /** In the order in which the first network reads them. */
  readonly parameters: readonly CoupledParameter[];
  /** Keys of parameters that not every network has, or not in one shape; never coupled. */
  readonly own: readonly string[];
}

/** The layer a parameter belongs to: its key without the last part. */
const layerOf = (key: string): string => (key.includes(".") ? key.slice(0, key.lastIndexOf(".")) : key);

/**
 * Plans a coupling. Parameters are coupled where all networks have them in the same shape; buffers never.
 *
 * @throws `unknown-name` when a cut names no layer, `bad-argument` when a pattern matches nothing, `mismatch` when the
 * networks have no parameter in common
 */
export function planCoupling(networks: readonly Network[], schedule: DepthSchedule): CouplingPlan {
  const [first, ...others] = networks;
  const keys = parametersInOrder(first);
  const shared = (key: string): boolean =>
    others.every(({ state }) => {
      const entry = state.get(key);
      return entry?.kind === "parameter" && sameShape(entry.shape, first.state.get(key)!.shape);
    });
  const all = new Set(networks.flatMap(parametersInOrder));
  const layers = new Map<string, string[]>();
  for (const key of keys) {
    const layer = layers.get(layerOf(key));
    if (layer === undefined) layers.set(layerOf(key), [key]);
    else layer.push(key);
  }
  if (schedule.kind === "cut" && !layers.has(schedule.layer)) {
    throw unknownName(`layer of ${first.name} called`, schedule.layer, [...layers.keys()]);
  }
  const strengths = strengthsOf(schedule, layers);
  if (schedule.kind === "table" && ![...strengths.values()].some((strength) => strength > 0)) {
    throw new OnebasinError("bad-argument", `The depth schedule couples no parameter of ${first.name}.`, {
      hint: `Its patterns are matched with keys such as "${keys[0]}".`,
    });
  }
  const parameters = [...layers].flatMap(([layer, members]) =>
    members.filter(shared).map((key) => ({ key, layer, strength: strengths.get(key)! })),
  );
  if (parameters.length === 0) {
    throw new OnebasinError("mismatch", `${networks.map(({ name }) => name).join(" and ")} share no parameter.`, {
      hint: "Only parameters of the same key and shape can be coupled.",
    });
  }
  const coupled = new Set(parameters.map(({ key }) => key));
  return { parameters, own: [...all].filter((key) => !coupled.has(key)) };
}

/** Keys in the order in which nodes first read them. */
function parametersInOrder({ nodes, state }: Network): string[] {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  return [...read].filter((key) => state.get(key)?.kind === "parameter" && state.get(key)?.dtype === "f32");
}

/** A line of the plan as it is printed: one layer, or one key where a layer's keys differ. */
export interface CouplingLine {
  readonly layer: string;
  readonly strength: number;
}

/** The plan by layers, from the image on. */
export function couplingLines({ parameters }: CouplingPlan): readonly CouplingLine[] {
  const lines: CouplingLine[] = [];
  for (const layer of new Set(parameters.map((it) => it.layer))) {
    const members = parameters.filter((it) => it.layer === layer);
    const [{ strength }] = members;
    if (members.every((it) => it.strength === strength)) lines.push({ layer, strength });
    else lines.push(...members.map((it) => ({ layer: it.key, strength: it.strength })));
  }
  return lines;
}
