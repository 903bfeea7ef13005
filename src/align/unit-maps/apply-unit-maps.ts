import { toFloat32 } from "../../network/inference.js";
import { isFloat } from "../../tensor/dtype.js";
import { tensorFloats } from "../../tensor/float32.js";
import { createTensor, type StateDict, type Tensor } from "../../tensor/tensor.js";
import type { MatrixProduct } from "../matrix-product.js";
import type { IsIncoming } from "../spec/incoming-axes.js";
import { axisSize, type PermutationSpec } from "../spec/permutation-spec.js";
import { permutationMatrix } from "./group-matrices.js";
import { type MatrixOf, mappedTensors, mapTensor } from "./soft-maps.js";
import type { TransportPlan, UnitMaps } from "./unit-maps.js";

export interface ApplyUnitMapsOptions {
  /** Of the state dict, and of the one whose units it gets. */
  readonly specs: { readonly from: PermutationSpec; readonly to: PermutationSpec };
  readonly isIncoming: IsIncoming;
  readonly product: MatrixProduct;
}

/**
 * Mixes the units of a network by transport plans. A new unit is the mean of those it stands for; who hears units of
 * which several became one adds up what it gave to each, and halves it between those that one became.
 *
 *     weight ← Tᵀ · to · weight · from · T′,  where T and T′ are the plans of the units made and heard
 *
 * Between equal widths this is OT fusion; between others the sums of what is heard keep their size.
 *
 * @returns the shapes of `to`, in the dtypes of the state dict
 * @source Singh and Jaggi, "Model Fusion via Optimal Transport", NeurIPS 2020, algorithm 1
 */
export async function applyUnitMaps(
  state: StateDict,
  maps: UnitMaps,
  { specs, isIncoming, product }: ApplyUnitMapsOptions,
): Promise<StateDict> {
  const tensors = mappedTensors(
    state.keys(),
    (key, side) =>
      side === "from"
        ? (state.get(key) as Tensor).shape
        : (specs.to.axes.get(key) ?? []).map((axis) => axisSize(axis, specs.to.groups)),
    specs,
  );
  const matrices = matricesOf(maps);
  const mapped = new Map(state);
  for (const tensor of tensors) {
    const given = state.get(tensor.key) as Tensor;
    if (!isFloat(given.dtype)) continue;
    const values = await mapTensor(tensorFloats(toFloat32(given)), tensor, {
      matrixOf: matrices(tensor.key, isIncoming),
      product,
    });
    mapped.set(tensor.key, createTensor(given.dtype, tensor.shape, values));
  }
  return mapped;
}

/** The matrices that maps stand for, for units that are made and for units that are heard. */
export function matricesOf(maps: UnitMaps): (key: string, isIncoming: IsIncoming) => MatrixOf {
  const made = new Map<string, Float32Array>();
  const heard = new Map<string, Float32Array>();
  for (const [group, map] of maps) {
    if (map instanceof Uint32Array) {
      const places = new Uint32Array(map.length);
      for (const [place, unit] of map.entries()) places[unit] = place;
      made.set(group, permutationMatrix(places));
      heard.set(group, made.get(group) as Float32Array);
    } else {
      made.set(group, scaled(map, "to"));
      heard.set(group, scaled(map, "from"));
    }
  }
  return (key, isIncoming) => (atom) =>
    atom.group === undefined ? undefined : (isIncoming(key, atom.axis) ? heard : made).get(atom.group);
}

/** A plan with columns (`to`) or rows (`from`) that sum to 1. */
function scaled({ from, to, shares }: TransportPlan, side: "from" | "to"): Float32Array {
  const sums = new Float64Array(side === "to" ? to : from);
  const at = (i: number): number => (side === "to" ? i % to : Math.floor(i / to));
  for (let i = 0; i < shares.length; i++) sums[at(i)] += shares[i];
  return shares.map((share, i) => (sums[at(i)] > 0 ? share / sums[at(i)] : 0));
}
