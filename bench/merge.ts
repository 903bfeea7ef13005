/**
 * Times merges of two large checkpoints beside the floor (read both, write one, on one thread), all in one run and in
 * turn, and prints ratios to the floor. A merge is the real command in a process of its own, start-up included. All
 * run twice in each round, and the second time counts.
 *
 *     npm run bench -- [--dtype bf16] [--scale 1] [--rounds 5] [--methods linear,slerp] [--threads 1,2] [--folder DIR]
 *
 * `--methods all` takes every method that works element by element or row by row. A method that needs a base gets a
 * third checkpoint, and a floor that reads it too; one that thins out keeps half.
 *
 * Where $ONEBASIN_PYTHON is a Python with torch and safetensors, their plain mean is timed too; where
 * $ONEBASIN_MERGEKIT is mergekit's command `mergekit-yaml`, so are its merges by those of the methods that it has.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { formatTable } from "../src/core/format-table.js";
import type { MergeMethod } from "../src/merge/method.js";
import { methods } from "../src/merge/methods.gen.js";
import { dtypeBytes, parseFloatDType } from "../src/tensor/dtype.js";
import { isMeanOf, sampleFile } from "./support/check-output.js";
import { copyFloor } from "./support/copy-floor.js";
import { makeCheckpoint } from "./support/make-checkpoint.js";
import { makeModelFolder, mergekitRecipe } from "./support/mergekit-recipe.js";
import { type Measured, runMeasured } from "./support/run-measured.js";

const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, "../dist/cli/main.js");

const USAGE =
  "npm run bench -- [--dtype bf16] [--scale 1] [--rounds 5] [--methods linear,slerp | all] [--threads 1,2] [--folder DIR]";

const { values: options } = parseArgs({
  options: {
    help: { type: "boolean" },
    dtype: { type: "string", default: "bf16" },
    scale: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    methods: { type: "string", default: "linear,mean,sum,max_magnitude,slerp" },
    threads: { type: "string", default: [...new Set([1, Math.min(2, availableParallelism())])].join(",") },
    folder: { type: "string", default: tmpdir() },
  },
});
if (options.help) {
  console.log(USAGE);
  process.exit();
}
const dtype = parseFloatDType(options.dtype);
const rounds = Number(options.rounds);

interface Contestant {
  readonly name: string;
  /** What it is compared with. */
  readonly floor?: Contestant;
  /** Whether what it writes is the mean of both inputs. */
  readonly isMean?: boolean;
  /** A model folder, whose contents are not looked at. */
  readonly writesFolder?: boolean;
  readonly run: (output: string) => Promise<Measured> | Measured;
  readonly measured: Measured[];
  sample?: Uint8Array;
}

const folder = mkdtempSync(join(options.folder, "onebasin-bench-"));
// Interrupting the run goes through `exit` as well.
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

const chosen: readonly MergeMethod[] =
  options.methods === "all" ? methods.filter(isStreamed) : options.methods.split(",").map(findMethod);
const needsBase = chosen.some(({ base }) => base === "required");
const paths = ["a", "b", ...(needsBase ? ["base"] : [])].map((name) => join(folder, `${name}.safetensors`));
const [dataBytes] = paths.map((path, i) => makeCheckpoint(path, { seed: i + 1, dtype, scale: Number(options.scale) }));
const inputs = paths.slice(0, 2);
const places = { dataBytes, numberBytes: dtypeBytes(dtype) };
const bytes = statSync(inputs[0]).size;

/** Whether two checkpoints are all it needs beside a base, and no matrix is held whole. */
function isStreamed({ models, matrix, statistics, id }: MergeMethod): boolean {
  const takesTwo = models.min <= 2 && (models.max ?? 2) >= 2;
  return takesTwo && matrix === undefined && statistics === undefined && id !== "select";
}

function findMethod(id: string): MergeMethod {
  const method = methods.find((one) => one.id === id);
  if (method === undefined) throw new Error(`there is no method ${id}`);
  return method;
}

const floorOf = (name: string, read: readonly string[]): Contestant => ({
  name,
  run: (output) => copyFloor(read, output),
  measured: [],
});
const floor = floorOf("floor", inputs);
const floorWithBase = needsBase ? floorOf("floor with a base", paths) : floor;

function contestantOf({ id, base, perModel }: MergeMethod, threads: string): Contestant {
  const more = [
    ...(base === "required" ? ["--base", paths[2]] : []),
    ...("density" in (perModel ?? {}) ? ["--param", "density=0.5"] : []),
  ];
  return {
    name: `${id}, ${threads} ${threads === "1" ? "thread" : "threads"}`,
    isMean: id === "mean" || id === "linear",
    floor: base === "required" ? floorWithBase : floor,
    run: (output) => {
      const flags = ["--method", id, ...more, "--threads", threads, "--quiet", "-o", output];
      return runMeasured(process.execPath, [main, "merge", ...inputs, ...flags]);
    },
    measured: [],
  };
}

const contestants: Contestant[] = [
  ...new Set([floor, floorWithBase]),
  ...chosen.flatMap((method) => options.threads.split(",").map((threads) => contestantOf(method, threads))),
];
const python = process.env.ONEBASIN_PYTHON;
if (python !== undefined) {
  contestants.push({
    name: "mean by torch",
    isMean: true,
    floor,
    run: (output) => runMeasured(python, [join(here, "merge-with-torch.py"), ...inputs, output]),
    measured: [],
  });
}

const mergekit = process.env.ONEBASIN_MERGEKIT;
if (mergekit !== undefined) {
  const [first, second, base] = paths.map((checkpoint) =>
    makeModelFolder(checkpoint.replace(/\.safetensors$/, ""), { checkpoint, scale: Number(options.scale), dtype }),
  );
  for (const method of chosen) {
    const recipe = mergekitRecipe(method, { models: [first, second], base, dtype });
    if (recipe === undefined) continue;
    const path = join(folder, `${method.id}.yml`);
    writeFileSync(path, recipe);
    contestants.push({
      name: `${method.id} by mergekit`,
      writesFolder: true,
      floor: method.base === "required" ? floorWithBase : floor,
      run: (output) => runMeasured(mergekit, [path, output, "--no-copy-tokenizer"]),
      measured: [],
    });
  }
}

const [a, b] = inputs.map((path) => sampleFile(path, places));
for (let round = 0; round < rounds; round++) {
  for (const contestant of contestants) {
    const output = join(folder, `out-${round}.safetensors`);
    // Memory that the system hands out afresh is slow, whoever is first to write to it: all run once before it counts.
    await contestant.run(output);
    rmSync(output, { force: true, recursive: true });
    contestant.measured.push(await contestant.run(output));
    if (contestant.floor !== undefined && !contestant.writesFolder) check(contestant, output);
    rmSync(output, { force: true, recursive: true });
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

console.log(
  `${cpus()[0].model}, Node ${process.versions.node}: two ${dtype} checkpoints of ${(bytes / 1e9).toFixed(2)} GB, ${rounds} rounds`,
);
const rows = contestants.map(({ name, measured, floor: own }) => {
  const seconds = measured.map((one) => one.seconds);
  const floors = own?.measured.map((one) => one.seconds) ?? seconds;
  const ratios = seconds.map((value, round) => value / floors[round]);
  const peak = Math.max(...measured.map(({ peakBytes }) => peakBytes));
  return [
    name,
    least(seconds).toFixed(2),
    median(seconds).toFixed(2),
    Math.max(...seconds).toFixed(2),
    (least(seconds) / least(floors)).toFixed(2),
    median(ratios).toFixed(2),
    least(measured.map((one) => one.cpuSeconds)).toFixed(2),
    ((3 * bytes) / 1e9 / least(seconds)).toFixed(2),
    peak === 0 ? "" : String(Math.round(peak / 1e6)),
  ];
});
const heading = ["", "min s", "median s", "max s", "min / min floor", "median ratio", "CPU s", "GB/s", "peak MB"];
console.log(
  formatTable(
    [heading, ...rows],
    heading.flatMap((_, column) => (column > 0 ? [column] : [])),
  ),
);
console.log(
  "Ratios: to the floor of the same round. CPU: user and system, of all threads. GB/s: two inputs and the output.",
);
