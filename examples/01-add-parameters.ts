/**
 * Two networks are trained, one on handwriting and one on house numbers, and their weights are added, as one does it by
 * looping over `parameters()`. That leaves the statistics of batch normalisation behind, which are no parameters: those of
 * the new network are as on its first day. `merge` takes them along; between networks trained apart that is not enough.
 */
import { createTensor, merge, type StateDict, tensorNumbers, toStateDict } from "onebasin";
import { createInitialState } from "onebasin/network";
import { heading, judge, network, pen, plate, trained } from "./support/two-tasks.js";

/** for p, x, y in zip(new.parameters(), a.parameters(), b.parameters()): p.copy_(x + y) */
function addParameters(a: StateDict, b: StateDict): StateDict {
  const sum = new Map(createInitialState(network, { seed: 0 }));
  for (const [key, { kind, shape }] of network.state) {
    if (kind !== "parameter") continue;
    const [x, y] = [tensorNumbers(a.get(key)!), tensorNumbers(b.get(key)!)];
    for (let i = 0; i < x.length; i++) x[i] += y[i];
    sum.set(key, createTensor("f32", shape, x));
  }
  return sum;
}

const a = await trained(pen, { seed: 0 });
heading("");
await judge("a: trained on pen", a);
for (const [name, start] of [
  ["from other random weights", { seed: 1 }],
  ["going on from a", { seed: 1, initial: a }],
] as const) {
  const b = await trained(plate, start);
  await judge(`b: on plate, ${name}`, b);
  await judge("  parameters added in a loop", addParameters(a, b));
  for (const buffers of ["fresh", "first", "merge"] as const) {
    await judge(`  sum, buffers "${buffers}"`, await toStateDict(await merge([a, b], { method: "sum", buffers })));
  }
}

const buffers = [...network.state].flatMap(([key, { kind }]) => (kind === "buffer" ? [key] : []));
console.log(
  `\nThe loop leaves ${buffers.length} of ${network.state.size} tensors behind: ${buffers.slice(0, 3).join(", ")}, …`,
);
