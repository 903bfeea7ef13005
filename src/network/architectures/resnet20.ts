import { integer, number } from "../../core/params.js";
import { defineArchitecture } from "../architecture.js";
import { createNetwork } from "../create-network.js";
import type { Initial } from "../graph.js";
import { type ResidualConv, residualConv, residualStages } from "../residual-stages.js";

const STAGES = [16, 32, 64] as const;
const BLOCKS_PER_STAGE = 3;
const INPUT_SIZE = 32;

/** He's initialisation by fan-in, which networks of this family are trained from. */
const he = ({ in: from, kernel }: Pick<ResidualConv, "in" | "kernel">): Initial => ({
  kind: "normal",
  deviation: Math.sqrt(2 / (from * kernel ** 2)),
});

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
    return createNetwork("resnet20", { input: [channels, INPUT_SIZE, INPUT_SIZE] }, (layers, image) => {
      const stages = STAGES.map((size) => Math.max(1, Math.round(size * width)));
      const first = { in: channels, out: stages[0], kernel: 3, stride: 1 };
      let x = residualConv(layers, image, "conv1", { ...first, initial: he(first) });
      x = layers.relu(layers.batchNorm(x, "bn1", { channels: first.out }));
      x = residualStages(layers, x, {
        from: first.out,
        stages,
        blocks: BLOCKS_PER_STAGE,
        shortcut: "shortcut",
        initial: he,
      });
      const features = stages[stages.length - 1];
      x = layers.flatten(layers.globalAveragePool(x));
      return layers.linear(x, "linear", {
        in: features,
        out: classes,
        initial: he({ in: features, kernel: 1 }),
      });
    });
  },
  guess(shapes) {
    const first = shapes.get("conv1.weight");
    const last = shapes.get("linear.weight");
    if (first === undefined || last === undefined || !shapes.has("layer3.2.bn2.weight")) return undefined;
    return { width: last[1] / STAGES[2], classes: last[0], channels: first[1] };
  },
});
