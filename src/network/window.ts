import { OnebasinError } from "../core/errors.js";
import type { Shape } from "../tensor/shape.js";
import { badShapes, intAttribute, intsAttribute, stringAttribute } from "./attributes.js";
import type { GraphNode } from "./graph.js";

/** How a window slides over the spatial axes of a convolution or a pool, one number per spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  /** Number of places the window takes. */
  readonly output: readonly number[];
}

/**
 * Reads the window of a node over `input` ([n, c, …spatial]).
 *
 * @throws `bad-argument` when it does not fit, `unsupported` for padding that ONNX would choose
 */
export function readWindow(node: GraphNode, input: Shape, kernel: readonly number[]): Window {
  const spatial = input.slice(2);
  if (spatial.length === 0 || kernel.length !== spatial.length) {
    throw badShapes(node, [input], `the window has ${kernel.length} axes, one is needed for each spatial axis`);
  }
  const autoPad = stringAttribute(node, "auto_pad", "NOTSET");
  if (autoPad !== "NOTSET" && autoPad !== "VALID") {
    throw new OnebasinError(
      "unsupported",
      `Node "${node.name}" (${node.op}): auto_pad "${autoPad}" is not supported.`,
      {
        hint: "Export the network with explicit pads.",
      },
    );
  }
  const ones = spatial.map(() => 1);
  const strides = intsAttribute(node, "strides", ones);
  const dilations = intsAttribute(node, "dilations", ones);
  const pads = intsAttribute(node, "pads", [...ones, ...ones].fill(0));
  const ceil = intAttribute(node, "ceil_mode", 0) !== 0;
  if (strides.length !== spatial.length || dilations.length !== spatial.length || pads.length !== 2 * spatial.length) {
    throw badShapes(node, [input], "strides, dilations and pads need one number for each spatial axis (pads two)");
  }
  if ([...strides, ...dilations].some((size) => size < 1) || pads.some((size) => size < 0)) {
    throw badShapes(node, [input], "strides and dilations are at least 1, pads at least 0");
  }
  const padsBegin = pads.slice(0, spatial.length);
  const padsEnd = pads.slice(spatial.length);
  const output = spatial.map((size, axis) => {
    const reach = dilations[axis] * (kernel[axis] - 1) + 1;
    const steps = (size + padsBegin[axis] + padsEnd[axis] - reach) / strides[axis];
    let count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A window that would start in the padding at the end is left out.
    if (ceil && (count - 1) * strides[axis] >= size + padsBegin[axis]) count--;
    return count;
  });
  if (output.some((size) => size < 1)) {
    throw badShapes(node, [input], `a window of [${kernel.join(", ")}] does not fit in`);
  }
  return { kernel, strides, dilations, padsBegin, padsEnd, output };
}

/** Every place of a kernel, row by row. */
export function placesOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (places, size) => places.flatMap((place) => Array.from({ length: size }, (_, tap) => [...place, tap])),
    [[]],
  );
}

/** Whether windows never share an element and leave none out at the borders. */
export function isTiling(window: Window, spatial: Shape): boolean {
  return spatial.every(
    (size, axis) =>
      window.strides[axis] === window.kernel[axis] &&
      window.dilations[axis] === 1 &&
      window.padsBegin[axis] === 0 &&
      window.padsEnd[axis] === 0 &&
      window.output[axis] * window.kernel[axis] <= size,
  );
}
