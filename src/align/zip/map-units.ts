import type { Shape } from "../../tensor/shape.js";
import { axisSize, groupsOfAxis, type SpecAxis } from "../spec/permutation-spec.js";

/** The units of one model in the features they became. */
export interface GroupFeatures {
  /** The feature of each unit of this model. */
  readonly featureOf: Uint32Array;
  /** How many units of all models each feature was made of. */
  readonly counts: Uint32Array;
  /** How units are read from features, [units, features], where it is not just the feature that each unit became. */
  readonly unmerge?: Float64Array;
}

/** By the name of the group. */
export type Features = ReadonlyMap<string, GroupFeatures>;

/**
 * What becomes of the numbers of units: to `merge` them is to take the share that they have in the mean of each feature, to
 * `unmerge` them, to add up what a layer has for the units that it reads from a feature. The matrices M and U of ZipIt!.
 */
export type MapKind = "merge" | "unmerge";

/** Numbers of a tensor with their shape. */
export interface Values {
  readonly shape: Shape;
  readonly numbers: Float64Array;
}

/** Whether an axis holds units that become features. */
export const hasFeatures = (axis: SpecAxis, features: Features): boolean =>
  groupsOfAxis(axis).some((group) => features.has(group));

/**
 * Brings one axis of a tensor from units to features.
 *
 * Cost: the size of the tensor; times the number of features where units are read from all of them.
 *
 * @param described what the axis is made of
 * @returns numbers of their own
 */
export function mapUnits(
  values: Values,
  axis: number,
  { described, features, kind }: { readonly described: SpecAxis; readonly features: Features; readonly kind: MapKind },
): Values {
  const sizes = new Map([...features].map(([name, { featureOf }]) => [name, featureOf.length]));
  const mapped = (part: SpecAxis, given: Values): Values => {
    if (typeof part === "string") {
      const group = features.get(part);
      return group === undefined ? given : mapGroup(given, axis, { group, kind });
    }
    if (typeof part === "number") return given;
    if ("concat" in part) {
      let start = 0;
      const parts = part.concat.map((it) => {
        const size = axisSize(it, sizes);
        start += size;
        return mapped(it, slice(given, axis, { start: start - size, size }));
      });
      return concatenate(parts, axis);
    }
    // Each factor is an axis of its own while it is mapped.
    let { shape, numbers } = given;
    const factors = part.product.map((it) => axisSize(it, sizes));
    for (const [place, it] of part.product.entries()) {
      const before = factors.slice(0, place).reduce((product, size) => product * size, 1);
      const after = factors.slice(place + 1).reduce((product, size) => product * size, 1);
      const [outer, inner] = [shape.slice(0, axis), shape.slice(axis + 1)];
      const flat = [product(outer) * before, factors[place], after * product(inner)];
      const inside = mapUnits({ shape: flat, numbers }, 1, { described: it, features, kind });
      factors[place] = inside.shape[1];
      shape = [...outer, before * factors[place] * after, ...inner];
      numbers = inside.numbers;
    }
    return { shape, numbers };
  };
  return mapped(described, values);
}

const product = (shape: Shape): number => shape.reduce((all, size) => all * size, 1);

function mapGroup(
  { shape, numbers }: Values,
  axis: number,
  { group, kind }: { readonly group: GroupFeatures; readonly kind: MapKind },
): Values {
  const { featureOf, counts, unmerge } = group;
  const [outer, inner] = [product(shape.slice(0, axis)), product(shape.slice(axis + 1))];
  const [units, features] = [featureOf.length, counts.length];
  const mapped = new Float64Array(outer * features * inner);
  const add = (from: number, to: number, weight: number): void => {
    for (let i = 0; i < inner; i++) mapped[to + i] += weight * numbers[from + i];
  };
  for (let o = 0; o < outer; o++) {
    for (let unit = 0; unit < units; unit++) {
      const from = (o * units + unit) * inner;
      const start = o * features;
      if (kind === "merge" || unmerge === undefined) {
        const feature = featureOf[unit];
        add(from, (start + feature) * inner, kind === "merge" ? 1 / counts[feature] : 1);
      } else {
        for (let feature = 0; feature < features; feature++)
          add(from, (start + feature) * inner, unmerge[unit * features + feature]);
      }
    }
  }
  return { shape: shape.map((size, it) => (it === axis ? features : size)), numbers: mapped };
}

function slice(
  { shape, numbers }: Values,
  axis: number,
  part: { readonly start: number; readonly size: number },
): Values {
  const [outer, inner] = [product(shape.slice(0, axis)), product(shape.slice(axis + 1))];
  const cut = new Float64Array(outer * part.size * inner);
  for (let o = 0; o < outer; o++) {
    const from = (o * shape[axis] + part.start) * inner;
    cut.set(numbers.subarray(from, from + part.size * inner), o * part.size * inner);
  }
  return { shape: shape.map((size, it) => (it === axis ? part.size : size)), numbers: cut };
}

function concatenate(parts: readonly Values[], axis: number): Values {
  const [{ shape }] = parts;
  const size = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const [outer, inner] = [product(shape.slice(0, axis)), product(shape.slice(axis + 1))];
  const numbers = new Float64Array(outer * size * inner);
  for (let o = 0; o < outer; o++) {
    let to = o * size * inner;
    for (const part of parts) {
      const run = part.shape[axis] * inner;
      numbers.set(part.numbers.subarray(o * run, (o + 1) * run), to);
      to += run;
    }
  }
  return { shape: shape.map((it, i) => (i === axis ? size : it)), numbers };
}
