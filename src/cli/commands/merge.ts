import { OnebasinError } from "../../core/errors.js";
import { parseBytes, parseCount, parseResume } from "../arguments.js";
import { type CliCall, defineCommand } from "../command.js";
import { describeFiles } from "../describe-files.js";
import { describePlan, plannedJson, planTable } from "../describe-plan.js";
import { earlyWorkers } from "../early-workers.js";
import { needsNetworks } from "../merge-on-networks.js";
import { formatBytes } from "../progress.js";
import { isRecipe, runRecipe } from "../run-recipe.js";

export const merge = defineCommand({
  name: "merge",
  args: "<models...>",
  doc: "One model from several, by any operation. Models are called a, b, c, … or by a name: one=first.pth. Or a recipe, recipe.yml, in mergekit's words.",
  options: [
    { flags: "-o, --output <path>", doc: "file to write; its extension says the format. With a recipe, a folder" },
    { flags: "--method <id>", doc: "how to combine; see: onebasin methods (default: linear)" },
    { flags: "--expr <formula>", doc: "combine by a formula instead: '0.7*a + 0.3*b'" },
    { flags: "--param <name=value>", doc: "a parameter of the method (repeatable)", repeatable: true },
    { flags: "--weights <w,w,…>", doc: "mixing weights, one a model" },
    {
      flags: "--rule <rule>",
      doc: "exception for some keys, first match wins: 'classifier.*: copy a' (repeatable)",
      repeatable: true,
    },
    { flags: "--base <checkpoint>", doc: "the common ancestor, for task vectors; called base in formulas" },
    {
      flags: "--statistics <checkpoints...>",
      doc: "what was measured of each model, for fisher and regmean (see: onebasin statistics)",
    },
    { flags: "--buffers <policy>", doc: "batch-norm statistics: merge, first or fresh (default: merge)" },
    { flags: "--dtype <dtype>", doc: "of floating-point tensors: f32, f16, bf16, … (default: the widest given)" },
    { flags: "--entry <name>", doc: "which nested state dict, when a file holds several" },
    { flags: "--shard-size <size>", doc: "write several files of at most this size, and their index: 5GB" },
    { flags: "--memory <size>", doc: "memory the process may take (default: 512MiB)" },
    { flags: "--resume", doc: "go on where a stopped merge ended; finished tensors are checked, not made again" },
    {
      flags: "--part <i/n>",
      doc: "with a recipe: write only the i-th share of the shards; n processes make one model",
    },
    { flags: "--allow-nonfinite", doc: "merge although inputs hold NaN or infinity" },
    { flags: "--align <matcher>", doc: "put units in one order first: weights, activations, … (see: onebasin align)" },
    { flags: "--repair", doc: "put the statistics right afterwards, on the training images of --data" },
    { flags: "--evaluate", doc: "judge the result on the test images of --data" },
    { flags: "--data <dataset...>", doc: "for --align, --repair and --evaluate: mnist, svhn, pen, …" },
    { flags: "--arch <architecture>", doc: "for these too (default: what the checkpoints say or their keys tell)" },
    { flags: "--images <n>", doc: "training images of each dataset to draw from (default: the first 4000)" },
    { flags: "--limit <n>", doc: "only the first n test images of each dataset" },
    { flags: "--dry-run", doc: "show what each key would become, and write nothing" },
  ],
  examples: [
    "onebasin merge mnist.pth svhn.pth --method sum -o sum.pth",
    "onebasin merge a.safetensors b.safetensors --method slerp --param t=0.3 -o mid.safetensors",
    "onebasin merge tuned.pth --base base.pth --expr 'base + 0.5*(a - base)' -o half.pth",
    "onebasin merge a.pth b.pth --rule 'classifier.*: copy a' --dry-run -o m.pth",
    "onebasin merge recipe.yml -o merged/",
    "onebasin merge a.pth b.pth -o m.pth --align activations --repair --data mnist mnist-m --evaluate",
  ],
  run: async (call) => {
    const { args, options, output, signal } = call;
    if (args.length === 1 && isRecipe(args[0])) return runRecipe(call);
    checkMerge(call);
    const path = options.output as string | undefined;
    const isDry = options.dryRun === true;
    if (path === undefined && !isDry) throw new OnebasinError("usage", "merge needs -o FILE, the file to write.");
    const threads = parseCount("--threads", options.threads);
    const memory = parseBytes("--memory", options.memory);
    const shardSize = parseBytes("--shard-size", options.shardSize);
    const { resume, part } = parseResume(options);
    if (part !== undefined) {
      throw new OnebasinError("usage", "--part divides the shards of a recipe's output: onebasin merge recipe.yml …");
    }
    const { checkOutputCheckpoint, mergedNetworks, planFrom, save } = await import("../merge-models.js");
    if (path !== undefined && shardSize === undefined) await checkOutputCheckpoint(path);
    const networks = !isDry && needsNetworks(options) ? await mergedNetworks(call) : undefined;
    const plan = networks?.plan ?? (await planFrom(call));
    const summary = describePlan(plan);
    const sayNotes = (): void => plan.notes.forEach(output.note);
    if (isDry) {
      sayNotes();
      output.result(`${planTable(plan)}\n\n${summary.text}; nothing was written.`, {
        ...summary.json,
        tensors: plan.tensors.map(plannedJson),
      });
      return;
    }
    const report = await save(networks?.state ?? plan, path as string, {
      metadata: networks?.metadata,
      threads,
      memory,
      workers: earlyWorkers(),
      shardSize,
      resume,
      signal,
      onProgress: output.onProgress,
    });
    sayNotes();
    const judged = await networks?.judge();
    const where = describeFiles(path as string, report.files);
    const text = `${where}: ${summary.text}, ${formatBytes(report.bytesWritten)}`;
    output.result([text, networks?.report.text, judged?.text].filter(Boolean).join("\n"), {
      output: path,
      ...report,
      ...summary.json,
      ...networks?.report.json,
      ...judged?.json,
    });
  },
});

/** Options that are for networks and images, by their name in `options`. */
const FOR_NETWORKS = ["data", "arch", "images", "limit"] as const;

/** @throws `usage` for what would be passed over in silence */
function checkMerge({ args, options }: CliCall): void {
  const recipe = args.find(isRecipe);
  if (recipe !== undefined) {
    throw new OnebasinError(
      "usage",
      `A recipe names its models itself: ${recipe} is merged without others beside it.`,
      {
        hint: `onebasin merge ${recipe} -o merged`,
      },
    );
  }
  const idle = FOR_NETWORKS.filter((name) => options[name] !== undefined).map((name) => `--${name}`);
  if (idle.length > 0 && !needsNetworks(options)) {
    throw new OnebasinError(
      "usage",
      `Without --align, --repair or --evaluate, merge makes no use of ${idle.join(", ")}.`,
    );
  }
}
