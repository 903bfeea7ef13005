import { integer } from "../../core/params.js";
import { defineArchitecture } from "../architecture.js";
import { createNetwork } from "../create-network.js";

const CHANNELS = [6, 16] as const;
const HIDDEN = [120, 84] as const;
const KERNEL = 5;

/** Side of the last feature map: two rounds of a 5×5 convolution without padding and a 2×2 pool. */
const lastSide = (size: number): number => Math.floor((Math.floor((size - KERNEL + 1) / 2) - KERNEL + 1) / 2);

export const lenet5 = defineArchitecture({
  id: "lenet5",
  title: "LeNet-5 with ReLU and max pooling",
  doc: "Two 5×5 convolutions (`conv1`, `conv2`) and three linear layers (`fc1`, `fc2`, `fc3`), as in PyTorch's tutorials.",
  params: {
    classes: integer({ doc: "Number of classes.", default: 10, min: 2, max: 100_000 }),
    channels: integer({ doc: "Channels of the images: 1 grey, 3 colour.", default: 1, min: 1, max: 1024 }),
    size: integer({ doc: "Side of the square images.", default: 32, min: 16, max: 4096 }),
  },
  build: ({ classes, channels, size }) =>
    createNetwork("lenet5", { input: [channels, size, size] }, (layers, image) => {
      let x = layers.relu(layers.conv(image, "conv1", { in: channels, out: CHANNELS[0], kernel: KERNEL }));
      x = layers.maxPool(x, { kernel: 2 });
      x = layers.relu(layers.conv(x, "conv2", { in: CHANNELS[0], out: CHANNELS[1], kernel: KERNEL }));
      x = layers.flatten(layers.maxPool(x, { kernel: 2 }));
      x = layers.relu(layers.linear(x, "fc1", { in: CHANNELS[1] * lastSide(size) ** 2, out: HIDDEN[0] }));
      x = layers.relu(layers.linear(x, "fc2", { in: HIDDEN[0], out: HIDDEN[1] }));
      return layers.linear(x, "fc3", { in: HIDDEN[1], out: classes });
    }),
  guess(shapes) {
    const [first, hidden, last] = ["conv1", "fc1", "fc3"].map((key) => shapes.get(`${key}.weight`));
    if (first === undefined || hidden === undefined || last === undefined) return undefined;
    const side = Math.sqrt(hidden[1] / CHANNELS[1]);
    // Four sizes in a row lead to the same shapes; the smallest, a multiple of four, is taken.
    return { classes: last[0], channels: first[1], size: 4 * side + 12 };
  },
});
