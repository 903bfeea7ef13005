import { OnebasinError } from "../../core/errors.js";
import { batchSizes } from "../../network/batch-sizes.js";
import type { GraphNode, StateEntry } from "../../network/graph.js";
import { inferShapes } from "../../network/infer-shapes.js";
import type { Head } from "../../network/join-heads.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../../tensor/tensor.js";
import { describeAxis } from "../spec/derive-spec.js";
import { axisSize, type SpecAxis } from "../spec/permutation-spec.js";
import { type Features, hasFeatures, mapUnits } from "./map-units.js";
import { resized } from "./merge-tensors.js";
import { summedWith } from "./summed-axes.js";
import type { ZipPart } from "./zip-part.js";

/** Any batch that is not 1. */
const PROBE_BATCH = 2;

/** An axis of a value that holds features above the cut. */
interface FeatureAxis {
  readonly value: string;
  readonly axis: number;
  readonly rank: number;
  readonly described: SpecAxis;
  readonly features: Features;
}

/**
 * A model whose own layers stand on a merged trunk. A layer that reads features gets weights for features; before another
 * node that does, as a residual addition, units are made of features by a product with a matrix.
 *
 * @param trunk tensors of the merged one
 * @param featuresOf what became of this model's units, as they are read from a value
 */
export function unmergedHead(part: ZipPart, trunk: StateDict, featuresOf: (value: string) => Features): Head {
  const { name, network, state, split, derived, spec } = part;
  const shapes = inferShapes(network, { sizes: batchSizes(network, PROBE_BATCH) });
  const own = new Map<string, Tensor>([...state].filter(([key]) => !trunk.has(key)));
  const added = new Map<string, StateEntry>();
  const nodes: GraphNode[] = [];
  const unmerged = new Map<string, string>();
  for (const node of split.above) {
    const inputs = node.inputs.map((value, index) => {
      if (trunk.has(value)) {
        throw new OnebasinError("unsupported", `"${value}" is used below the cut of ${name} and above it.`, {
          hint: "Take another depth.",
        });
      }
      if (!split.boundary.includes(value)) return value;
      const rank = derived.shapes.shapes.get(value)?.length ?? 0;
      const features = featuresOf(value);
      let current = value;
      for (let axis = 1; axis < rank; axis++) {
        const described = describeAxis(derived.axes.structureOf(value, axis), derived);
        if (!hasFeatures(described, features)) continue;
        const it = { value: current, axis, rank, described, features };
        if (!foldInto(node, index, it)) current = unmerge(it);
      }
      return current;
    });
    nodes.push({ ...node, inputs });
  }
  const below = resized(split.trunk, trunk);
  const entries = [...network.state].map(([key, entry]): [string, StateEntry] => {
    const shape = (trunk.get(key) ?? own.get(key))?.shape ?? entry.shape;
    return [key, { ...entry, shape }];
  });
  return {
    name,
    network: { ...network, nodes: [...below.nodes, ...nodes], state: new Map([...entries, ...added]) },
    state: new Map([...trunk, ...own]),
  };

  /** Whether weights that are summed over with the features could be turned into weights for features. */
  function foldInto(node: GraphNode, index: number, { axis, described, features }: FeatureAxis): boolean {
    const others = summedWith(node, shapes, { index, axis });
    if (others === undefined || others.length === 0) return false;
    const isOwn = (key: string): boolean =>
      own.has(key) && network.nodes.filter(({ inputs }) => inputs.includes(key)).length === 1;
    if (!others.every((other) => isOwn(node.inputs[other.index]))) return false;
    for (const other of others) {
      const key = node.inputs[other.index];
      const { dtype, ...tensor } = own.get(key)!;
      const values = { shape: tensor.shape, numbers: tensorNumbers({ dtype, ...tensor }) };
      const folded = mapUnits(values, other.axis, { described, features, kind: "unmerge" });
      own.set(key, createTensor(dtype, folded.shape, folded.numbers));
    }
    return true;
  }

  /** A value that holds units again; made once for all that read it. */
  function unmerge({ value, axis, rank, described, features }: FeatureAxis): string {
    const id = `${value} ${axis}`;
    const known = unmerged.get(id);
    if (known !== undefined) return known;
    // Axis 1 of [n, units, …] is what a convolution works on; the last axis, a product with a matrix.
    const isLast = axis === rank - 1;
    if (!isLast && axis !== 1) {
      throw new OnebasinError("unsupported", `The units of "${value}" are axis ${axis} of ${rank}.`, {
        hint: "Units must be the axis behind the batch or the last one. Take another depth.",
      });
    }
    const units = axisSize(described, spec.groups);
    const one = new Float64Array(units * units);
    for (let unit = 0; unit < units; unit++) one[unit * units + unit] = 1;
    const place = isLast ? 0 : 1;
    const weight = mapUnits({ shape: [units, units], numbers: one }, place, { described, features, kind: "unmerge" });
    const made = `unmerge.${added.size}`;
    const key = `${made}.weight`;
    const shape = isLast ? weight.shape : [...weight.shape, ...new Array<number>(rank - 2).fill(1)];
    own.set(key, createTensor("f32", shape, weight.numbers));
    added.set(key, { shape, dtype: "f32", kind: "parameter", initial: { kind: "constant", value: 0 } });
    nodes.push({
      op: isLast ? "MatMul" : "Conv",
      name: made,
      inputs: [value, key],
      outputs: [made],
      attributes: isLast ? {} : { kernel_shape: { ints: shape.slice(2) } },
    });
    unmerged.set(id, made);
    return made;
  }
}
