/** Makes the checkpoints that the documentation's commands and programs work on, in the current folder. */
import { createTensor, save } from "onebasin";

const SHAPES = {
  "block_1.0.weight": [8, 1, 3, 3],
  "block_1.0.bias": [8],
  "block_1.1.weight": [8],
  "block_1.1.bias": [8],
  "block_1.1.running_mean": [8],
  "block_1.1.running_var": [8],
  "block_1.1.num_batches_tracked": [],
  "classifier.0.weight": [10, 72],
  "classifier.0.bias": [10],
};

let state = 1;
const noise = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

const model = (dtype) =>
  new Map(
    Object.entries(SHAPES).map(([key, shape]) => {
      const count = shape.reduce((product, size) => product * size, 1);
      if (key.endsWith("tracked")) return [key, createTensor("i64", shape, [100])];
      return [key, createTensor(dtype, shape, Array.from({ length: count }, noise))];
    }),
  );

for (const name of ["mnist.pth", "svhn.pth", "usps.pth", "base.pth", "tuned.pth", "a.pth", "b.pth"]) {
  await save(model("f32"), name);
}
for (const name of ["a.safetensors", "b.safetensors", "model.safetensors"]) await save(model("bf16"), name);
