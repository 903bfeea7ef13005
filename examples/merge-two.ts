/**
 * Merges two pairs of networks, and asks before and after whether that makes sense.
 *
 * The first pair has one ancestor: a network, and the same one a little further trained (here: with a little noise).
 * The second pair computes the very same function, but the hidden units of one stand in another order, as they do in
 * networks that were trained apart. The numbers are the same; the mean is worth nothing.
 *
 *     npx tsx examples/merge-two.ts [FOLDER]
 */
import { join } from "node:path";
import { createTensor, diff, merge, type StateDict, save, tensorNumbers, toStateDict } from "onebasin";

const [inputs, hidden, outputs] = [64, 32, 10];
const folder = process.argv[2] ?? "example";

/** Numbers that look random and are the same in every run, in [−1, 1). */
function noise(seed: number, count: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** A network of two layers. */
const network: StateDict = new Map([
  ["hidden.weight", createTensor("f32", [hidden, inputs], noise(1, hidden * inputs))],
  ["hidden.bias", createTensor("f32", [hidden], noise(2, hidden))],
  ["out.weight", createTensor("f32", [outputs, hidden], noise(3, outputs * hidden))],
  ["out.bias", createTensor("f32", [outputs], noise(4, outputs))],
]);

/** The same network after a few more steps. */
const tuned: StateDict = new Map(
  [...network].map(([key, tensor], place) => {
    const change = noise(10 + place, tensorNumbers(tensor).length);
    const values = tensorNumbers(tensor).map((value, i) => value + 0.1 * change[i]);
    return [key, createTensor("f32", tensor.shape, values)];
  }),
);

/** The same network with its hidden units in reverse: rows of the first layer, columns of the second. */
const reversed: StateDict = new Map(
  [...network].map(([key, tensor]) => {
    const values = tensorNumbers(tensor);
    const width = key === "hidden.weight" ? inputs : 1;
    const from = (i: number): number => {
      const unit = Math.floor(i / width) % hidden;
      return key === "out.bias" ? i : i + (hidden - 1 - 2 * unit) * width;
    };
    return [
      key,
      createTensor(
        "f32",
        tensor.shape,
        values.map((_, i) => values[from(i)]),
      ),
    ];
  }),
);

/** Scores of the ten classes for one input. */
function run(state: StateDict, input: readonly number[]): number[] {
  const layer = (name: string, from: readonly number[]): number[] => {
    const weight = tensorNumbers(state.get(`${name}.weight`)!);
    return [...tensorNumbers(state.get(`${name}.bias`)!)].map((bias, row) =>
      from.reduce((total, value, column) => total + value * weight[row * from.length + column], bias),
    );
  };
  return layer(
    "out",
    layer("hidden", input).map((value) => Math.max(0, value)),
  );
}

/** Percent of 500 inputs that both networks put into the same class. */
function agreement(a: StateDict, b: StateDict): number {
  const samples = Array.from({ length: 500 }, (_, i) => noise(1000 + i, inputs));
  const classOf = (state: StateDict, input: readonly number[]): number => {
    const scores = run(state, input);
    return scores.indexOf(Math.max(...scores));
  };
  return samples.filter((input) => classOf(a, input) === classOf(b, input)).length / 5;
}

await save(network, join(folder, "network.pth"));
await save(tuned, join(folder, "tuned.pth"));
await save(reversed, join(folder, "reversed.safetensors"));

for (const other of ["tuned.pth", "reversed.safetensors"]) {
  const models = [join(folder, "network.pth"), join(folder, other)];
  const { cosine, verdict } = await diff(models[0], models[1]);
  console.log(`network.pth and ${other}: cosine ${cosine.toFixed(3)}.`);
  console.log(`  ${verdict.text}`);
  console.log(`  Both agree on ${agreement(network, await toStateDict(models[1]))} % of inputs.`);
  for (const method of ["mean", "slerp", "sum"]) {
    const merged = await merge(models, { method });
    const path = join(folder, `${method}-with-${other.split(".")[0]}.pth`);
    const { bytesWritten } = await save(merged, path);
    console.log(
      `  ${method.padEnd(5)} ${path}, ${bytesWritten} bytes: agrees with network.pth on ${agreement(network, await toStateDict(merged))} %.`,
    );
  }
}
