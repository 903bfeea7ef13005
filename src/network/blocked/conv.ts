import type { GraphBuilder } from "../graph-builder.js";
import { type BlockedConv, backwardFilter, forwardFilter, storedGradient } from "./conv-weight.js";
import { blockedShape, imagesPerFold, wideChannels } from "./layout.js";
import { nchwc, onesPerChannel, reluIf, reorderOutput, reshape } from "./nchwc.js";

/** Kernel and padding as the runtime is told them: a pixel to the right is as many places away as there are images. */
function window({ from, kernel }: BlockedConv, [down, right]: readonly [number, number]) {
  const n = imagesPerFold(from);
  const pads = { ints: [down, right * n, down, right * n] };
  return { kernel_shape: { ints: kernel }, dilations: { ints: [1, kernel[1] === 1 ? 1 : n] }, pads };
}

export interface ConvForward {
  readonly x: string;
  /** In its stored form. */
  readonly weight: string;
  /** [fold·o]; absent for none. */
  readonly bias?: string;
  readonly relu?: boolean;
}

/** The convolution, in the layout `conv.out`. */
export function convForward(build: GraphBuilder, conv: BlockedConv, { x, weight, bias, relu }: ConvForward): string {
  const inputs = [x, forwardFilter(build, weight, conv), ...(bias === undefined ? [] : [bias])];
  return nchwc(build, "Conv", inputs, { ...window(conv, conv.padding), ...reluIf(relu) });
}

/** The gradient with respect to the input: the output's gradient, convolved with the turned weight. */
export function convInputGradient(
  build: GraphBuilder,
  conv: BlockedConv,
  { gradient, weight }: { readonly gradient: string; readonly weight: string },
): string {
  const { kernel, padding } = conv;
  const rest = [kernel[0] - 1 - padding[0], kernel[1] - 1 - padding[1]] as const;
  return nchwc(build, "Conv", [gradient, backwardFilter(build, weight, conv)], window(conv, rest));
}

/**
 * The gradient with respect to the weight, in its stored form:
 *
 *     dw[o, i, y, x] = Σ over n, v, u of x[n, i, v + y, u + x] · dz[n, o, v, u]
 *
 * which is a convolution that takes input channels for images, images for channels, and dz for the filter. dz's bytes
 * [o/b, h, w·n/b, b images, b channels] are a filter over b channels already. The input is wanted as
 * [i, h, w·n/b, b images], which is how it lies once its channels are unblocked; the n/b blocks of images side by side
 * in its width are passed over by a stride of n/b, and added up by the filter's width. Padding is put into the
 * width before: the kernel computes padded columns one at a time, padded rows at no cost.
 */
export function convWeightGradient(
  build: GraphBuilder,
  conv: BlockedConv,
  { x, gradient }: { readonly x: string; readonly gradient: string },
): string {
  const { from, out, padding } = conv;
  const { block } = from;
  const channels = wideChannels(from);
  const blocks = imagesPerFold(from) / block;
  const images = reshape(build, plainPadded(build, x, conv), [
    channels,
    block,
    from.height,
    (from.width + 2 * padding[1]) * blocks,
  ]);
  const filter = reshape(build, gradient, [wideChannels(out), block, out.height, out.width * blocks]);
  const found = nchwc(build, "Conv", [images, filter], {
    kernel_shape: { ints: [out.height, out.width * blocks] },
    strides: { ints: [1, blocks] },
    pads: { ints: [padding[0], 0, padding[0], 0] },
  });
  return storedGradient(build, found, conv);
}

/** The input as [i, h, w + 2·padding, n]. */
function plainPadded(build: GraphBuilder, x: string, { from, padding }: BlockedConv): string {
  const channels = wideChannels(from);
  const n = imagesPerFold(from);
  const side = padding[1] * n;
  if (from.thin) {
    const rows = reshape(build, x, [channels * from.height, from.width * n]);
    return side === 0 ? rows : build.node("Pad", [rows, build.ints(0, side, 0, side)]);
  }
  if (side === 0) return reorderOutput(build, x, channels);
  // A convolution by 1 with padding is a copy by all threads.
  const copy = nchwc(build, "Conv", [reshape(build, x, blockedShape(from)), onesPerChannel(build, channels)], {
    kernel_shape: { ints: [1, 1] },
    group: { int: channels },
    pads: { ints: [0, side, 0, side] },
  });
  return reorderOutput(build, copy, channels);
}
