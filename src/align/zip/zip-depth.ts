import { OnebasinError } from "../../core/errors.js";
import { unknownName } from "../../core/suggest.js";
import type { Network } from "../../network/graph.js";
import { type Layer, layersOf } from "../../network/layers-of.js";
import { deriveAxes, leaves } from "../spec/derive-spec.js";

/**
 * How far networks are merged: a whole number of layers, a share of those that can be merged (`0.5`, `1.0`), `all` of
 * them, or the name of the last one.
 */
export type ZipDepth = number | string;

/** Half of the layers: deep enough to save most of the work, with heads that still mend what the trunk lost. */
const USUAL_DEPTH = "0.5";

/**
 * How many layers the trunk has.
 *
 * @throws `unknown-name`, `bad-argument` for a depth that is more than can be merged
 */
export function zipDepth(network: Network, depth: ZipDepth = USUAL_DEPTH): number {
  const layers = layersOf(network);
  const most = mergeableLayers(network, layers);
  const text = String(depth).trim();
  if (text === "all") return most;
  const names = layers.map(({ name }) => name);
  const number = text === "" ? Number.NaN : Number(text);
  // "1" is one layer, "1.0" all of them: a share is written with a point.
  const isShare = text.includes(".") || (typeof depth === "number" && !Number.isInteger(depth));
  if (Number.isNaN(number)) {
    const place = names.indexOf(text);
    if (place < 0) throw unknownName(`layer of ${network.name} called`, text, names);
    if (place < most) return place + 1;
    throw tooDeep(network, `layer "${text}"`, { most, names });
  }
  if (isShare) {
    if (number >= 0 && number <= 1) return Math.round(number * most);
    throw new OnebasinError("bad-argument", `The depth is ${text}; a share of the layers is from 0.0 to 1.0.`);
  }
  if (number >= 0 && number <= most) return number;
  throw tooDeep(network, `${text} layers`, { most, names });
}

const tooDeep = (
  network: Network,
  what: string,
  { most, names }: { readonly most: number; readonly names: readonly string[] },
): OnebasinError =>
  new OnebasinError(
    "bad-argument",
    `${network.name} cannot be merged to a depth of ${what}: of its ${names.length} layers the first ${most} can be merged.`,
    {
      hint: `The units of "${names[most]}" are its outputs or cannot be reordered. Take a depth from 0 to ${most}.`,
      details: { most, layers: names },
    },
  );

/** Layers from the first on whose units are free to be merged with others. */
function mergeableLayers(network: Network, layers: readonly Layer[]): number {
  const { axes, shapes, names } = deriveAxes(network);
  const isFree = ({ node }: Layer): boolean => {
    const [value] = node.outputs;
    // Units are the last axis of a product with a matrix, the one behind the batch elsewhere.
    const axis = node.op === "MatMul" ? (shapes.shapes.get(value)?.length ?? 1) - 1 : 1;
    return leaves(axes.structureOf(value, axis)).every(({ group, size }) => size === 1 || names.has(group));
  };
  const first = layers.findIndex((layer) => !isFree(layer));
  return first < 0 ? layers.length : first;
}
