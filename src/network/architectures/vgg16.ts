import { integer, number } from "../../core/params.js";
import { defineArchitecture } from "../architecture.js";
import { createNetwork } from "../create-network.js";

const BLOCKS = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
] as const;
const HIDDEN = 4096;
const INPUT_SIZE = 32;
const DROPOUT = 0.25;

export const vgg16 = defineArchitecture({
  id: "vgg16",
  title: "VGG-16 with batch normalisation, for 32×32 images",
  doc: "Ten 3×3 convolutions in four blocks (`block_1` … `block_4`), each closed by a 2×2 max pool, then three linear layers (`classifier.0`, `.3`, `.6`).",
  params: {
    width: number({ doc: "Scales every number of channels and both hidden layers.", default: 1, min: 1 / 64, max: 8 }),
    classes: integer({ doc: "Number of classes.", default: 10, min: 2, max: 100_000 }),
    channels: integer({ doc: "Channels of the images: 1 grey, 3 colour.", default: 1, min: 1, max: 1024 }),
  },
  build({ width, classes, channels }) {
    const scaled = (size: number): number => Math.max(1, Math.round(size * width));
    return createNetwork("vgg16", { input: [channels, INPUT_SIZE, INPUT_SIZE] }, (layers, image) => {
      let x = image;
      let from = channels;
      for (const [block, sizes] of BLOCKS.entries()) {
        for (const [index, size] of sizes.entries()) {
          const out = scaled(size);
          const key = (offset: number): string => `block_${block + 1}.${3 * index + offset}`;
          x = layers.conv(x, key(0), { in: from, out, kernel: 3, padding: 1 });
          x = layers.relu(layers.batchNorm(x, key(1), { channels: out }));
          from = out;
        }
        x = layers.maxPool(x, { kernel: 2 });
      }
      const side = INPUT_SIZE / 2 ** BLOCKS.length;
      const hidden = scaled(HIDDEN);
      x = layers.relu(layers.linear(layers.flatten(x), "classifier.0", { in: from * side * side, out: hidden }));
      x = layers.dropout(x, { ratio: DROPOUT });
      x = layers.relu(layers.linear(x, "classifier.3", { in: hidden, out: hidden }));
      x = layers.dropout(x, { ratio: DROPOUT });
      return layers.linear(x, "classifier.6", { in: hidden, out: classes });
    });
  },
  guess(shapes) {
    const first = shapes.get("block_1.0.weight");
    const hidden = shapes.get("classifier.0.weight");
    const last = shapes.get("classifier.6.weight");
    if (first === undefined || hidden === undefined || last === undefined) return undefined;
    return { width: hidden[0] / HIDDEN, classes: last[0], channels: first[1] };
  },
});
