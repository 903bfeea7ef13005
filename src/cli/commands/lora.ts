import { OnebasinError } from "../../core/errors.js";
import { formatTable } from "../../core/format-table.js";
import type { AdapterReport } from "../../node/write-adapter.js";
import { parseBytes, parseChoice, parseCount, parseNumber } from "../arguments.js";
import { type CliCall, defineCommand } from "../command.js";
import { formatBytes } from "../progress.js";

/** Modules listed by themselves, those of which least is held first. */
const MAX_LISTED = 10;

const ACTIONS = { merge: mergeAction, extract: extractAction, apply: applyAction, methods: methodsAction };
type Action = keyof typeof ACTIONS;

/** Which actions an option is for. */
const TAKEN_BY: Readonly<Record<string, readonly Action[]>> = {
  output: ["merge", "extract", "apply"],
  method: ["merge"],
  weights: ["merge", "apply"],
  density: ["merge"],
  rank: ["merge", "extract"],
  election: ["merge"],
  only: ["extract"],
  skip: ["extract"],
  dtype: ["merge", "extract", "apply"],
  shardSize: ["apply"],
  memory: ["apply"],
};

export const lora = defineCommand({
  name: "lora",
  args: "<action> [models...]",
  doc: "LoRA adapters, as PEFT stores them: 'merge' makes one of several, 'extract BASE TUNED' takes one out of a fine-tuned model, 'apply BASE ADAPTER…' adds them to their base, 'methods' lists the ways to merge.",
  options: [
    { flags: "-o, --output <path>", doc: "folder to write; with apply also a file" },
    { flags: "--method <id>", doc: "merge: linear, cat, svd, ties, ties_svd, … (default: svd)" },
    { flags: "--weights <w,w,…>", doc: "merge, apply: one for each adapter, of either sign (default: 1)" },
    { flags: "--density <share>", doc: "merge by ties, dare or magnitude_prune: the share of elements that stay" },
    { flags: "--rank <n>", doc: "of the result (default: the adapters' largest; extract: 16)" },
    { flags: "--election <how>", doc: "merge by ties: signs by total of values or by frequency (default: total)" },
    {
      flags: "--only <pattern>",
      doc: "extract: only these keys, * stands for anything (repeatable)",
      repeatable: true,
    },
    { flags: "--skip <pattern>", doc: "extract: without these keys (repeatable)", repeatable: true },
    { flags: "--dtype <dtype>", doc: "of the numbers written: f32, f16, bf16 (default: as given; extract: f32)" },
    { flags: "--shard-size <size>", doc: "apply: largest file of the folder (default: 5GB)" },
    { flags: "--memory <size>", doc: "apply: memory the process may take (default: 512MiB)" },
  ],
  examples: [
    "onebasin lora merge french/ law/ -o both/ --method ties_svd --density 0.5 --weights 0.7,0.5",
    "onebasin lora extract base/ tuned/ -o adapter/ --rank 32 --dtype bf16",
    "onebasin lora apply base/ adapter/ -o merged/",
  ],
  run: async (call) => {
    const [action] = call.args;
    if (!Object.hasOwn(ACTIONS, action)) {
      throw new OnebasinError("usage", `lora has no action "${action}".`, {
        hint: `Use ${Object.keys(ACTIONS).join(", ")}.`,
      });
    }
    const others = Object.keys(TAKEN_BY).filter(
      (name) => call.options[name] !== undefined && !TAKEN_BY[name].includes(action as Action),
    );
    if (others.length > 0) {
      const flags = others.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
      throw new OnebasinError("usage", `lora ${action} makes no use of ${flags.join(", ")}.`);
    }
    await ACTIONS[action as Action](call);
  },
});

async function mergeAction(call: CliCall): Promise<void> {
  const { args, options, output } = call;
  const adapters = args.slice(1);
  if (adapters.length === 0)
    throw new OnebasinError("usage", "lora merge needs adapters: onebasin lora merge A B -o OUT");
  const folder = outputOf(call);
  const { mergeAdapters } = await import("../../node/lora.js");
  const report = await mergeAdapters(adapters, folder, {
    ...(await sharedOptions(call)),
    method: options.method as string | undefined,
    density: parseNumber("--density", options.density),
    election: parseChoice("--election", options.election, ["total", "frequency"]),
    seed: parseCount("--seed", options.seed, 0),
  });
  report.notes.forEach(output.note);
  output.result(...describe(folder, report));
}

async function extractAction(call: CliCall): Promise<void> {
  const { args, options, output } = call;
  const [, base, tuned, ...more] = args;
  if (tuned === undefined || more.length > 0) {
    throw new OnebasinError("usage", "lora extract needs two models: onebasin lora extract BASE TUNED -o OUT");
  }
  const folder = outputOf(call);
  const { extractAdapter } = await import("../../node/lora.js");
  const report = await extractAdapter({ base, tuned }, folder, {
    ...(await sharedOptions(call)),
    only: options.only as string[] | undefined,
    skip: options.skip as string[] | undefined,
  });
  report.notes.forEach(output.note);
  output.result(...describe(folder, report));
}

async function applyAction(call: CliCall): Promise<void> {
  const { args, options, output } = call;
  const [, base, ...adapters] = args;
  if (adapters.length === 0) {
    throw new OnebasinError("usage", "lora apply needs a model and adapters: onebasin lora apply BASE ADAPTER -o OUT");
  }
  const path = outputOf(call);
  const { applyAdapters } = await import("../../node/lora.js");
  const { weights, dtype, signal, onProgress } = await sharedOptions(call);
  const report = await applyAdapters({ base, adapters }, path, {
    weights,
    dtype,
    signal,
    onProgress,
    threads: parseCount("--threads", options.threads),
    memory: parseBytes("--memory", options.memory),
    shardSize: parseBytes("--shard-size", options.shardSize),
  });
  output.result(`${path}: ${base} with ${adapters.join(", ")}, ${formatBytes(report.bytesWritten)}`, {
    output: path,
    ...report,
  });
}

async function methodsAction({ output }: CliCall): Promise<void> {
  const { ADAPTER_METHODS } = await import("../../lora/adapter-methods.js");
  const rows = ADAPTER_METHODS.map(({ id, doc }) => [id, doc]);
  output.result(formatTable([["method", "what it does"], ...rows]), {
    methods: ADAPTER_METHODS.map(({ id, doc, on, thins }) => ({ id, doc, on, needsDensity: thins })),
  });
}

function outputOf({ args: [action], options }: CliCall): string {
  if (options.output !== undefined) return options.output as string;
  throw new OnebasinError("usage", `lora ${action} needs -o, where to write.`);
}

async function sharedOptions({ options, output, signal }: CliCall) {
  const { parseWeights } = await import("../../merge/rule.js");
  const { parseFloatDType } = await import("../../tensor/dtype.js");
  return {
    weights: options.weights === undefined ? undefined : parseWeights(options.weights as string),
    dtype: options.dtype === undefined ? undefined : parseFloatDType(options.dtype as string),
    rank: parseCount("--rank", options.rank),
    signal,
    onProgress: output.onProgress,
  };
}

function describe(folder: string, report: AdapterReport): [string, object] {
  const { bytesWritten, coverage, leftOut, share, files } = report;
  const modules = [...coverage].map(([module, { covered, total }]) => ({
    module,
    share: total === 0 ? 1 : covered / total,
    change: Math.sqrt(total),
  }));
  const worst = modules.toSorted((x, y) => x.share - y.share).slice(0, MAX_LISTED);
  const table = formatTable(
    [
      ["module", "size of the change", "held"],
      ...worst.map((one) => [one.module, one.change.toPrecision(4), percent(one.share)]),
    ],
    [1, 2],
  );
  const lines = [
    `${folder}: ${report.modules} ${report.modules === 1 ? "module" : "modules"}, ${formatBytes(bytesWritten)} in ${files.length} files`,
    ...(modules.length === 0
      ? []
      : [
          `The adapter holds ${percent(share)} of the change, in squares. ${modules.length > MAX_LISTED ? "Least held" : "By module"}:`,
          "",
          table,
        ]),
    ...(leftOut.length === 0
      ? []
      : ["", `Changed, but not in the adapter (${leftOut.length}):`, leftOutTable(leftOut)]),
  ];
  return [lines.join("\n"), { output: folder, files, bytesWritten, share, modules, leftOut }];
}

function leftOutTable(leftOut: AdapterReport["leftOut"]): string {
  const largest = leftOut.toSorted((x, y) => y.change - x.change);
  const rows = largest.slice(0, MAX_LISTED).map(({ key, why, change }) => [key, Math.sqrt(change).toPrecision(4), why]);
  const rest = largest.length > MAX_LISTED ? [`  … and ${largest.length - MAX_LISTED} more`] : [];
  return [formatTable(rows, [1]), ...rest].join("\n");
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
