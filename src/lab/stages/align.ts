import { align } from "../../align/align.js";
import { ALL_TRAIN, defineStage } from "../stage.js";

export interface AlignSettings {
  readonly using: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
}

export interface AlignFacts {
  /** ‖a − b‖ over the parameters. */
  readonly distance: { readonly before: number; readonly after: number };
}

/** Puts the units of `b` in the order of `a`; leaves it as `model`. */
export const alignStage = defineStage<AlignSettings, AlignFacts>({
  id: "align",
  revision: 1,
  reads: () => ALL_TRAIN,
  run: async ({ using, params, seed }, { a, b }, context) => {
    const { network, runtime, threads, signal, report } = context;
    const images = [await context.images("train", 0), await context.images("train", 1)];
    const { models, distances } = await align([await a.state("model"), await b.state("model")], {
      runtime,
      threads,
      signal,
      seed,
      using,
      params,
      network,
      data: { images },
      names: ["the first parent", "the second parent"],
      onProgress: ({ done, total }) => report(done / total),
    });
    return { facts: { distance: distances[0] }, states: { model: models[1] } };
  },
});
