import { zip } from "../../library/zip.js";
import { serializeOnnx } from "../../network/onnx/serialize-onnx.js";
import { elementCount } from "../../tensor/shape.js";
import { judge, judgeTogether, type Scores } from "../judge.js";
import type { LabSettings } from "../settings/lab-settings.js";
import { ALL_TEST, ALL_TRAIN, defineStage } from "../stage.js";

export interface ZipSettings {
  /** Share of the layers that can be merged, (0, 1]. */
  readonly depth: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly repair: LabSettings["repair"];
}

export interface ZipFacts {
  /** Layers of the trunk, of how many. */
  readonly layers: number;
  readonly of: number;
  /** Each dataset by the head of the network that learned it. */
  readonly ownHead: Scores;
  /** By the mean of both heads' probabilities. */
  readonly bothHeads: Scores;
  /** Numbers in the one network, statistics included. */
  readonly parameters: number;
}

/** Zips the parents up to a depth; leaves the network as `zipped`, and as `zipped.onnx`. */
export const zipStage = defineStage<ZipSettings, ZipFacts>({
  id: "zip",
  revision: 1,
  reads: () => [...ALL_TRAIN, ...ALL_TEST],
  run: async ({ depth, params, seed, repair }, { a, b }, context) => {
    const { runtime, threads, signal, report } = context;
    const images = [await context.images("train", 0), await context.images("train", 1)];
    const heads = [images[0].name, images[1].name] as const;
    const models = [
      { name: heads[0], network: context.network, state: await a.state("model") },
      { name: heads[1], network: context.network, state: await b.state("model") },
    ];
    const zipped = await zip(models, {
      runtime,
      threads,
      signal,
      seed,
      data: { images },
      // A share is written with a point: "1" would be one layer.
      depth: depth.toFixed(6),
      params: { ...repair, ...params },
    });
    report(0.7);
    const { network, state } = zipped;
    const members = heads.map((head) => ({ network, state, head }));
    return {
      facts: {
        layers: zipped.report.depth,
        of: zipped.report.of,
        ownHead: await judge({ network, state, heads }, context),
        bothHeads: await judgeTogether(members, context),
        parameters: [...state.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0),
      },
      states: { zipped: state },
      files: { "zipped.onnx": serializeOnnx(network, { state }) },
    };
  },
});
