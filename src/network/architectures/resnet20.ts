import { integer, number } from "../../core/params.js";
import { defineArchitecture } from "../architecture.js";
import { createNetwork } from "../create-network.js";
import type { Initial } from "../graph.js";

const STAGES = [16, 32, 64] as const;
const BLOCKS_PER_STAGE = 3;
const INPUT_SIZE = 32;

/** He's initialisation by fan-in, which networks of this family are trained from. */
const he = (fanIn: number): Initial => ({ kind: "normal", deviation: Math.sqrt(2 / fanIn) });

export const resnet20 = defineArchitecture({
  id: "resnet20",
  title: "ResNet-20 for 32×32 images",
  doc: "The CIFAR ResNet of three stages of three blocks, with a 1×1 convolution and batch normalisation as the shortcut where a stage begins. Keys `conv1`, `bn1`, `layer1.0.conv1`, `layer2.0.shortcut.0`, …, `linear`, as in the usual PyTorch implementations for CIFAR.",
  params: {
    width: number({ doc: "Scales every number of channels (16, 32, 64).", default: 1, min: 1 / 16, max: 64 }),
    classes: integer({ doc: "Number of classes.", default: 10, min: 2, max: 100_000 }),
    channels: integer({ doc: "Channels of the images: 1 grey, 3 colour.", default: 3, min: 1, max: 1024 }),
  },
  build({ width, classes, channels }) {
    const scaled = (size: number): number => Math.max(1, Math.round(size * width));
    return createNetwork("resnet20", { input: [channels, INPUT_SIZE, INPUT_SIZE] }, (layers, image) => {
      const conv = (x: string, key: string, from: number, out: number, kernel: number, stride: number): string => {
        const initial = he(from * kernel * kernel);
        const padding = (kernel - 1) / 2;
        return layers.conv(x, key, { in: from, out, kernel, stride, padding, bias: false, initial });
      };
      let from = scaled(STAGES[0]);
      let x = conv(image, "conv1", channels, from, 3, 1);
      x = layers.relu(layers.batchNorm(x, "bn1", { channels: from }));
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
            x = conv(x, `${key}.shortcut.0`, from, out, 1, stride);
            x = layers.batchNorm(x, `${key}.shortcut.1`, { channels: out });
          }
          x = layers.relu(layers.add(inner, x));
          from = out;
        }
      }
      x = layers.flatten(layers.globalAveragePool(x));
      return layers.linear(x, "linear", { in: from, out: classes, initial: he(from) });
    });
  },
  guess(shapes) {
    const first = shapes.get("conv1.weight");
    const last = shapes.get("linear.weight");
    if (first === undefined || last === undefined || !shapes.has("layer3.2.bn2.weight")) return undefined;
    return { width: last[1] / STAGES[2], classes: last[0], channels: first[1] };
  },
});
