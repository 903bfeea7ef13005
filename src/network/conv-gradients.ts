import type { Shape } from "../tensor/shape.js";
import type { GradientContext } from "./operator.js";
import { placesOf, type Window } from "./window.js";

/** A convolution of x [n, c, …] with a weight [o, c/groups, …kernel]. */
export interface ConvFacts {
  readonly window: Window;
  readonly groups: number;
  readonly input: Shape;
  readonly weight: Shape;
}

/** The gradient of the input: each output spreads its gradient over its window. */
export function convInputGradient(context: GradientContext, facts: ConvFacts): string {
  const { window, groups, input } = facts;
  const reach = window.kernel.map((kernel, axis) => window.dilations[axis] * (kernel - 1));
  const fits = reach.every((size, axis) => window.padsBegin[axis] <= size && window.padsEnd[axis] <= size);
  if (groups === 1 && fits && window.strides.every((stride) => stride === 1))
    return turnedConvolution(context, facts, reach);
  const rest = reach.map((size, axis) => {
    const covered = (window.output[axis] - 1) * window.strides[axis] + size + 1;
    return input[2 + axis] + window.padsBegin[axis] + window.padsEnd[axis] - covered;
  });
  return context.build.node("ConvTranspose", [context.outputGradients[0]!, context.inputs[1]], {
    kernel_shape: { ints: window.kernel },
    strides: { ints: window.strides },
    dilations: { ints: window.dilations },
    pads: { ints: [...window.padsBegin, ...window.padsEnd] },
    output_padding: { ints: rest },
    group: { int: groups },
  });
}

/** At stride 1 a convolution with the turned weight does the same, and is faster than a transposed one. */
function turnedConvolution(
  { build, inputs, outputGradients }: GradientContext,
  facts: ConvFacts,
  reach: Shape,
): string {
  const { window, weight } = facts;
  const [o, c, ...kernel] = weight;
  const taps = kernel.reduce((product, size) => product * size, 1);
  const backwards = build.ints(...Array.from({ length: taps }, (_, tap) => taps - 1 - tap));
  const flat = build.node("Reshape", [inputs[1], build.ints(o, c, taps)]);
  const swapped = build.node("Transpose", [flat], { perm: { ints: [1, 0, 2] } });
  const turned = build.node("Gather", [swapped, backwards], { axis: { int: 2 } });
  const pads = [window.padsBegin, window.padsEnd].flatMap((side) => side.map((pad, axis) => reach[axis] - pad));
  return build.node("Conv", [outputGradients[0]!, build.node("Reshape", [turned, build.ints(c, o, ...kernel)])], {
    kernel_shape: { ints: kernel },
    dilations: { ints: window.dilations },
    pads: { ints: pads },
  });
}

/**
 * The gradient of the weight: for each place of the kernel, the product of the output's gradient with what that place
 * saw of the input.
 */
export function convWeightGradient(context: GradientContext, facts: ConvFacts): string {
  const { build, inputs, outputGradients } = context;
  const { window, groups, input, weight } = facts;
  if (groups > 1) return groupedWeightGradient(context, facts);
  const [o, c, ...kernel] = weight;
  const spatial = kernel.map((_, axis) => axis + 2);
  const swap = { perm: { ints: [1, 0, ...spatial] } };
  const pads = [0, 0, ...window.padsBegin, 0, 0, ...window.padsEnd];
  const padded = pads.some((pad) => pad > 0) ? build.node("Pad", [inputs[0], build.ints(...pads)]) : inputs[0];
  const images = build.node("Transpose", [padded], swap);
  const length = build.ints(o, -1);
  const gradient = build.node("Reshape", [build.node("Transpose", [outputGradients[0]!], swap), length]);
  const products = placesOf(kernel).map((place) => {
    const starts = place.map((tap, axis) => tap * window.dilations[axis]);
    const ends = starts.map((start, axis) => start + (window.output[axis] - 1) * window.strides[axis] + 1);
    const seen = build.node("Slice", [
      images,
      build.ints(...starts),
      build.ints(...ends),
      build.ints(...spatial),
      build.ints(...window.strides),
    ]);
    const flat = build.node("Reshape", [seen, build.ints(c, input[0] * window.output.reduce((a, b) => a * b, 1))]);
    const product = build.node("Gemm", [gradient, flat], { transB: { int: 1 } });
    return build.node("Reshape", [product, build.ints(o, c, 1)]);
  });
  const joined = products.length === 1 ? products[0] : build.node("Concat", products, { axis: { int: 2 } });
  return build.node("Reshape", [joined, build.ints(...weight)]);
}

/**
 * With groups: a convolution over the batch, with the output's gradient as kernel and strides and dilations in each
 * other's place. Groups of channels take the place of the batch's neighbours.
 */
function groupedWeightGradient(context: GradientContext, { window, groups, input, weight }: ConvFacts): string {
  const { build, inputs, outputGradients } = context;
  const [n, channels, ...size] = input;
  const spatial = size.map((_, axis) => axis + 2);
  const swap = { perm: { ints: [1, 0, ...spatial] } };
  const grouped = build.node("Reshape", [inputs[0], build.ints(n, groups, channels / groups, ...size)]);
  const perm = { perm: { ints: [2, 1, 0, ...spatial.map((axis) => axis + 1)] } };
  const turned = build.node("Transpose", [grouped], perm);
  const images = build.node("Reshape", [turned, build.ints(channels / groups, groups * n, ...size)]);
  const kernel = build.node("Transpose", [outputGradients[0]!], swap);
  const swept = build.node("Conv", [images, kernel], {
    kernel_shape: { ints: window.output },
    strides: { ints: window.dilations },
    dilations: { ints: window.strides },
    pads: { ints: [...window.padsBegin, ...window.padsEnd] },
    group: { int: groups },
  });
  // A stride that does not divide the input leaves places at the end that no weight belongs to.
  const starts = build.ints(...spatial.map(() => 0));
  const cut = build.node("Slice", [swept, starts, build.ints(...weight.slice(2)), build.ints(...spatial)]);
  return build.node("Transpose", [cut], swap);
}
