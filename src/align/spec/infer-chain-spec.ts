import { OnebasinError } from "../../core/errors.js";
import { type Shape, shapeText } from "../../tensor/shape.js";
import type { PermutationSpec, SpecAxis } from "./permutation-spec.js";

/**
 * The spec of a plain chain of layers, from keys and shapes alone: linear layers and convolutions (depthwise ones
 * too) in the order of the keys, vectors behind them following the units of the layer before. What no shape shows, an
 * addition that skips layers of one width say, cannot be seen: give the architecture where there is one.
 *
 * @param entries by key, in the order of the network
 * @param source what the state dict is called in messages
 * @throws `unsupported` where a layer does not continue the one before
 */
export function inferChainSpec(
  entries: ReadonlyMap<string, { readonly shape: Shape }>,
  { source }: { readonly source: string },
): PermutationSpec {
  const refuse = (key: string, shape: Shape, why: string): OnebasinError =>
    new OnebasinError("unsupported", `${source} is not a plain chain of layers: "${key}" ${shapeText(shape)} ${why}.`, {
      hint: "Say what network it is, so that its units can be followed: --arch vgg16:width=0.25, or --arch model.onnx.",
      details: { source, key },
    });
  const weights = [...entries].filter(([, { shape }]) => shape.length >= 2);
  if (weights.length === 0) throw new OnebasinError("unsupported", `${source} holds no layer to follow units through.`);
  const lastWeight = weights[weights.length - 1][0];
  const groups = new Map<string, number>();
  const axes = new Map<string, readonly SpecAxis[]>();
  let units: SpecAxis | undefined;
  let size = 0;
  for (const [key, { shape }] of entries) {
    if (shape.length === 0) continue;
    if (shape.length === 1) {
      if (units === undefined || shape[0] !== size) throw refuse(key, shape, `follows no layer of ${shape[0]} units`);
      if (typeof units !== "number") axes.set(key, [units]);
      continue;
    }
    const kernel = shape.slice(2);
    const isDepthwise = units !== undefined && kernel.length > 0 && shape[1] === 1 && shape[0] === size && size > 1;
    if (isDepthwise && key !== lastWeight) {
      axes.set(key, [units as SpecAxis, 1, ...kernel]);
      continue;
    }
    const incoming = units === undefined ? shape[1] : continued(units, size, shape[1]);
    if (incoming === undefined) {
      throw refuse(key, shape, `does not continue ${size} units; it takes ${shape[1]}`);
    }
    units = shape[0];
    size = shape[0];
    if (key !== lastWeight && size > 1) {
      units = key.replace(/\.[^.]*$/, "");
      groups.set(units, size);
    }
    const all = [units, incoming, ...kernel];
    if (all.some((axis) => typeof axis !== "number")) axes.set(key, all);
  }
  return { groups, axes };
}

/** The units a layer takes: those before it, or after flattening a block of places for each of them. */
function continued(units: SpecAxis, size: number, taken: number): SpecAxis | undefined {
  if (taken === size) return units;
  if (taken % size !== 0) return undefined;
  return typeof units === "number" ? taken : { product: [units, taken / size] };
}
