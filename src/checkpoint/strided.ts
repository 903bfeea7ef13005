import { contiguousStrides, type Shape } from "../tensor/shape.js";

/** A stretch of elements of a tensor whose elements lie apart: transposed, sliced, repeated. */
export interface StridedRange {
  readonly shape: Shape;
  /** In elements, one per axis, never negative; 0 repeats. */
  readonly strides: readonly number[];
  readonly bytesPerElement: number;
  /** First element, counted row by row. */
  readonly start: number;
  /** After the last element. */
  readonly end: number;
}

/** One read and where its bytes go: a box of elements, walked by the same sizes on both sides. */
export interface StridedRun {
  /** In bytes from the tensor's first element. */
  readonly sourceOffset: number;
  /** In bytes; at most `MAX_RUN_BYTES`. */
  readonly length: number;
  /** In bytes from the place of element `start`. */
  readonly targetOffset: number;
  readonly bytesPerElement: number;
  /** The box, its axes in the order of the tensor's. */
  readonly sizes: readonly number[];
  /** In elements. */
  readonly sourceStrides: readonly number[];
  /** In elements. */
  readonly targetStrides: readonly number[];
}

/** Bounds the memory of one read; longer ones are no faster. */
export const MAX_RUN_BYTES = 2 ** 20;
/** Up to here one read with gaps beats several without. */
const ALWAYS_JOINED_BYTES = 2 ** 16;
/** A longer read must consist of wanted bytes at least to this share. */
const MIN_DENSITY = 0.25;

interface Axis {
  readonly size: number;
  readonly source: number;
  readonly target: number;
}

/**
 * Plans the reads for elements [start, end) so that their contiguous copy can be put together: few, each within
 * `MAX_RUN_BYTES`, in ascending order of the file within each box.
 *
 * Cost: no more runs than elements; one per megabyte where the elements lie together.
 */
export function* stridedRuns(range: StridedRange): Generator<StridedRun> {
  const axes = mergedAxes(range.shape, range.strides);
  for (const box of boxesOf(axes, range.start, range.end)) yield* boxRuns(box, range);
}

/** Axes with those of one element left out, and neighbours joined where one simply continues the other. */
function mergedAxes(shape: Shape, strides: readonly number[]): Axis[] {
  const targets = contiguousStrides(shape);
  const axes: Axis[] = [];
  for (const [i, size] of shape.entries()) {
    if (size === 1) continue;
    const axis: Axis = { size, source: strides[i], target: targets[i] };
    const outer = axes.at(-1);
    if (outer !== undefined && outer.source === size * axis.source) {
      axes[axes.length - 1] = { ...axis, size: outer.size * size };
    } else axes.push(axis);
  }
  return axes;
}

interface Box {
  readonly axes: readonly Axis[];
  /** In elements. */
  readonly source: number;
  readonly target: number;
}

/** Cuts [start, end), counted row by row, into boxes: at most two per axis. */
function* boxesOf(axes: readonly Axis[], start: number, end: number): Generator<Box> {
  let at = start;
  while (at < end) {
    // The outermost axis along which whole slices fit from here.
    let axis = 0;
    while (axis < axes.length && (at % axes[axis].target !== 0 || at + axes[axis].target > end)) axis++;
    if (axis === axes.length) {
      yield { axes: [], source: sourceOf(axes, at), target: at - start };
      at++;
      continue;
    }
    const { size, source, target } = axes[axis];
    const place = Math.floor(at / target) % size;
    const count = Math.min(size - place, Math.floor((end - at) / target));
    yield {
      axes: [{ size: count, source, target }, ...axes.slice(axis + 1)],
      source: sourceOf(axes, at),
      target: at - start,
    };
    at += count * target;
  }
}

/** Source position of an element counted row by row. */
function sourceOf(axes: readonly Axis[], index: number): number {
  return axes.reduce((sum, { size, source, target }) => sum + (Math.floor(index / target) % size) * source, 0);
}

/** The reads for one box: axes close together in the file are read at once, the others one step at a time. */
function* boxRuns(box: Box, { bytesPerElement }: StridedRange): Generator<StridedRun> {
  const order = box.axes.toSorted((a, b) => a.source - b.source);
  const { inside, step, cut } = joinAxes(order, bytesPerElement);
  const outside = order.slice(inside.length + (cut === undefined ? 0 : 1));
  const run = (source: number, target: number, axes: readonly Axis[]): StridedRun => {
    const sorted = axes.toSorted((a, b) => b.target - a.target);
    return {
      sourceOffset: source * bytesPerElement,
      length: (1 + axes.reduce((sum, axis) => sum + (axis.size - 1) * axis.source, 0)) * bytesPerElement,
      targetOffset: target * bytesPerElement,
      bytesPerElement,
      sizes: sorted.map(({ size }) => size),
      sourceStrides: sorted.map(({ source: stride }) => stride),
      targetStrides: sorted.map(({ target: stride }) => stride),
    };
  };
  for (const { source, target } of walk(outside.toReversed(), box.source, box.target)) {
    if (cut === undefined) {
      yield run(source, target, inside);
      continue;
    }
    for (let i = 0; i < cut.size; i += step) {
      const part = { ...cut, size: Math.min(step, cut.size - i) };
      yield run(source + i * cut.source, target + i * cut.target, [...inside, part]);
    }
  }
}

interface JoinedAxes {
  /** Axes wholly inside one read. */
  readonly inside: readonly Axis[];
  /** The next axis, of which `step` places at a time fit into a read. */
  readonly cut: Axis | undefined;
  readonly step: number;
}

function joinAxes(order: readonly Axis[], bytesPerElement: number): JoinedAxes {
  const inside: Axis[] = [];
  let span = 1;
  let wanted = 1;
  for (const axis of order) {
    const step = Math.min(axis.size, placesThatFit(axis, { span, wanted, bytesPerElement }));
    if (step < axis.size) return { inside, cut: axis, step: Math.max(1, step) };
    inside.push(axis);
    span += (axis.size - 1) * axis.source;
    wanted *= axis.source === 0 ? 1 : axis.size;
  }
  return { inside, cut: undefined, step: 0 };
}

/** How many places of an axis one read may take in, given what it holds already. */
function placesThatFit(
  { size, source }: Axis,
  {
    span,
    wanted,
    bytesPerElement,
  }: { readonly span: number; readonly wanted: number; readonly bytesPerElement: number },
): number {
  if (source === 0) return size;
  const within = (bytes: number) => Math.floor((bytes / bytesPerElement - span) / source) + 1;
  const dense = wanted / Math.max(span, source) >= MIN_DENSITY;
  return within(dense ? MAX_RUN_BYTES : ALWAYS_JOINED_BYTES);
}

/** All places of a box of axes, the first axis slowest. */
function* walk(axes: readonly Axis[], source: number, target: number): Generator<{ source: number; target: number }> {
  const [axis, ...rest] = axes;
  if (axis === undefined) {
    yield { source, target };
    return;
  }
  for (let i = 0; i < axis.size; i++) yield* walk(rest, source + i * axis.source, target + i * axis.target);
}

/** Copies the bytes of one run to their places; `target` begins where element `start` belongs. */
export function scatterRun(run: StridedRun, source: Uint8Array, target: Uint8Array): void {
  const { bytesPerElement: bytes, sizes, sourceStrides, targetStrides } = run;
  const copy = (axis: number, from: number, to: number): void => {
    const size = sizes[axis] ?? 1;
    const sourceStride = (sourceStrides[axis] ?? 1) * bytes;
    const targetStride = (targetStrides[axis] ?? 1) * bytes;
    if (axis < sizes.length - 1) {
      for (let i = 0; i < size; i++) copy(axis + 1, from + i * sourceStride, to + i * targetStride);
    } else if (sourceStride === bytes && targetStride === bytes) {
      target.set(source.subarray(from, from + size * bytes), to);
    } else {
      for (let i = 0; i < size; i++, from += sourceStride, to += targetStride) {
        for (let byte = 0; byte < bytes; byte++) target[to + byte] = source[from + byte];
      }
    }
  };
  copy(0, 0, run.targetOffset);
}
