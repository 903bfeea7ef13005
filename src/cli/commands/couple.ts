import { OnebasinError } from "../../core/errors.js";
import type { CoupledResult, NamedNetwork } from "../../node/couple-to-folder.js";
import type { CoupleEvent } from "../../train/coupling/couple.js";
import { parseChoice, parseCount } from "../arguments.js";
import { type CliCall, defineCommand } from "../command.js";
import { couplingTable, sweepTable } from "../coupling-tables.js";
import { loadDatasets } from "../load-datasets.js";
import { plainName, TRAINING_OPTIONS, trainingSettings, whatWasTold } from "../training-options.js";

/** The strength to begin with (see docs/coupling.md). */
const USUAL = { lambda: "0.5", depth: "constant" } as const;

export const couple = defineCommand({
  name: "couple",
  args: "",
  doc: "Train networks on a dataset each, held together while they learn, so that they can be averaged.",
  options: [
    { flags: "--arch <architecture...>", doc: "one for all, or one for each dataset: vgg16:width=0.25" },
    { flags: "--data <dataset...>", doc: "two or more: mnist svhn (see: onebasin data)" },
    { flags: "-o, --output <folder>", doc: "folder for all that comes of it" },
    {
      flags: "--lambda <strengths>",
      doc: `0 trains apart, inf keeps equal; several, joined by commas, make a table (default: ${USUAL.lambda})`,
    },
    {
      flags: "--depth-schedule <schedule>",
      doc: "constant, linear, exponential:RATIO, cut:LAYER, or a file of patterns and values (default: constant)",
    },
    { flags: "--over-time <how>", doc: "constant, ramp (from 0 up) or anneal (down to 0) (default: constant)" },
    { flags: "--coupling-step <kind>", doc: "proximal, stable for every strength, or explicit (default: proximal)" },
    {
      flags: "--tied <kind>",
      doc: "tied layers step by the mean of the networks' steps, or by their sum (default: mean)",
    },
    { flags: "--same-init", doc: "all start from the same weights (default)" },
    { flags: "--no-same-init", doc: "each starts from weights of its own" },
    { flags: "--init <checkpoint>", doc: "all start from these weights" },
    {
      flags: "--per-dataset",
      doc: "the average keeps batch-norm statistics of each dataset beside the shared ones; both are judged",
    },
    ...TRAINING_OPTIONS,
  ],
  examples: [
    "onebasin couple --arch vgg16:width=0.25 --data mnist svhn -o coupled --lambda 0.3",
    "onebasin couple --arch lenet5 --data pen plate -o sweep --lambda 0,0.01,0.1,1,inf --epochs 3",
    "onebasin couple --arch vgg16:width=0.25 --data mnist svhn -o heads --depth-schedule cut:classifier.0",
  ],
  run: async (call) => {
    const { options, output, signal } = call;
    const setup = await prepare(call);
    const { networks, lambdas, folder, plans, ...common } = setup;
    const { coupleToFolder } = await import("../../node/couple-to-folder.js");
    const { join } = await import("node:path");
    for (const line of plans) output.say(line);
    const results: CoupledResult[] = [];
    for (const lambda of lambdas) {
      const text = lambda === Number.POSITIVE_INFINITY ? "inf" : String(lambda);
      if (lambdas.length > 1) output.say(`lambda = ${text}`);
      results.push(
        await coupleToFolder(lambdas.length > 1 ? join(folder, `lambda-${text}`) : folder, networks, {
          ...common,
          lambda,
          run: JSON.stringify({ ...setup.told, lambda: text }),
          resume: options.resume === true,
          signal,
          onProgress: output.onProgress,
          onEvent: (event) => report(event, call),
        }),
      );
    }
    const datasets = common.tests.map(({ name }) => name);
    if (results.length > 1) output.result(sweepTable(results, datasets), { datasets, runs: results });
    else output.result(couplingTable(results[0], datasets), { datasets, ...results[0] });
  },
});

/** Everything that is checked and loaded before the first step. */
async function prepare(call: CliCall) {
  const { options, output } = call;
  const [archs, data] = [options.arch as string[] | undefined, options.data as string[] | undefined];
  const folder = options.output as string | undefined;
  if (archs === undefined || data === undefined || data.length < 2 || folder === undefined) {
    throw new OnebasinError("usage", "couple needs --arch, --data with two datasets or more, and -o.", {
      hint: "onebasin couple --arch vgg16:width=0.25 --data mnist svhn -o coupled",
    });
  }
  if (archs.length !== 1 && archs.length !== data.length) {
    throw new OnebasinError("usage", `--arch names ${archs.length} architectures for ${data.length} datasets.`, {
      hint: "Give one for all, or one for each dataset.",
    });
  }
  const lambdas = parseLambdas(options.lambda ?? USUAL.lambda);
  const { readFile } = await import("node:fs/promises");
  const { loadArchitecture } = await import("../../node/load-architecture.js");
  const { open, toStateDict } = await import("../../node/checkpoints.js");
  const { TAKEN_NAMES } = await import("../../node/couple-to-folder.js");
  const { checkOutputFolder } = await import("../../node/check-output.js");
  const { parseDepthSchedule } = await import("../../train/coupling/depth-schedule.js");
  const { couplingLines, planCoupling } = await import("../../train/coupling/coupling-plan.js");
  const { STRENGTHS_OVER_TIME } = await import("../../train/coupling/strength-over-time.js");
  const seed = parseCount("--seed", options.seed, 0) ?? 0;
  const settings = await trainingSettings(call);
  await checkOutputFolder(folder);
  const depth = await parseDepthSchedule(String(options.depthSchedule ?? USUAL.depth), {
    readTable: (path) =>
      readFile(path, "utf8").catch((cause: unknown) => {
        throw new OnebasinError("usage", `--depth-schedule "${path}" is no schedule, and no file.`, {
          hint: "Give constant, linear, exponential:RATIO, cut:LAYER, or a file of patterns and values.",
          cause,
        });
      }),
  });

  const limit = parseCount("--limit", options.limit);
  const testLimit = parseCount("--test-limit", options.testLimit);
  const networks: NamedNetwork[] = [];
  const taken = new Set(TAKEN_NAMES);
  for (const [index, images] of (await loadDatasets(data, { split: "train", limit, seed, call })).entries()) {
    const { name: architecture, network } = await loadArchitecture(archs[archs.length === 1 ? 0 : index]);
    networks.push({ name: freeName(data[index], taken), architecture, network, images });
  }
  // Drawn test images do not hang on the seed of the run, so that runs can be compared.
  const tests = await loadDatasets([...new Set(data)], { split: "test", limit: testLimit, call });
  const counts = networks.map(({ images }) => images.count);
  if (new Set(counts).size > 1) {
    output.note(
      `An epoch has as many steps as the smallest set allows: ${Math.min(...counts)} images of each dataset.`,
    );
  }
  const plan = planCoupling(
    networks.map(({ network }) => network),
    depth,
  );
  return {
    networks,
    tests,
    folder,
    lambdas,
    told: whatWasTold(call),
    plans: [
      "strength by layer:",
      ...couplingLines(plan).map(
        ({ layer, strength }) => `  ${layer}  ${strength === Number.POSITIVE_INFINITY ? "tied" : strength}`,
      ),
      ...(plan.own.length === 0 ? [] : [`not coupled, not the same in all networks: ${plan.own.join(", ")}`]),
    ],
    depth,
    over: parseChoice("--over-time", options.overTime, STRENGTHS_OVER_TIME),
    step: parseChoice("--coupling-step", options.couplingStep, ["proximal", "explicit"]),
    tied: parseChoice("--tied", options.tied, ["mean", "sum"]),
    sameInit: options.sameInit !== false,
    perDataset: options.perDataset === true,
    initial: options.init === undefined ? undefined : await toStateDict(await open(options.init as string)),
    seed,
    threads: parseCount("--threads", options.threads),
    ...settings,
  } as const;
}

/** `0,0.01,inf` */
function parseLambdas(text: unknown): number[] {
  const lambdas = String(text)
    .split(",")
    .map((it) => (it.trim() === "inf" ? Number.POSITIVE_INFINITY : it.trim() === "" ? Number.NaN : Number(it)));
  if (lambdas.every((lambda) => lambda >= 0)) return [...new Set(lambdas)];
  throw new OnebasinError("usage", `--lambda is "${String(text)}"; expected numbers from 0 up, or inf.`, {
    hint: "Write --lambda 0.1, or --lambda 0,0.01,0.1,1,inf for a table.",
  });
}

/** What the files of a dataset's network are called: `mnist`, `mnist-2`, `pen-seed-3`. */
function freeName(dataset: string, taken: Set<string>): string {
  const plain = plainName(dataset);
  for (let number = 1; ; number++) {
    const name = number === 1 ? plain : `${plain}-${number}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}

function report(event: CoupleEvent, { output }: CliCall): void {
  if (event.kind === "step") {
    const losses = event.networks.map(({ loss }) => loss.toFixed(3)).join(", ");
    output.onProgress({
      stage: "training",
      done: event.step,
      total: event.steps,
      unit: "steps",
      note: `losses ${losses}, ${Math.round(event.imagesPerSecond)} images/s`,
    });
    return;
  }
  const { epoch, networks, distance, relative } = event.record;
  const progress = networks.map(({ loss, accuracy }) => `${loss.toFixed(4)}, ${accuracy.toFixed(2)} %`).join("; ");
  output.say(
    `epoch ${epoch}: losses ${progress}; distance ${distance.toPrecision(4)} (${(100 * relative).toFixed(1)} %)`,
  );
}
