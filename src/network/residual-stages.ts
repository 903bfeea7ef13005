import type { Initial } from "./graph.js";
import type { Layers } from "./layers.js";

/** A convolution as residual networks have it: no bias, "same" padding. */
export interface ResidualConv {
  readonly in: number;
  readonly out: number;
  /** Odd. */
  readonly kernel: number;
  readonly stride: number;
  readonly initial: Initial;
}

export const residualConv = (layers: Layers, x: string, key: string, options: ResidualConv): string =>
  layers.conv(x, key, { ...options, padding: (options.kernel - 1) / 2, bias: false });

export interface ResidualStages {
  /** Channels of `x`. */
  readonly from: number;
  /** Channels of each stage; from the second on, a stage begins by halving the sides. */
  readonly stages: readonly number[];
  readonly blocks: number;
  /** What the projection of a block's input is called: `downsample`. */
  readonly shortcut: string;
  /** How the convolutions of a block begin. */
  readonly initial: (conv: Omit<ResidualConv, "initial">) => Initial;
}

/**
 * Adds stages of basic blocks: two 3×3 convolutions with batch normalisation beside a shortcut. Keys are those of
 * PyTorch's implementations: `layer1.0.conv1`, `layer2.0.SHORTCUT.0`, …
 *
 * @source He, Zhang, Ren, Sun: "Deep Residual Learning for Image Recognition" (2015), figure 2
 */
export function residualStages(layers: Layers, image: string, options: ResidualStages): string {
  let { from } = options;
  let x = image;
  const convNorm = (input: string, key: string, norm: string, conv: Omit<ResidualConv, "initial">): string => {
    const output = residualConv(layers, input, key, { ...conv, initial: options.initial(conv) });
    return layers.batchNorm(output, norm, { channels: conv.out });
  };
  for (const [stage, out] of options.stages.entries()) {
    for (let block = 0; block < options.blocks; block++) {
      const key = `layer${stage + 1}.${block}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const inner = layers.relu(convNorm(x, `${key}.conv1`, `${key}.bn1`, { in: from, out, kernel: 3, stride }));
      const last = convNorm(inner, `${key}.conv2`, `${key}.bn2`, { in: out, out, kernel: 3, stride: 1 });
      const { shortcut } = options;
      if (stride !== 1) {
        x = convNorm(x, `${key}.${shortcut}.0`, `${key}.${shortcut}.1`, { in: from, out, kernel: 1, stride });
      }
      x = layers.relu(layers.add(last, x));
      from = out;
    }
  }
  return x;
}
