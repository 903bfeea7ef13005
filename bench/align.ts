/**
 * Times weight matching of two VGGs and one large linear assignment, beside the same algorithms in NumPy and SciPy where
 * $ONEBASIN_PYTHON is a Python that has them, and prints seconds, ratios, and whether both reach the same.
 *
 *     npm run bench:align -- [--arch vgg16] [--units 4096] [--sweeps 100] [--rounds 1] [--threads 2]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createAssignmentSolver } from "../src/align/assignment/assignment-solver.js";
import { createMatrixProduct } from "../src/align/matrix-product.js";
import { createGroupScores } from "../src/align/scores/group-scores.js";
import { prepareWeights } from "../src/align/scores/prepare-weights.js";
import { descend } from "../src/align/search/descend.js";
import { derivePermutationSpec } from "../src/align/spec/derive-spec.js";
import { createRandom } from "../src/core/random.js";
import { createInitialState } from "../src/network/initial-state.js";
import { parseArchitecture } from "../src/network/parse-architecture.js";
import { save } from "../src/node/index.js";
import { onnxRuntime } from "../src/node/onnx-runtime.js";
import { floatsTensor } from "../src/tensor/float32.js";
import type { StateDict, Tensor } from "../src/tensor/tensor.js";

const { values: options } = parseArgs({
  options: {
    arch: { type: "string", default: "vgg16" },
    units: { type: "string", default: "4096" },
    sweeps: { type: "string", default: "100" },
    rounds: { type: "string", default: "1" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});
const [units, sweeps, rounds, threads] = [options.units, options.sweeps, options.rounds, options.threads].map(Number);

interface Timed {
  readonly seconds: number;
  /** What was to be large: the sum of scores. */
  readonly value: number;
  readonly sweeps: number;
}

const { network } = parseArchitecture(options.arch);
const spec = derivePermutationSpec(network);
const parameters = [...network.state].filter(([, { kind }]) => kind === "parameter").map(([key]) => key);
const random = createRandom(0, "scores");
const scores = Float32Array.from({ length: units * units }, () => random.normal());
const { keys, scaled } = prepareWeights(
  [1, 2].map((seed) => createInitialState(network, { seed })),
  { parameters, measure: "auto" },
);
const [a, b] = scaled;

async function assignHere(): Promise<Timed> {
  const solver = await createAssignmentSolver();
  // The kernel is compiled when it first runs.
  solver.assign(new Float32Array(64 ** 2), { rows: 64, columns: 64 });
  const started = performance.now();
  const order = solver.assign(scores, { rows: units, columns: units });
  const seconds = (performance.now() - started) / 1000;
  return { seconds, value: order.reduce((sum, column, row) => sum + scores[row * units + column], 0), sweeps: 1 };
}

async function matchHere(): Promise<Timed> {
  const product = await createMatrixProduct(onnxRuntime, { threads });
  const solver = await createAssignmentSolver();
  const started = performance.now();
  const groups = createGroupScores(a, b, { spec, keys, product });
  const found = await descend({ a, b }, groups, { spec, keys, solver, sweeps, order: "chain", seed: 0 });
  const seconds = (performance.now() - started) / 1000;
  await product.close();
  return { seconds, value: found.objective.at(-1) ?? 0, sweeps: found.sweeps };
}

/** The other side: one job a line, one answer a line. */
function startScipy(python: string): { readonly run: (job: object) => Promise<Timed>; readonly process: ChildProcess } {
  const script = join(dirname(fileURLToPath(import.meta.url)), "align-with-scipy.py");
  const env = { ...process.env, OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) };
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const run = async (job: object): Promise<Timed> => {
    child.stdin.write(`${JSON.stringify(job)}\n`);
    const { value } = await lines.next();
    if (value === undefined) throw new Error(`${python} ended without an answer.`);
    return JSON.parse(value);
  };
  return { run, process: child };
}

const weightsOf = (state: StateDict): StateDict =>
  new Map(keys.filter((key) => spec.axes.has(key)).map((key) => [key, state.get(key) as Tensor]));

const median = (times: readonly Timed[]): number =>
  times.map(({ seconds }) => seconds).sort((x, y) => x - y)[times.length >> 1];

const python = process.env.ONEBASIN_PYTHON;
const folder = await mkdtemp(join(tmpdir(), "onebasin-bench-"));
const scipy = python === undefined ? undefined : startScipy(python);
try {
  const at = (name: string): string => join(folder, name);
  if (scipy !== undefined) {
    await save(new Map([["scores", floatsTensor([units, units], scores)]]), at("scores.npz"));
    await save(weightsOf(a), at("a.npz"));
    await save(weightsOf(b), at("b.npz"));
  }
  const match = { groups: Object.fromEntries(spec.groups), axes: Object.fromEntries(spec.axes), sweeps };
  const tasks = [
    {
      name: `assignment of ${units} units, Gaussian scores`,
      here: assignHere,
      there: { task: "assign", scores: at("scores.npz") },
    },
    {
      name: `weight matching of two ${options.arch}, untrained`,
      here: matchHere,
      there: { task: "match", a: at("a.npz"), b: at("b.npz"), ...match },
    },
  ];
  for (const { name, here, there } of tasks) {
    const [ours, theirs]: [Timed[], Timed[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      ours.push(await here());
      if (scipy !== undefined) theirs.push(await scipy.run(there));
    }
    const [{ value, sweeps: swept }] = ours;
    console.log(`${name}, ${threads} threads: ${median(ours).toFixed(1)} s, ${swept} sweeps, sum ${value.toFixed(3)}`);
    if (theirs.length === 0) continue;
    const ratio = median(theirs) / median(ours);
    const [other] = theirs;
    console.log(
      `  NumPy and SciPy: ${median(theirs).toFixed(1)} s, ${other.sweeps} sweeps, sum ${other.value.toFixed(3)}; ${ratio.toFixed(2)} times as long`,
    );
  }
} finally {
  scipy?.process.kill();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
