import { integer, number } from "../../core/params.js";
import { defineArchitecture } from "../architecture.js";
import { createNetwork } from "../create-network.js";
import type { Initial } from "../graph.js";

const STAGES = [64, 128, 256, 512] as const;
const BLOCKS_PER_STAGE = 2;

/** He's initialisation by fan-out, as torchvision does for convolutions. */
const he = (fanOut: number): Initial => ({ kind: "normal", deviation: Math.sqrt(2 / fanOut) });

export const resnet18 = defineArchitecture({
  id: "resnet18",
  title: "ResNet-18 for large images",
  doc: "The ImageNet ResNet of four stages of two blocks after a 7×7 convolution and a max pool. Keys are torchvision's: `conv1`, `bn1`, `layer1.0.conv1`, `layer2.0.downsample.0`, …, `fc`.",
  params: {
    width: number({ doc: "Scales every number of channels (64 … 512).", default: 1, min: 1 / 64, max: 8 }),
    classes: integer({ doc: "Number of classes.", default: 1000, min: 2, max: 100_000 }),
    channels: integer({ doc: "Channels of the images: 1 grey, 3 colour.", default: 3, min: 1, max: 1024 }),
    size: integer({ doc: "Side of the square images.", default: 224, min: 32, max: 4096 }),
  },
  build({ width, classes, channels, size: side }) {
    const scaled = (size: number): number => Math.max(1, Math.round(size * width));
    return createNetwork("resnet18", { input: [channels, side, side] }, (layers, image) => {
      const conv = (x: string, key: string, from: number, out: number, kernel: number, stride: number): string => {
        const initial = he(out * kernel * kernel);
        const padding = (kernel - 1) / 2;
        return layers.conv(x, key, { in: from, out, kernel, stride, padding, bias: false, initial });
      };
      let from = scaled(STAGES[0]);
      let x = conv(image, "conv1", channels, from, 7, 2);
      x = layers.relu(layers.batchNorm(x, "bn1", { channels: from }));
      x = layers.maxPool(x, { kernel: 3, stride: 2, padding: 1 });
      for (const [stage, size] of STAGES.entries()) {
        for (let block = 0; block < BLOCKS_PER_STAGE; block++) {
          const out = scaled(size);
          const key = `layer${stage + 1}.${block}`;
          const stride = stage > 0 && block === 0 ? 2 : 1;
          let inner = conv(x, `${key}.conv1`, from, out, 3, stride);
          inner = layers.relu(layers.batchNorm(inner, `${key}.bn1`, { channels: out }));
          inner = conv(inner, `${key}.conv2`, out, out, 3, 1);
          inner = layers.batchNorm(inner, `${key}.bn2`, { channels: out });
          if (stride !== 1) {
            x = conv(x, `${key}.downsample.0`, from, out, 1, stride);
            x = layers.batchNorm(x, `${key}.downsample.1`, { channels: out });
          }
          x = layers.relu(layers.add(inner, x));
          from = out;
        }
      }
      return layers.linear(layers.flatten(layers.globalAveragePool(x)), "fc", { in: from, out: classes });
    });
  },
  guess(shapes) {
    const first = shapes.get("conv1.weight");
    const last = shapes.get("fc.weight");
    if (first === undefined || last === undefined || !shapes.has("layer4.1.bn2.weight")) return undefined;
    return { width: last[1] / STAGES[3], classes: last[0], channels: first[1] };
  },
});
