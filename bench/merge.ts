/**
 * Times merges of two large checkpoints beside the floor (read both, write one, on one thread), all in one run and in
 * turn, and prints ratios to the floor. A merge is the real command in a process of its own, start-up included.
 *
 *     npm run bench -- [--dtype bf16] [--scale 1] [--rounds 5] [--methods linear,slerp] [--threads 1,2] [--folder DIR]
 *
 * Where $ONEBASIN_PYTHON is a Python with torch and safetensors, their plain mean is timed too.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { dtypeBytes, parseDType } from "../src/tensor/dtype.js";
import { isMeanOf, sampleFile } from "./support/check-output.js";
import { copyFloor } from "./support/copy-floor.js";
import { makeCheckpoint } from "./support/make-checkpoint.js";
import { type Measured, runMeasured } from "./support/run-measured.js";

const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, "../dist/cli/main.js");

const { values: options } = parseArgs({
  options: {
    dtype: { type: "string", default: "bf16" },
    scale: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    methods: { type: "string", default: "linear,mean,sum,max_magnitude,slerp" },
    threads: { type: "string", default: [...new Set([1, Math.min(2, availableParallelism())])].join(",") },
    folder: { type: "string", default: tmpdir() },
  },
});
const dtype = parseDType(options.dtype);
const rounds = Number(options.rounds);

interface Contestant {
  readonly name: string;
  /** Whether what it writes is the mean of both inputs. */
  readonly isMean?: boolean;
  readonly run: (output: string) => Promise<Measured> | Measured;
  readonly measured: Measured[];
  sample?: Uint8Array;
}

const folder = mkdtempSync(join(options.folder, "onebasin-bench-"));
// Interrupting the run goes through `exit` as well.
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

const inputs = ["a", "b"].map((name) => join(folder, `${name}.safetensors`)) as [string, string];
const [dataBytes] = inputs.map((path, i) => makeCheckpoint(path, { seed: i + 1, dtype, scale: Number(options.scale) }));
const places = { dataBytes, numberBytes: dtypeBytes(dtype) };
const bytes = statSync(inputs[0]).size;

const contestants: Contestant[] = [
  {
    name: "floor",
    run: (output) => ({ seconds: copyFloor(inputs, output), peakBytes: 0 }),
    measured: [],
  },
  ...options.methods.split(",").flatMap((method) =>
    options.threads.split(",").map(
      (threads): Contestant => ({
        name: `${method}, ${threads} ${threads === "1" ? "thread" : "threads"}`,
        isMean: method === "mean" || method === "linear",
        run: (output) => {
          const flags = ["--method", method, "--threads", threads, "--quiet", "-o", output];
          return runMeasured(process.execPath, [main, "merge", ...inputs, ...flags]);
        },
        measured: [],
      }),
    ),
  ),
];
const python = process.env.ONEBASIN_PYTHON;
if (python !== undefined) {
  contestants.push({
    name: "mean by torch",
    isMean: true,
    run: (output) => runMeasured(python, [join(here, "merge-with-torch.py"), ...inputs, output]),
    measured: [],
  });
}

const [a, b] = inputs.map((path) => sampleFile(path, places));
for (let round = 0; round < rounds; round++) {
  for (const contestant of contestants) {
    const output = join(folder, `out-${round}.safetensors`);
    contestant.measured.push(await contestant.run(output));
    if (contestant.name !== "floor") check(contestant, output);
    rmSync(output, { force: true });
  }
}

function check(contestant: Contestant, output: string): void {
  const sample = sampleFile(output, places);
  if (contestant.isMean && !isMeanOf(dtype, { a, b, output: sample })) {
    throw new Error(`${contestant.name} did not write the mean of the inputs`);
  }
  if (contestant.sample !== undefined && Buffer.compare(contestant.sample, sample) !== 0) {
    throw new Error(`${contestant.name} wrote other bytes than in the round before`);
  }
  contestant.sample = sample;
}

const median = (values: readonly number[]): number => values.toSorted((x, y) => x - y)[values.length >> 1];
const least = (values: readonly number[]): number => Math.min(...values);
const floors = contestants[0].measured.map(({ seconds }) => seconds);

console.log(
  `${cpus()[0].model}, Node ${process.versions.node}: two ${dtype} checkpoints of ${(bytes / 1e9).toFixed(2)} GB, ${rounds} rounds`,
);
const rows = contestants.map(({ name, measured }) => {
  const seconds = measured.map((one) => one.seconds);
  const ratios = seconds.map((value, round) => value / floors[round]);
  const peak = Math.max(...measured.map(({ peakBytes }) => peakBytes));
  return [
    name,
    least(seconds).toFixed(2),
    median(seconds).toFixed(2),
    Math.max(...seconds).toFixed(2),
    (least(seconds) / least(floors)).toFixed(2),
    median(ratios).toFixed(2),
    ((3 * bytes) / 1e9 / least(seconds)).toFixed(2),
    peak === 0 ? "" : String(Math.round(peak / 1e6)),
  ];
});
const heading = ["", "min s", "median s", "max s", "min / min floor", "median ratio", "GB/s", "peak MB"];
const widths = heading.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
for (const row of [heading, ...rows]) {
  console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "));
}
console.log("Ratios: to the floor of the same round. GB/s: both inputs and the output, by the fastest round.");
