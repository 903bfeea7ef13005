import { OnebasinError, throwProblems } from "../../core/errors.js";
import { formatTable } from "../../core/format-table.js";
import type { ImageSet } from "../../data/image-set.js";
import { sliceImages } from "../../data/slice-images.js";
import type { PathReport } from "../../evaluate/path.js";
import { parseCount } from "../arguments.js";
import { type CliCall, defineCommand } from "../command.js";
import {
  loadImages,
  loadStates,
  NETWORK_OPTIONS,
  networksOf,
  runOptions,
  withSharedStatistics,
} from "../load-networks.js";
import { parseMatcher } from "../parse-matcher.js";

/** Training images of each dataset that the best point is searched on; statistics come from those before them. */
const USUAL_HOLDOUT = 1000;
/** No more than this share of them, unless told. */
const USUAL_HOLDOUT_SHARE = 0.25;
/** Lines of the table shown of a path; the JSON has all points. */
const SHOWN_POINTS = 9;

export const path = defineCommand({
  name: "path",
  args: "<a> <b>",
  doc: "Loss and accuracy along the straight line between two networks: the barrier, the best point, a chart.",
  options: [
    { flags: "-o, --output <path>", doc: "chart to write, as SVG" },
    { flags: "--points <n>", doc: "points on the line, both ends included (default: 25)" },
    { flags: "--align <matcher>", doc: "put the second network's units in order first: weights, activations, …" },
    { flags: "--repair", doc: "also judge each point with its statistics put right" },
    { flags: "--best", doc: "search the best point, on training images held out for it" },
    { flags: "--per-layer", doc: "search one t for each layer as well" },
    { flags: "--save-best <path>", doc: "write the best point as a checkpoint" },
    { flags: "--similarity", doc: "also compare what the layers do: CKA, and correlation of units of the same number" },
    {
      flags: "--holdout <n>",
      doc: `training images of each dataset to search on (default: ${USUAL_HOLDOUT}, or a quarter of fewer than ${USUAL_HOLDOUT / USUAL_HOLDOUT_SHARE})`,
    },
    { flags: "--limit <n>", doc: "only the first n test images of each dataset" },
    ...NETWORK_OPTIONS,
  ],
  examples: [
    "onebasin path a.pth b.pth --data mnist -o path.svg",
    "onebasin path a.pth b.pth --data mnist svhn --align activations --repair --best --limit 2000 --json",
  ],
  run: async (call) => {
    const { args, options, output } = call;
    if (options.data === undefined) {
      throw new OnebasinError("usage", "path needs --data, the datasets to judge on: --data mnist pen");
    }
    await checkOutputs(options);
    const matcher = await parseMatcher("--align", options.align);
    const points = parseCount("--points", options.points, 2);
    const holdout = parseCount("--holdout", options.holdout);
    const wantsBest = options.best === true || options.perLayer === true || options.saveBest !== undefined;
    const wantsTraining =
      wantsBest || options.align !== undefined || options.repair === true || options.similarity === true;
    const loaded = await loadStates(args, call);
    const { networks } = await networksOf(loaded, call);
    const models = await withSharedStatistics(loaded, networks, call);
    const [network] = networks;
    if (options.align === undefined) {
      const { checkFit } = await import("../../network/check-fit.js");
      const problems = models.flatMap(({ path: source, state }) => checkFit(network, state, { source }));
      throwProblems(problems, "the ends of the path");
    }
    const test = await loadImages(call, { split: "test", limit: parseCount("--limit", options.limit) });
    const training = wantsTraining
      ? divide(await loadImages(call, { split: "train" }), (count) => {
          if (!wantsBest) return 0;
          return holdout ?? Math.min(USUAL_HOLDOUT, Math.ceil(USUAL_HOLDOUT_SHARE * count));
        })
      : { seen: [], held: [] };
    const run = await runOptions(call);
    const library = await import("../../evaluate/path.js");
    const { evaluate } = await import("../../evaluate/evaluate.js");
    const { repair } = await import("../../repair/repair.js");
    const { align } = await import("../../align/align.js");
    const given = models.map(({ state }) => state);
    const data = { images: training.seen };
    const [a, b] =
      matcher === undefined
        ? given
        : (
            await align(given, {
              ...run,
              using: matcher.id,
              params: matcher.params,
              network,
              networks,
              data,
              names: args,
            })
          ).models;
    const ends = { network, a, b };
    const repaired =
      options.repair === true
        ? async (state: typeof a, t: number) =>
            (
              await repair(
                { network, state },
                { ...run, onProgress: undefined, data, parents: [a, b], weights: [1 - t, t], report: false },
              )
            ).state
        : undefined;
    const report = await library.evaluatePath(ends, test, { ...run, points, repair: repaired });
    const lines = [pathTable(report)];
    const json: Record<string, unknown> = { ...report };
    if (wantsBest) {
      const { searchPath } = await import("../../evaluate/search-path.js");
      const { layersOf } = await import("../../network/layers-of.js");
      const layers = options.perLayer === true ? layersOf(network) : undefined;
      const best = await searchPath(ends, training.held, { ...run, repair: repaired, layers });
      const judged = [];
      for (const set of test) {
        judged.push({
          dataset: set.name,
          ...(await evaluate({ network, state: best.state }, set, { ...run, onProgress: undefined })),
        });
      }
      const scores = judged.map(({ dataset, accuracy }) => `${dataset} ${accuracy.toFixed(2)} %`).join(", ");
      lines.push(
        `best t ${best.t.toFixed(2)}${best.perLayer === undefined ? "" : ", then one for each layer"}: ${scores}`,
      );
      for (const [layer, t] of Object.entries(best.perLayer?.t ?? {})) lines.push(`  ${layer}: t ${t.toFixed(2)}`);
      const { state: _, ...found } = best;
      json.best = { ...found, test: judged };
      if (options.saveBest !== undefined) {
        const { save } = await import("../../node/checkpoints.js");
        await save(best.state, options.saveBest as string, { metadata: models[0].checkpoint.metadata });
      }
    }
    if (options.similarity === true) {
      const { layerSimilarity } = await import("../../align/activations/layer-similarity.js");
      const similarity = await layerSimilarity({ network, a, b }, { ...run, ...data });
      const rows = similarity.map(({ group, value, cka, correlation }) => [
        group,
        value,
        cka.toFixed(3),
        correlation.toFixed(3),
      ]);
      lines.push(formatTable([["units of", "value", "CKA", "correlation"], ...rows], [2, 3]));
      json.similarity = similarity;
    }
    if (options.output !== undefined) {
      const { pathChart } = await import("../../evaluate/path-chart.js");
      const { writeText } = await import("../../node/training-files.js");
      await writeText(options.output as string, pathChart(report, { names: [args[0], args[1]] }));
      lines.push(`${options.output}: the chart`);
    }
    output.result(lines.join("\n"), json);
  },
});

/** Refuses what could not be written before the path is gone along. */
async function checkOutputs({ output: chart, saveBest }: CliCall["options"]): Promise<void> {
  const { checkOutputCheckpoint, checkOutputFile } = await import("../../node/check-output.js");
  if (saveBest !== undefined) await checkOutputCheckpoint(saveBest as string);
  if (chart === undefined) return;
  if (!String(chart).toLowerCase().endsWith(".svg")) {
    throw new OnebasinError("usage", `-o is "${String(chart)}"; the chart is an SVG file.`, {
      hint: "Write -o path.svg.",
    });
  }
  await checkOutputFile(chart as string);
}

/** Holds out the last images of each training set: of so many, how many. */
function divide(
  sets: readonly ImageSet[],
  holdout: (count: number) => number,
): { readonly seen: ImageSet[]; readonly held: ImageSet[] } {
  for (const { name, count } of sets) {
    if (count > holdout(count)) continue;
    throw new OnebasinError(
      "bad-argument",
      `--holdout ${holdout(count)} leaves nothing of the ${count} training images of ${name}.`,
    );
  }
  return {
    seen: sets.map((set) => sliceImages(set, 0, set.count - holdout(set.count))),
    held: sets.map((set) => sliceImages(set, set.count - holdout(set.count))),
  };
}

function pathTable({ t, curves }: PathReport): string {
  const shown = new Set(
    Array.from({ length: Math.min(SHOWN_POINTS, t.length) }, (_, i) =>
      Math.round((i * (t.length - 1)) / (Math.min(SHOWN_POINTS, t.length) - 1)),
    ),
  );
  const heads = curves.map(({ dataset, repaired }) => `${dataset}${repaired ? ", repaired" : ""}`);
  const rows = t.flatMap((share, i) =>
    shown.has(i)
      ? [
          [
            share.toFixed(3),
            ...curves.map(({ accuracy, loss }) => `${accuracy[i].toFixed(2)} %  ${loss[i].toFixed(4)}`),
          ],
        ]
      : [],
  );
  const barriers = ["barrier", ...curves.map(({ barrier }) => barrier.toFixed(4))];
  return formatTable(
    [["t", ...heads], ...rows, barriers],
    heads.map((_, i) => i + 1),
  );
}
