import { formatTable } from "../../core/format-table.js";
import { parseChoice, parseCount } from "../arguments.js";
import { defineCommand } from "../command.js";
import {
  type LoadedNetwork,
  loadImages,
  loadStates,
  NETWORK_OPTIONS,
  needed,
  networkOf,
  runOptions,
  withSharedStatistics,
} from "../load-networks.js";

export const repair = defineCommand({
  name: "repair",
  args: "<checkpoint>",
  doc: "Put the statistics of a merged network right: batch normalisation on images, or every unit rescaled to what its parents' do.",
  options: [
    { flags: "-o, --output <path>", doc: "file to write" },
    {
      flags: "--method <method>",
      doc: "statistics, rescale or data-free (default: statistics where there is batch normalisation, else rescale)",
    },
    {
      flags: "--parents <checkpoints...>",
      doc: "the aligned models it was merged from: for rescale, data-free, and the report",
    },
    { flags: "--weights <w,w,…>", doc: "how the parents were mixed (default: evenly)" },
    { flags: "--per-dataset", doc: "keep statistics of each dataset beside the shared ones" },
    { flags: "--batch <n>", doc: "images in a batch, shared among the datasets (default: 64)" },
    { flags: "--batches <n>", doc: "how many batches (default: 30)" },
    ...NETWORK_OPTIONS,
  ],
  examples: [
    "onebasin repair merged.pth -o repaired.pth --data mnist svhn",
    "onebasin repair merged.pth -o repaired.pth --data mnist svhn --per-dataset",
    "onebasin repair merged.pth -o repaired.pth --method data-free --parents a.pth b-aligned.pth",
  ],
  run: async (call) => {
    const { args, options, output } = call;
    const path = needed(
      "repair",
      "-o FILE, the file to write",
      options.output,
      "onebasin repair m.pth -o r.pth --data mnist",
    );
    const library = await import("../../repair/repair.js");
    const { save } = await import("../../node/checkpoints.js");
    const { checkOutputCheckpoint } = await import("../../node/check-output.js");
    const { parseWeights } = await import("../../merge/rule.js");
    const method = parseChoice("--method", options.method, library.REPAIR_METHODS);
    const [batch, batches] = [parseCount("--batch", options.batch), parseCount("--batches", options.batches)];
    await checkOutputCheckpoint(path);
    const models = await loadStates(args, call);
    const { network } = await networkOf(models, call);
    const shared = (given: readonly LoadedNetwork[]) =>
      withSharedStatistics(
        given,
        given.map(() => network),
        call,
      );
    const parents = await shared(await loadStates((options.parents as string[] | undefined) ?? [], call));
    const images = await loadImages(call, { split: "train" });
    const [{ state, checkpoint }] = await shared(models);
    const repaired = await library.repair(
      { network, state },
      {
        ...(await runOptions(call)),
        method,
        data: images.length === 0 ? undefined : { images, batch, batches },
        parents: parents.map((parent) => parent.state),
        weights: options.weights === undefined ? undefined : parseWeights(options.weights as string),
        perDataset: options.perDataset === true,
        source: args[0],
      },
    );
    await save(repaired.state, path, { metadata: checkpoint.metadata });
    const rows = (repaired.ratios ?? []).map(({ layer, before, after }) => [
      layer,
      before.toFixed(3),
      after.toFixed(3),
    ]);
    const table = formatTable([["layer", "variance kept before", "after"], ...rows], [1, 2]);
    const own = options.perDataset === true ? `, and of ${images.map(({ name }) => name).join(", ")} alone` : "";
    output.result(`${rows.length > 0 ? `${table}\n` : ""}${path}: repaired by ${repaired.method}${own}`, {
      output: path,
      method: repaired.method,
      ratios: repaired.ratios,
      datasets: images.map(({ name }) => name),
    });
  },
});
