/**
 * Times a coupled step beside two separate ones, and beside other ways to make one, in turn, and prints minima and
 * ratios of minima to the separate steps.
 *
 *     npx tsx bench/couple.ts [--arch vgg16:width=0.25] [--batch 64] [--rounds 40] [--threads 2]
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { findChannelBlock } from "../src/network/channel-block.js";
import { createInitialState } from "../src/network/initial-state.js";
import { parseArchitecture } from "../src/network/parse-architecture.js";
import { onnxRuntime } from "../src/node/onnx-runtime.js";
import { elementCount } from "../src/tensor/shape.js";
import { chooseOptimizer } from "../src/train/choose.js";
import { planCoupling } from "../src/train/coupling/coupling-plan.js";
import { createPull } from "../src/train/coupling/coupling-pull.js";
import { createTrainingSession } from "../src/train/training-session.js";
import { buildTrainingStep } from "../src/train/training-step.js";

const { values: options } = parseArgs({
  options: {
    arch: { type: "string", default: "vgg16:width=0.25" },
    batch: { type: "string", default: "64" },
    rounds: { type: "string", default: "40" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});
const { network } = parseArchitecture(options.arch);
const [batch, rounds, threads] = [options.batch, options.rounds, options.threads].map(Number);
const RATE = 0.01;
/** The runtime settles in the first ones. */
const WARM_UP = 3;

const block = await findChannelBlock(onnxRuntime);
const optimizer = chooseOptimizer("sgd", { "weight-decay": 5e-4 });
const state = createInitialState(network, { seed: 0 });
const size = elementCount((network.inputs[0].shape ?? []).slice(1) as number[]);
const shown = {
  images: Float32Array.from({ length: batch * size }, (_, i) => Math.sin(i)),
  labels: Int32Array.from({ length: batch }, (_, i) => i % 10),
};
const { parameters } = planCoupling([network, network], { kind: "constant" });

/** A step of one network, or of two in one graph with a pull between them. */
async function openStep(count: 1 | 2, { strength = 0, using = threads }: { strength?: number; using?: number } = {}) {
  const pull = createPull({
    count: 2,
    parameters: parameters.map((it) => ({ ...it, strength })),
    step: "proximal",
    tied: "mean",
  });
  const parts = Array.from({ length: count }, (_, index) => ({ network, prefix: `${index}.` }));
  const step = buildTrainingStep(parts, {
    batch,
    ...optimizer,
    block,
    adjust: count === 2 ? pull.adjust : undefined,
  });
  const states = parts.map(() => state);
  const session = await createTrainingSession(step, { runtime: onnxRuntime, threads: using, seed: 0, states });
  let at = 0;
  return async (): Promise<void> => {
    const extra = count === 2 ? pull.feeds({ lambda: 0.1, rate: RATE }) : {};
    await session.run(
      parts.map(() => shown),
      { rate: RATE, step: ++at, extra },
    );
  };
}

const [first, second] = [await openStep(1), await openStep(1)];
const [firstAlone, secondAlone] = [await openStep(1, { using: 1 }), await openStep(1, { using: 1 })];
const total = parameters.reduce((sum, { key }) => sum + elementCount(network.state.get(key)!.shape), 0);
const [a, b] = [new Float32Array(total).fill(1), new Float32Array(total)];

/** The pull as a program outside the graph would do it, its tensors laid out in one. */
function pullOutside(share: number): void {
  for (let i = 0; i < total; i++) {
    const pull = share * (b[i] - a[i]);
    a[i] += pull;
    b[i] -= pull;
  }
}

const contestants = [
  {
    name: "two separate steps",
    run: async () => {
      await first();
      await second();
    },
  },
  {
    name: "two steps, then the pull outside",
    run: async () => {
      await first();
      await second();
      pullOutside(0.01);
    },
  },
  { name: "two steps at once, one thread each", run: () => Promise.all([firstAlone(), secondAlone()]) },
  { name: "one graph, lambda = 0", run: await openStep(2) },
  { name: "one graph, lambda = 0.1", run: await openStep(2, { strength: 1 }) },
  { name: "one graph, lambda = inf", run: await openStep(2, { strength: Number.POSITIVE_INFINITY }) },
].map((it) => ({ ...it, times: [] as number[] }));

for (let round = 0; round < WARM_UP + rounds; round++) {
  for (const { run, times } of contestants) {
    const started = performance.now();
    await run();
    if (round >= WARM_UP) times.push(performance.now() - started);
  }
}
const floor = Math.min(...contestants[0].times);
console.log(`${options.arch}, batch ${batch}, ${threads} threads, ${rounds} rounds; milliseconds, minimum and median`);
for (const { name, times } of contestants) {
  const sorted = [...times].sort((x, y) => x - y);
  const [least, middle] = [sorted[0], sorted[sorted.length >> 1]];
  console.log(
    `${name.padEnd(36)}${least.toFixed(1).padStart(8)}${middle.toFixed(1).padStart(9)}   × ${(least / floor).toFixed(3)}`,
  );
}
process.exit(0);
