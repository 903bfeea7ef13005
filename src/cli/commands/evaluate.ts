import { OnebasinError } from "../../core/errors.js";
import type { Network } from "../../network/graph.js";
import type { StateDict } from "../../tensor/tensor.js";
import { parseCount } from "../arguments.js";
import { defineCommand } from "../command.js";
import { loadDatasets } from "../load-datasets.js";
import { formatTable } from "../table.js";

/** Images judged on, unless told: the whole test set. */
const SPLIT = "test";

interface Result {
  readonly checkpoint: string;
  readonly architecture: string;
  /** Of a network with several. */
  readonly head?: string;
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
  readonly head?: string;
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
    { flags: "--limit <n>", doc: "only the first n test images of each dataset" },
    { flags: "--batch <n>", doc: "images at a time (default: 250)" },
    { flags: "--entry <name>", doc: "which nested state dict, when a file holds several" },
  ],
  examples: [
    "onebasin evaluate mnist.pth svhn.pth --data mnist svhn",
    "onebasin evaluate merged.pth --arch vgg16:width=0.25 --data mnist --limit 4000 --json",
  ],
  run: async ({ args, options, output, signal }) => {
    const names = options.data as string[] | undefined;
    if (names === undefined)
      throw new OnebasinError("usage", "evaluate needs --data, the datasets to judge on: --data mnist pen");
    const limit = parseCount("--limit", options.limit);
    const batch = parseCount("--batch", options.batch);
    const threads = parseCount("--threads", options.threads);
    const { open, toStateDict } = await import("../../node/index.js");
    const { architectureOf, loadOnnxModel } = await import("../../node/load-architecture.js");
    const { onnxRuntime } = await import("../../node/onnx-runtime.js");
    const { outputClasses } = await import("../../network/output-classes.js");
    const library = await import("../../evaluate/evaluate.js");
    const { chooseStatistics, datasetsWithStatistics } = await import("../../repair/dataset-statistics.js");
    const models: Model[] = [];
    for (const path of args) {
      if (options.arch === undefined && path.toLowerCase().endsWith(".onnx")) {
        models.push(...headsOf({ path, name: path, ...(await loadOnnxModel(path)) }));
        continue;
      }
      const checkpoint = await open(path, { entry: options.entry as string | undefined });
      const { name, network } = await architectureOf(checkpoint, options.arch as string | undefined);
      models.push(...headsOf({ path, name, network, state: await toStateDict(checkpoint) }));
    }
    const results: Result[] = [];
    for (const dataset of names) {
      const [images] = await loadDatasets([dataset], { split: SPLIT, limit, call: { output, signal } });
      for (const { path, name, network, state, head } of models) {
        // A head of another task has nothing to say about more classes than its own.
        if (head !== undefined && outputClasses(network, head) < images.classes) continue;
        const evaluateOptions = {
          head,
          runtime: onnxRuntime,
          source: path,
          batch,
          threads,
          signal,
          onProgress: output.onProgress,
        };
        // A repaired checkpoint may hold statistics of this very dataset.
        const own = datasetsWithStatistics(network, state).includes(images.name) ? images.name : undefined;
        const chosen = chooseStatistics(network, state, own);
        const score = await library.evaluate({ network, state: chosen }, images, evaluateOptions);
        results.push({ checkpoint: path, architecture: name, ...(head && { head }), dataset, ...score });
      }
    }
    const rows = models.map(({ path, head }) => [
      head === undefined ? path : `${path} (${head})`,
      ...names.map((dataset) => {
        const found = results.find((it) => it.checkpoint === path && it.head === head && it.dataset === dataset);
        return found === undefined ? "–" : `${found.accuracy.toFixed(2)} %  ${found.loss.toFixed(4)}`;
      }),
    ]);
    const right = names.map((_, i) => i + 1);
    output.result(formatTable([["checkpoint", ...names.map((name) => `${name} (accuracy, loss)`)], ...rows], right), {
      results,
    });
  },
});

/** A network with several outputs is judged by each of them. */
function headsOf(model: Model): Model[] {
  const { outputs } = model.network;
  return outputs.length === 1 ? [model] : outputs.map(({ name }) => ({ ...model, head: name }));
}
