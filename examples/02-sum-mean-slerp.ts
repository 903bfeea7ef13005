/**
 * Sum, mean and slerp of two networks, twice: once with networks that began with different random weights, and once with
 * one that went on from the other. The method hardly matters; whether the networks have an ancestor in common decides,
 * and `diff` sees from the weights alone whether they have.
 */
import { diff, merge, toStateDict } from "onebasin";
import { heading, judge, pen, plate, trained } from "./support/two-tasks.js";

heading("");
const a = await trained(pen, { seed: 0 });
await judge("a: trained on pen", a);
for (const [name, start] of [
  ["from other random weights", { seed: 1 }],
  ["going on from a", { seed: 1, initial: a }],
] as const) {
  const b = await trained(plate, start);
  await judge(`b: on plate, ${name}`, b);
  for (const method of ["sum", "mean", "slerp"]) {
    await judge(`${method} of a and b`, await toStateDict(await merge([a, b], { method })));
  }
  const { verdict } = await diff(a, b);
  console.log(`  ${verdict.text}\n`);
}
