/**
 * A merge is a formula over the models' names, with exceptions by key. Nothing is computed before it is asked for: the
 * plan says what every tensor would become, and all that is wrong with a merge is said at once.
 */
import { merge, OnebasinError, type StateDict, toStateDict } from "onebasin";
import { heading, judge, pen, plate, trained } from "./support/two-tasks.js";

const digits = await trained(pen, { seed: 0 });
const houses = await trained(plate, { initial: digits });
const models = { digits, houses };

heading("");
await judge("digits", digits);
await judge("houses, going on from digits", houses);
for (const expression of ["0.3*digits + 0.7*houses", "digits + 0.5*(houses - digits)"]) {
  await judge(expression, await toStateDict(await merge(models, { expression })));
}
const rules = ["fc*: copy digits", "bn*: expr 0.2*digits + 0.8*houses"];
const plan = await merge(models, { expression: "(digits + houses) / 2", rules });
await judge("the mean, with rules", await toStateDict(plan));

console.log(`\n${rules.join("; ")}:`);
for (const key of ["conv1.weight", "bn1.weight", "bn1.running_var", "bn1.num_batches_tracked", "fc1.weight"]) {
  console.log(`  ${key.padEnd(24)} ${plan.tensors.find((tensor) => tensor.key === key)?.how}`);
}

console.log("\nWhat is wrong is said before anything is computed:");
const shorter: StateDict = new Map([...houses].filter(([key]) => key !== "fc2.bias"));
try {
  await merge({ digits, houses: shorter }, { expression: "digits + houses", rules: ["fc3.*: copy digits"] });
} catch (error) {
  if (!(error instanceof OnebasinError)) throw error;
  console.log(error.message);
}
