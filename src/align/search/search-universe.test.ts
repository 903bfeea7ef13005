import { expect, test } from "vitest";
import { createInitialState } from "../../network/initial-state.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../../node/onnx-runtime.js";
import { createAssignmentSolver } from "../assignment/assignment-solver.js";
import { createMatrixProduct } from "../matrix-product.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { evenMatrices } from "../unit-maps/group-matrices.js";
import { searchUniverse } from "./search-universe.js";

const { network } = parseArchitecture("mlp:layers=16-24-12-4");
const spec = derivePermutationSpec(network);
const states = [1, 2, 3].map((seed) => createInitialState(network, { seed }));
const keys = [...network.state.keys()];

test("the objective never falls, and ends at permutations", async () => {
  const product = await createMatrixProduct(runtime, { threads: 1 });
  const solver = await createAssignmentSolver();
  const start = states.slice(1).map(() => evenMatrices(spec));
  const options = { spec, keys, solver, product, steps: 100, tolerance: 1e-9 };
  const { objective, places } = await searchUniverse(states, start, options);
  await product.close();
  expect(objective.length).toBeGreaterThan(3);
  for (let i = 1; i < objective.length; i++) expect(objective[i]).toBeGreaterThan(objective[i - 1]);
  for (const matrix of places.flatMap((own) => [...own.values()])) {
    for (const value of matrix) expect(Math.min(Math.abs(value), Math.abs(1 - value))).toBeLessThan(1e-5);
  }
});
