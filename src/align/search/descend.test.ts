import { expect, test } from "vitest";
import { createInitialState } from "../../network/initial-state.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../../node/onnx-runtime.js";
import { createAssignmentSolver } from "../assignment/assignment-solver.js";
import { createMatrixProduct } from "../matrix-product.js";
import { createGroupScores } from "../scores/group-scores.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { descend } from "./descend.js";

const { network } = parseArchitecture("vgg16:width=0.0625");

test.each(["chain", "random"] as const)("the objective never falls (%s)", async (order) => {
  const spec = derivePermutationSpec(network);
  const [a, b] = [1, 2].map((seed) => createInitialState(network, { seed }));
  const keys = [...network.state].filter(([, { kind }]) => kind === "parameter").map(([key]) => key);
  const product = await createMatrixProduct(runtime, { threads: 1 });
  const groups = createGroupScores(a, b, { spec, keys, product });
  const solver = await createAssignmentSolver();
  const { objective, sweeps } = await descend({ a, b }, groups, { spec, keys, solver, sweeps: 50, order, seed: 1 });
  await product.close();
  expect(sweeps).toBeGreaterThan(2);
  for (let i = 1; i < objective.length; i++) expect(objective[i]).toBeGreaterThanOrEqual(objective[i - 1] * (1 - 1e-7));
});
