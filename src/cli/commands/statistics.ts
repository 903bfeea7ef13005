import { parseChoice, parseCount } from "../arguments.js";
import { defineCommand } from "../command.js";
import { listedKeys } from "../listed-keys.js";
import {
  loadImages,
  loadStates,
  NETWORK_OPTIONS,
  needed,
  networkOf,
  runOptions,
  withSharedStatistics,
} from "../load-networks.js";

const KINDS = ["fisher", "empirical-fisher", "gram"] as const;

/** Images that are measured, unless told: the figures settle after some hundreds. */
const USUAL_SAMPLES = 1000;

export const statistics = defineCommand({
  name: "statistics",
  args: "<checkpoint>",
  doc: "Measure what fisher and regmean weigh by, on images of the model's own task.",
  options: [
    { flags: "-o, --output <path>", doc: "file to write; give it to: onebasin merge --statistics" },
    {
      flags: "--kind <kind>",
      doc: "fisher, empirical-fisher (by the images' own labels) or gram (inner products of layer inputs)",
    },
    { flags: "--samples <n>", doc: `images to measure on, of all datasets together (default: ${USUAL_SAMPLES})` },
    ...NETWORK_OPTIONS,
  ],
  examples: [
    "onebasin statistics a.pth --kind fisher --data mnist -o a-fisher.safetensors",
    "onebasin statistics a.pth --kind gram --data mnist -o a-gram.safetensors",
    "onebasin merge a.pth b.pth --method regmean --statistics a-gram.safetensors b-gram.safetensors -o m.pth",
  ],
  run: async (call) => {
    const { args, options, output } = call;
    const example = "onebasin statistics a.pth --kind fisher --data mnist -o a-fisher.safetensors";
    const path = needed("statistics", "-o FILE, the file to write", options.output, example);
    needed("statistics", `--kind, one of ${KINDS.join(", ")}`, options.kind, example);
    needed("statistics", "--data, images of the model's task", (options.data as string[] | undefined)?.[0], example);
    const kind = parseChoice("--kind", options.kind, KINDS) as (typeof KINDS)[number];
    const samples = parseCount("--samples", options.samples) ?? USUAL_SAMPLES;
    const { save } = await import("../../node/checkpoints.js");
    const { checkOutputCheckpoint } = await import("../../node/check-output.js");
    await checkOutputCheckpoint(path);
    const loaded = await loadStates(args, call);
    const { network } = await networkOf(loaded, call);
    const [{ state }] = await withSharedStatistics(loaded, [network], call);
    const model = { network, state };
    const source = { images: await loadImages(call, { split: "train" }), samples };
    const run = { ...(await runOptions(call)), source: args[0] };
    let measured = state;
    let leftOut: readonly string[] = [];
    if (kind === "gram") {
      const { gramMatrices } = await import("../../statistics/gram-matrices.js");
      ({ state: measured, leftOut } = await gramMatrices(model, source, run));
    } else {
      const { fisherInformation } = await import("../../statistics/fisher-information.js");
      const labels = kind === "fisher" ? "drawn" : "given";
      measured = await fisherInformation(model, source, { ...run, labels });
    }
    if (leftOut.length > 0) output.note(`No Gram matrix of ${listedKeys(leftOut)}: regmean takes the mean of these.`);
    await save(measured, path, { metadata: { onebasin_statistics: kind } });
    const what = kind === "gram" ? "Gram matrices of the inputs" : "Fisher information";
    const names = source.images.map(({ name }) => name);
    output.result(`${path}: ${what} of ${measured.size} tensors, measured on ${names.join(", ")}`, {
      output: path,
      kind,
      keys: [...measured.keys()],
      leftOut,
      datasets: names,
    });
  },
});
