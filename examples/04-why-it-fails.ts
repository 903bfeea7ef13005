/**
 * Hidden units carry no names. A network whose units are put in another order computes the very same, and yet the mean
 * of the two is worth nothing: every unit is mixed with a stranger. So it is with networks that were trained apart.
 */
import { diff, merge, type StateDict, toStateDict } from "onebasin";
import { applyPermutation, derivePermutationSpec } from "onebasin/network";
import { heading, judge, network, pen, plate, trained } from "./support/two-tasks.js";

const a = await trained(pen, { seed: 0 });

/** Which axes of which tensors are made of the same units, and so move together. */
const spec = derivePermutationSpec(network);
const backwards = new Map(
  [...spec.groups].map(([group, units]) => [group, Uint32Array.from({ length: units }, (_, i) => units - 1 - i)]),
);
const reordered = applyPermutation(a, backwards, { spec });

heading("");
await judge("a: trained on pen", a);
const others: Record<string, StateDict> = {
  "a with its units backwards": reordered,
  "b: on plate, from other random weights": await trained(plate, { seed: 1 }),
  "c: on plate, going on from a": await trained(plate, { initial: a }),
};
for (const [name, other] of Object.entries(others)) {
  console.log();
  await judge(name, other);
  await judge("mean of both", await toStateDict(await merge([a, other], { method: "mean" })));
  const { cosine, verdict } = await diff(a, other);
  console.log(`  Cosine of all parameters ${cosine.toFixed(1)}. ${verdict.text}`);
}

console.log("\nUnits that move together, and the axes they are:");
for (const group of spec.groups.keys()) {
  const keys = [...spec.axes].filter(([, axes]) => JSON.stringify(axes).includes(`"${group}"`)).map(([key]) => key);
  console.log(`  ${group} (${spec.groups.get(group)} units): ${keys.join(", ")}`);
}
