import { type BestUnits, layerSimilarity } from "../../align/activations/layer-similarity.js";
import { layersOf } from "../../network/layers-of.js";
import type { StateDict } from "../../tensor/tensor.js";
import { layerDistances } from "../../train/coupling/layer-distances.js";
import type { LabSettings } from "../settings/lab-settings.js";
import { ALL_TRAIN, defineStage } from "../stage.js";

export interface LayersSettings {
  readonly seed: number;
  readonly repair: LabSettings["repair"];
}

/** Before and after aligning. */
interface Both<T> {
  readonly before: T;
  readonly after: T;
}

export interface LayersFacts {
  /** In the order they run. */
  readonly layers: readonly {
    readonly layer: string;
    readonly distance: Both<number>;
    readonly cka?: number;
    readonly correlation?: Both<number>;
  }[];
  readonly matches: readonly { readonly layer: string; readonly before: BestUnits; readonly after: BestUnits }[];
}

/** Compares the layers of `a` with those of `b`, and of `aligned`, which is `b` in the order of `a`. */
export const layersStage = defineStage<LayersSettings, LayersFacts>({
  id: "layers",
  revision: 1,
  reads: () => ALL_TRAIN,
  run: async ({ seed, repair }, inputs, context) => {
    const { network, runtime, threads, signal, report } = context;
    const a = await inputs.a.state("model");
    const others = { before: await inputs.b.state("model"), after: await inputs.aligned.state("model") };
    const images = [await context.images("train", 0), await context.images("train", 1)];
    const source = { images, ...repair, runtime, threads, signal, seed, best: true };
    const before = await layerSimilarity({ network, a, b: others.before }, source);
    report(0.5);
    const similarity = { before, after: await layerSimilarity({ network, a, b: others.after }, source) };
    const parameters = layersOf(network).flatMap(({ name, keys }) =>
      keys.filter((key) => network.state.get(key)?.kind === "parameter").map((key) => ({ key, layer: name })),
    );
    const distances = (b: StateDict) => layerDistances([a, b], parameters).layers;
    const apart = { before: distances(others.before), after: distances(others.after) };
    return {
      facts: {
        layers: layersOf(network).map(({ name }) => {
          const [before, after] = [similarity.before, similarity.after].map((all) =>
            all.find(({ group }) => group === name),
          );
          return {
            layer: name,
            distance: { before: apart.before[name].relative, after: apart.after[name].relative },
            ...(before && after
              ? { cka: before.cka, correlation: { before: before.correlation, after: after.correlation } }
              : {}),
          };
        }),
        matches: similarity.before.flatMap(({ group, best }, place) => {
          const aligned = similarity.after[place].best;
          return best && aligned ? [{ layer: group, before: best, after: aligned }] : [];
        }),
      },
    };
  },
});
