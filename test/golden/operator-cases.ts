import { operators } from "../../src/network/operators.gen.js";
import { tensorNumbers } from "../../src/tensor/tensor.js";
import { caseNetwork, caseProbe } from "../support/operator-cases.js";

/** Prints the conformance cases of all operators with their numbers as JSON, for `operators.py`. */
const cases = operators.flatMap((operator) =>
  operator.cases
    .filter(({ inputs }) => inputs.length > 0)
    .map((example) => ({
      operator: operator.type,
      name: example.name,
      attributes: example.attributes ?? {},
      inputs: caseNetwork(operator, example).inputs.map((tensor, index) => ({
        shape: tensor.shape,
        constant: example.inputs[index].constant === true,
        values: Array.from(tensorNumbers(tensor)),
      })),
      probe: Array.from(tensorNumbers(caseProbe(operator, example))),
    })),
);
console.log(JSON.stringify(cases));
