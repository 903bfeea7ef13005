import { OnebasinError } from "../../core/errors.js";
import { parseCount } from "../arguments.js";
import { defineCommand } from "../command.js";
import { formatTable } from "../table.js";

/** Images judged on, unless told: the whole test set. */
const SPLIT = "test";

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
    const { architectureOf } = await import("../../node/load-architecture.js");
    const { createDatasetCache } = await import("../../node/dataset-cache.js");
    const { onnxRuntime } = await import("../../node/onnx-runtime.js");
    const { loadDataset } = await import("../../data/load-dataset.js");
    const library = await import("../../evaluate/evaluate.js");
    const { chooseStatistics, datasetsWithStatistics } = await import("../../repair/dataset-statistics.js");
    const environment = createDatasetCache({ onProgress: output.onProgress, signal });
    const models = [];
    for (const path of args) {
      const checkpoint = await open(path, { entry: options.entry as string | undefined });
      const { name, network } = await architectureOf(checkpoint, options.arch as string | undefined);
      models.push({ path, name, network, state: await toStateDict(checkpoint) });
    }
    const results: {
      checkpoint: string;
      architecture: string;
      dataset: string;
      accuracy: number;
      loss: number;
      count: number;
    }[] = [];
    for (const dataset of names) {
      const images = await loadDataset(dataset, { split: SPLIT, limit, environment });
      for (const note of images.notes) output.note(note);
      for (const { path, name, network, state } of models) {
        const evaluateOptions = {
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
        results.push({ checkpoint: path, architecture: name, dataset, ...score });
      }
    }
    const rows = args.map((path) => [
      path,
      ...names.map((dataset) => {
        const { accuracy, loss } = results.find(
          (result) => result.checkpoint === path && result.dataset === dataset,
        ) as (typeof results)[0];
        return `${accuracy.toFixed(2)} %  ${loss.toFixed(4)}`;
      }),
    ]);
    const right = names.map((_, i) => i + 1);
    output.result(formatTable([["checkpoint", ...names.map((name) => `${name} (accuracy, loss)`)], ...rows], right), {
      results,
    });
  },
});
