import { OnebasinError } from "../../core/errors.js";
import { formatTable } from "../../core/format-table.js";
import { parsePairs } from "../../core/parse-named.js";
import type { Evaluation } from "../../evaluate/evaluate.js";
import type { Zipped } from "../../library/zip.js";
import type { Network } from "../../network/graph.js";
import { parseCount } from "../arguments.js";
import { type CliCall, defineCommand } from "../command.js";
import {
  type LoadedNetwork,
  loadImages,
  loadStates,
  NETWORK_OPTIONS,
  needed,
  networksOf,
  runOptions,
  withSharedStatistics,
} from "../load-networks.js";
import { namedPath } from "../named-path.js";
import { headNames, scoreName, scoreTable } from "../score-table.js";

const ARCH = "--arch <architecture>";

export const zip = defineCommand({
  name: "zip",
  args: "<models...>",
  doc: "Merge networks of one structure, also for different tasks, into one with a trunk and a head for each: units that do the same become one, within a network as across.",
  options: [
    { flags: "-o, --output <folder>", doc: "folder to write zipped.onnx and zipped.safetensors to" },
    {
      flags: "--depth <depth>",
      doc: 'how far to merge: a number of layers, a share of them (0.5, 1.0), "all", or the last layer\'s name (default: 0.5)',
    },
    {
      flags: "--param <name=value>",
      doc: "alpha, beta, keep, unmerge, … (repeatable; see docs/zip.md)",
      repeatable: true,
    },
    {
      flags: "--heads <name...>",
      doc: "names of the heads (default: those of the datasets, one for each model, or of the files)",
    },
    { flags: "--repair", doc: "put statistics right afterwards (the default)" },
    { flags: "--no-repair", doc: "leave them as the merge makes them" },
    { flags: "--evaluate", doc: "judge every head on the test images of every dataset" },
    { flags: "--limit <n>", doc: "with --evaluate: only the first n test images of each dataset" },
    ...NETWORK_OPTIONS.filter(({ flags }) => flags !== ARCH),
    {
      flags: ARCH,
      doc: "vgg16:width=0.25, net.onnx, net.ts: one for all models, or repeated, one for each (default: what each checkpoint says or its keys tell)",
      repeatable: true,
    },
  ],
  examples: [
    "onebasin zip mnist.pth svhn.pth -o zipped --data mnist svhn --evaluate",
    "onebasin zip digits=mnist.pth letters=letters.pth -o zipped --data mnist folder:letters --depth block_3.0",
    "onebasin zip mnist.pth svhn.pth -o zipped --data mnist svhn --depth all --param beta=0 --param alpha=0",
    "onebasin zip ten.pth four.pth -o zipped --arch ten.ts --arch four.ts --data mnist folder:shapes",
  ],
  run: async (call) => {
    const { args, options, output } = call;
    const folder = needed("zip", "-o FOLDER", options.output, "onebasin zip a.pth b.pth -o zipped --data mnist svhn");
    const params = parsePairs("--param", options.param);
    const { checkOutputFolder } = await import("../../node/check-output.js");
    await checkOutputFolder(folder);
    const models = args.map(namedPath);
    const given = await loadStates(
      models.map(({ path }) => path),
      call,
    );
    const networks = await zippedNetworks(given, call);
    const loaded = await withSharedStatistics(given, networks, call);
    const images = await loadImages(call, { split: "train" });
    const { zip: merge } = await import("../../library/zip.js");
    const { saveHeads } = await import("../../node/save-heads.js");
    const run = await runOptions(call);
    const names = namesOf(models, {
      given: options.heads as string[] | undefined,
      datasets: await Promise.all(images.map(({ name }) => shortName(name))),
    });
    const zipped = await merge(
      networks.map((network, i) => ({ name: names[i], network, state: loaded[i].state })),
      {
        ...run,
        data: { images },
        depth: options.depth as string | undefined,
        params,
        repair: options.repair !== false,
      },
    );
    const files = await saveHeads(folder, zipped, { name: "zipped" });
    const judged = await judge(call, zipped, run);
    const { depth, of, layers } = zipped.report;
    const rows = layers.map((it) => [
      it.layer,
      it.before.join(" + "),
      String(it.after),
      String(it.within),
      String(it.across),
      it.correlation.toFixed(3),
      it.varianceBefore.toFixed(3),
      it.varianceAfter.toFixed(3),
    ]);
    const heading = ["layer", "units", "now", "within", "across", "correlation", "variance kept before", "after"];
    const table = formatTable([heading, ...rows], [1, 2, 3, 4, 5, 6, 7]);
    const text = `${files.network}, ${files.checkpoint}: ${depth} of ${of} layers in one trunk, heads ${zipped.heads.join(", ")}`;
    output.result([rows.length > 0 ? table : "", text, judged.text].filter(Boolean).join("\n"), {
      ...files,
      heads: zipped.heads,
      shared: zipped.shared.length,
      ...zipped.report,
      ...judged.json,
    });
  },
});

/** The network of each model: as named, for all or for each, or as the checkpoints tell. */
async function zippedNetworks(models: readonly LoadedNetwork[], call: CliCall): Promise<readonly Network[]> {
  const [first, ...others] = (call.options.arch as string[] | undefined) ?? [];
  if (others.length === 0) {
    return (await networksOf(models, { ...call, options: { ...call.options, arch: first } })).networks;
  }
  const archs = [first, ...others];
  if (archs.length !== models.length) {
    throw new OnebasinError("usage", `--arch names ${archs.length} architectures for ${models.length} models.`, {
      hint: "Give one for all, or one for each model.",
    });
  }
  const { loadArchitecture } = await import("../../node/load-architecture.js");
  const found: Network[] = [];
  for (const arch of archs) found.push((await loadArchitecture(arch)).network);
  return found;
}

/** As given; else as models were named; else as their datasets are called, one for each; else as the files. */
function namesOf(
  models: readonly { readonly name?: string; readonly path: string }[],
  { given, datasets }: { readonly given?: readonly string[]; readonly datasets: readonly string[] },
): readonly string[] {
  if (given !== undefined && given.length !== models.length) {
    throw new OnebasinError("usage", `--heads names ${given.length} heads for ${models.length} models.`);
  }
  const isOneEach = datasets.length === models.length && new Set(datasets).size === models.length;
  return models.map(({ name, path }, i) => given?.[i] ?? name ?? (isOneEach ? datasets[i] : baseName(path)));
}

/** What a dataset is called without its options: `pen`, or `letters` for `folder:data/letters`. */
async function shortName(dataset: string): Promise<string> {
  const { parseDatasetName } = await import("../../data/parse-dataset-name.js");
  const { dataset: known, paths } = parseDatasetName(dataset);
  return baseName(paths[0] ?? "") || known.id;
}

/** The last part of a path, without an ending. */
const baseName = (path: string): string =>
  path
    .replace(/[\\/]+$/, "")
    .replace(/^.*[\\/]/, "")
    .replace(/\.[^.]*$/, "");

interface HeadResult extends Evaluation {
  readonly head?: string;
  /** Instead, those whose softmax was averaged. */
  readonly heads?: readonly string[];
  readonly dataset: string;
}

/** Every head on every dataset, and their mean. */
async function judge(call: CliCall, zipped: Zipped, run: Awaited<ReturnType<typeof runOptions>>) {
  if (call.options.evaluate !== true) return { text: "", json: {} };
  const { evaluateHeads } = await import("../../evaluate/evaluate-heads.js");
  const tests = await loadImages(call, { split: "test", limit: parseCount("--limit", call.options.limit) });
  const results: HeadResult[] = [];
  for (const set of tests) {
    for (const { heads, ...score } of await evaluateHeads(zipped, set, run)) {
      results.push({ ...headNames(heads), dataset: set.name, ...score });
    }
  }
  const scores = results.map((result) => ({ ...result, row: scoreName(result) ?? "" }));
  const rows = [...new Set(scores.map(({ row }) => row))];
  return {
    text: `\n${scoreTable("head", { rows, datasets: tests.map(({ name }) => name), scores })}`,
    json: { results },
  };
}
