import { OnebasinError } from "../../core/errors.js";
import type { Network } from "../../network/graph.js";
import type { StateDict } from "../../tensor/tensor.js";
import { parseCount } from "../arguments.js";
import { defineCommand } from "../command.js";
import { loadDatasets } from "../load-datasets.js";
import { headNames, scoreName, scoreTable } from "../score-table.js";

/** Images judged on, unless told: the whole test set. */
const SPLIT = "test";

interface Result {
  readonly checkpoint: string;
  readonly architecture: string;
  /** Of a network with several. */
  readonly head?: string;
  /** Instead, those whose softmax was averaged. */
  readonly heads?: readonly string[];
  readonly dataset: string;
  readonly accuracy: number;
  readonly loss: number;
  readonly count: number;
}

interface Model {
  readonly path: string;
  readonly name: string;
  readonly network: Network;
  readonly state: StateDict;
  /** Names of the outputs to judge. */
  readonly heads: readonly string[];
}

export const evaluate = defineCommand({
  name: "evaluate",
  args: "<checkpoints...>",
  doc: "Accuracy (percent) and loss (nats) of networks on test sets: a table of checkpoints × datasets.",
  options: [
    { flags: "--data <dataset...>", doc: "one or more datasets: mnist, svhn, pen, folder:DIR, … (see: onebasin data)" },
    {
      flags: "--arch <architecture>",
      doc: "vgg16:width=0.25, net.onnx, net.ts (default: what the checkpoint says or its keys tell)",
    },
    { flags: "--head <name...>", doc: "which heads of networks with several to judge (default: all, and their mean)" },
    { flags: "--limit <n>", doc: "only the first n test images of each dataset" },
    { flags: "--batch <n>", doc: "images at a time (default: 250)" },
    { flags: "--entry <name>", doc: "which nested state dict, when a file holds several" },
  ],
  examples: [
    "onebasin evaluate mnist.pth svhn.pth --data mnist svhn",
    "onebasin evaluate zipped.onnx --data mnist --head mnist",
    "onebasin evaluate merged.pth --arch vgg16:width=0.25 --data mnist --limit 4000 --json",
  ],
  run: async ({ args, options, output, signal }) => {
    const names = options.data as string[] | undefined;
    if (names === undefined)
      throw new OnebasinError("usage", "evaluate needs --data, the datasets to judge on: --data mnist pen");
    const limit = parseCount("--limit", options.limit);
    const batch = parseCount("--batch", options.batch);
    const threads = parseCount("--threads", options.threads);
    const { open, toStateDict } = await import("../../node/checkpoints.js");
    const { architectureOf, loadOnnxModel } = await import("../../node/load-architecture.js");
    const { onnxRuntime } = await import("../../node/onnx-runtime.js");
    const library = await import("../../evaluate/evaluate.js");
    const { evaluateHeads } = await import("../../evaluate/evaluate-heads.js");
    const { chooseStatistics, datasetsWithStatistics } = await import("../../repair/dataset-statistics.js");
    const models: Model[] = [];
    const heads = options.head as string[] | undefined;
    for (const path of args) {
      if (options.arch === undefined && path.toLowerCase().endsWith(".onnx")) {
        const loaded = await loadOnnxModel(path);
        models.push({ path, name: path, ...loaded, heads: await headsOf(loaded.network, heads) });
        continue;
      }
      const checkpoint = await open(path, { entry: options.entry as string | undefined });
      const { name, network } = await architectureOf(checkpoint, options.arch as string | undefined);
      const state = await toStateDict(checkpoint);
      models.push({ path, name, network, state, heads: await headsOf(network, heads) });
    }
    const results: Result[] = [];
    for (const dataset of names) {
      const [images] = await loadDatasets([dataset], { split: SPLIT, limit, call: { output, signal } });
      for (const { path, name, network, state, heads: all } of models) {
        // A repaired checkpoint may hold statistics of this very dataset.
        const own = datasetsWithStatistics(network, state).includes(images.name) ? images.name : undefined;
        const chosen = { network, state: chooseStatistics(network, state, own) };
        const run = {
          runtime: onnxRuntime,
          source: path,
          batch,
          threads,
          signal,
          onProgress: output.onProgress,
        };
        const about = { checkpoint: path, architecture: name };
        if (network.outputs.length === 1) {
          results.push({ ...about, dataset, ...(await library.evaluate(chosen, images, run)) });
          continue;
        }
        for (const { heads: judged, ...score } of await evaluateHeads(chosen, images, { ...run, heads: all })) {
          results.push({ ...about, ...headNames(judged), dataset, ...score });
        }
      }
    }
    const rowOf = (result: Pick<Result, "checkpoint" | "head" | "heads">): string => {
      const name = scoreName(result);
      return name === undefined ? result.checkpoint : `${result.checkpoint} (${name})`;
    };
    const rows = models.flatMap(({ path: checkpoint, heads: all, network }) => [
      ...all.map((head) => rowOf({ checkpoint, head: network.outputs.length === 1 ? undefined : head })),
      ...results.filter((it) => it.checkpoint === checkpoint && it.heads !== undefined).map(rowOf),
    ]);
    const scores = results.map((result) => ({ ...result, row: rowOf(result) }));
    output.result(scoreTable("checkpoint", { rows: [...new Set(rows)], datasets: names, scores }), { results });
  },
});

/** The outputs to judge: those that were named, or all. */
async function headsOf(network: Network, named: readonly string[] | undefined): Promise<readonly string[]> {
  const known = network.outputs.map(({ name }) => name);
  const unknown = named?.find((name) => !known.includes(name));
  if (unknown === undefined) return named ?? known;
  const { unknownName } = await import("../../core/suggest.js");
  throw unknownName(`head of ${network.name} called`, unknown, known);
}
