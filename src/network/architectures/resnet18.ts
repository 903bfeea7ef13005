import { integer, number } from "../../core/params.js";
import { defineArchitecture } from "../architecture.js";
import { createNetwork } from "../create-network.js";
import type { Initial } from "../graph.js";
import { type ResidualConv, residualConv, residualStages } from "../residual-stages.js";

const STAGES = [64, 128, 256, 512] as const;
const BLOCKS_PER_STAGE = 2;

/** He's initialisation by fan-out, as torchvision does for convolutions. */
const he = ({ out, kernel }: Omit<ResidualConv, "initial">): Initial => ({
  kind: "normal",
  deviation: Math.sqrt(2 / (out * kernel ** 2)),
});

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
    return createNetwork("resnet18", { input: [channels, side, side] }, (layers, image) => {
      const stages = STAGES.map((size) => Math.max(1, Math.round(size * width)));
      const first = { in: channels, out: stages[0], kernel: 7, stride: 2 };
      let x = residualConv(layers, image, "conv1", { ...first, initial: he(first) });
      x = layers.relu(layers.batchNorm(x, "bn1", { channels: first.out }));
      x = layers.maxPool(x, { kernel: 3, stride: 2, padding: 1 });
      x = residualStages(layers, x, {
        from: first.out,
        stages,
        blocks: BLOCKS_PER_STAGE,
        shortcut: "downsample",
        initial: he,
      });
      const features = stages[stages.length - 1];
      return layers.linear(layers.flatten(layers.globalAveragePool(x)), "fc", { in: features, out: classes });
    });
  },
  guess(shapes) {
    const first = shapes.get("conv1.weight");
    const last = shapes.get("fc.weight");
    if (first === undefined || last === undefined || !shapes.has("layer4.1.bn2.weight")) return undefined;
    return { width: last[1] / STAGES[3], classes: last[0], channels: first[1] };
  },
});
