import { OnebasinError } from "../../core/errors.js";
import { string } from "../../core/params.js";
import { defineArchitecture } from "../architecture.js";
import { createNetwork } from "../create-network.js";

/** Wider layers are a slip of the keyboard: 2²⁰ squared is 4 TiB of weights. */
const MAX_WIDTH = 2 ** 20;

export const mlp = defineArchitecture({
  id: "mlp",
  title: "Linear layers with ReLUs between",
  doc: "Keys as in a PyTorch `Sequential` that alternates `Linear` and `ReLU`: `0.weight`, `0.bias`, `2.weight`, …. Images are flattened first.",
  params: {
    layers: string({
      doc: "Sizes from input to output, joined by hyphens. The input is square and grey, or square and of three colours.",
      default: "784-512-512-512-10",
    }),
  },
  build({ layers: text }) {
    const sizes = text.split("-").map((size) => (/^\d+$/.test(size) ? Number(size) : Number.NaN));
    if (sizes.length < 2 || sizes.some((size) => !(size >= 1 && size <= MAX_WIDTH))) {
      throw new OnebasinError(
        "bad-argument",
        `Architecture "mlp": layers is "${text}"; expected at least two sizes from 1 to ${MAX_WIDTH}, joined by hyphens.`,
        { hint: "For example mlp:layers=784-512-10." },
      );
    }
    return createNetwork("mlp", { input: imageShape(sizes[0]) }, (layers, image) => {
      let x = layers.flatten(image);
      for (let layer = 0; layer + 1 < sizes.length; layer++) {
        if (layer > 0) x = layers.relu(x);
        x = layers.linear(x, String(2 * layer), { in: sizes[layer], out: sizes[layer + 1] });
      }
      return x;
    });
  },
  guess(shapes) {
    const sizes: number[] = [];
    for (let layer = 0; ; layer++) {
      const weight = shapes.get(`${2 * layer}.weight`);
      if (weight === undefined) break;
      if (weight.length !== 2) return undefined;
      if (layer === 0) sizes.push(weight[1]);
      sizes.push(weight[0]);
    }
    return sizes.length < 2 ? undefined : { layers: sizes.join("-") };
  },
});

/** [1, side, side] or [3, side, side] where the size allows, else a plain vector. */
function imageShape(size: number): number[] {
  for (const channels of [1, 3]) {
    const side = Math.sqrt(size / channels);
    if (Number.isInteger(side)) return [channels, side, side];
  }
  return [size];
}
