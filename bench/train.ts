/**
 * Times training steps and evaluation of the VGG, in turn with PyTorch where $ONEBASIN_PYTHON is a Python that has it,
 * and prints images per second and the ratio. A step is all of it: dropout drawn, forward, backward, SGD with momentum
 * and weight decay.
 *
 *     npm run bench:train -- [--width 0.125,0.25,0.5] [--rounds 12] [--threads 2] [--batch 128] [--patience 300]
 *
 * A round waits until nothing else uses the processor, for so many seconds in all; what was timed on a busy machine is
 * marked.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findChannelBlock } from "../src/network/channel-block.js";
import { createInference } from "../src/network/inference.js";
import { createInitialState } from "../src/network/initial-state.js";
import { parseArchitecture } from "../src/network/parse-architecture.js";
import { onnxRuntime } from "../src/node/onnx-runtime.js";
import { floatsTensor } from "../src/tensor/float32.js";
import { chooseOptimizer } from "../src/train/choose.js";
import { createTrainingSession } from "../src/train/training-session.js";
import { buildTrainingStep } from "../src/train/training-step.js";

const { values: options } = parseArgs({
  options: {
    width: { type: "string", default: "0.125,0.25,0.5" },
    rounds: { type: "string", default: "12" },
    threads: { type: "string", default: String(availableParallelism()) },
    batch: { type: "string", default: "128" },
    patience: { type: "string", default: "300" },
  },
});
const [rounds, threads, batch] = [options.rounds, options.threads, options.batch].map(Number);
const EVALUATION_BATCH = 500;
/** Share of the processor that must be free before a round. */
const QUIET = 0.93;
const deadline = Date.now() + 1000 * Number(options.patience);

type Task = "train" | "evaluate";
type TimedRun = (task: Task, width: string) => Promise<number>;

/** Milliseconds of one step in PyTorch. */
function startTorch(python: string): { readonly run: TimedRun; readonly process: ChildProcess } {
  const script = join(dirname(fileURLToPath(import.meta.url)), "train-with-torch.py");
  const args = [script, String(threads), String(batch), String(EVALUATION_BATCH)];
  const process = spawn(python, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  const run: TimedRun = async (task, width) => {
    process.stdin.write(`${task} ${width}\n`);
    return Number((await lines.next()).value);
  };
  return { run, process };
}

/** Milliseconds of one step here. */
async function startOnebasin(width: string): Promise<{ readonly run: TimedRun; readonly close: () => Promise<void> }> {
  const { network } = parseArchitecture(`vgg16:width=${width}`);
  const state = createInitialState(network, { seed: 0 });
  const block = await findChannelBlock(onnxRuntime);
  const sgd = chooseOptimizer("sgd", { "weight-decay": 5e-4 });
  const common = { runtime: onnxRuntime, threads };
  const step = buildTrainingStep([{ network }], { batch, ...sgd, block });
  const session = await createTrainingSession(step, { ...common, seed: 0, states: [state] });
  const inference = await createInference(network, state, common);
  const noise = (count: number): Float32Array => Float32Array.from({ length: count * 1024 }, (_, i) => Math.sin(i * i));
  const images = noise(batch);
  const labels = Array.from({ length: batch }, (_, i) => i % 10);
  const shown = floatsTensor([EVALUATION_BATCH, 1, 32, 32], noise(EVALUATION_BATCH));
  let done = 0;
  return {
    async run(task) {
      const start = performance.now();
      if (task === "train") await session.run([{ images, labels }], { rate: 0.05, step: ++done });
      else await inference.run(shown);
      return performance.now() - start;
    },
    async close() {
      await session.close();
      await inference.close();
    },
  };
}

/** Waits for a quiet machine; false when patience is over. */
async function quiet(): Promise<boolean> {
  const usage = () => {
    const times = cpus().map((cpu) => cpu.times);
    const idle = times.reduce((sum, it) => sum + it.idle, 0);
    return { idle, all: times.reduce((sum, it) => sum + it.idle + it.user + it.sys + it.nice + it.irq, 0) };
  };
  for (;;) {
    const before = usage();
    await sleep(200);
    const after = usage();
    if ((after.idle - before.idle) / (after.all - before.all) > QUIET) return true;
    if (Date.now() > deadline) return false;
  }
}

const torch = process.env.ONEBASIN_PYTHON === undefined ? undefined : startTorch(process.env.ONEBASIN_PYTHON);
for (const width of options.width.split(",")) {
  const onebasin = await startOnebasin(width);
  for (const task of ["train", "evaluate"] as const) {
    const own: number[] = [];
    const other: number[] = [];
    let busy = 0;
    // The first two rounds warm both up.
    for (let round = -2; round < rounds; round++) {
      if (!(await quiet())) busy++;
      const [theirs, ours] = [await torch?.run(task, width), await onebasin.run(task, width)];
      if (round < 0) continue;
      own.push(ours);
      if (theirs !== undefined) other.push(theirs);
    }
    const count = task === "train" ? batch : EVALUATION_BATCH;
    const rate = (times: number[], share: number): number =>
      (1000 * count) / [...times].sort((a, b) => a - b)[Math.floor(share * (times.length - 1))];
    const line = (share: number): string => {
      const ours = rate(own, share);
      const theirs = other.length === 0 ? undefined : rate(other, share);
      const beside = theirs === undefined ? "" : `, PyTorch ${theirs.toFixed(0)}, ratio ${(ours / theirs).toFixed(2)}`;
      return `${ours.toFixed(0)} images/s${beside}`;
    };
    console.log(`${task} at width ${width}: best ${line(0)}; median ${line(0.5)}; ${busy} rounds on a busy machine`);
  }
  await onebasin.close();
}
torch?.process.kill();
