import { sliceImages } from "../../data/slice-images.js";
import { evaluatePath } from "../../evaluate/path.js";
import { repairMerged } from "../repair-merged.js";
import type { LabSettings } from "../settings/lab-settings.js";
import { ALL_TEST, ALL_TRAIN, defineStage } from "../stage.js";

export interface PathSettings {
  readonly path: LabSettings["path"];
  readonly repair: LabSettings["repair"];
  readonly seed: number;
  /** Whether each point is repaired and judged again. */
  readonly repaired: boolean;
}

export interface PathFacts {
  readonly t: readonly number[];
  readonly curves: readonly {
    readonly dataset: string;
    readonly repaired: boolean;
    readonly accuracy: readonly number[];
    readonly loss: readonly number[];
    readonly barrier: { readonly value: number; readonly t: number };
  }[];
}

/** Goes along the straight line from `a` to `b`. */
export const pathStage = defineStage<PathSettings, PathFacts>({
  id: "path",
  revision: 1,
  reads: () => [...ALL_TRAIN, ...ALL_TEST],
  run: async ({ path, repair, seed, repaired }, inputs, context) => {
    const { network, runtime, threads, signal, report } = context;
    const [a, b] = [await inputs.a.state("model"), await inputs.b.state("model")];
    const tests = [await context.images("test", 0), await context.images("test", 1)].map((set) =>
      sliceImages(set, 0, path.images),
    );
    const { t, curves } = await evaluatePath({ network, a, b }, tests, {
      runtime,
      threads,
      signal,
      points: path.points,
      onProgress: ({ done, total }) => report(done / total),
      ...(repaired && {
        repair: async (state) =>
          (await repairMerged(state, { parents: [a, b], seed, repair: { ...repair, batches: path.batches } }, context))
            .repaired,
      }),
    });
    return {
      facts: {
        t,
        curves: curves.map((curve) => ({
          ...curve,
          barrier: { value: curve.barrier, t: t[highestAbove(t, curve.loss)] },
        })),
      },
    };
  },
});

/** The point whose loss lies furthest above the straight line between the ends. */
function highestAbove(t: readonly number[], loss: readonly number[]): number {
  const above = loss.map((value, i) => value - ((1 - t[i]) * loss[0] + t[i] * loss[loss.length - 1]));
  return above.indexOf(Math.max(...above));
}
