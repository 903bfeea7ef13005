import { predictClasses } from "../../evaluate/predict-classes.js";
import type { StateDict } from "../../tensor/tensor.js";
import { encodePicture } from "../encode-picture.js";
import type { Scores } from "../judge.js";
import type { Sample, SampleSet } from "../results.js";
import type { LabSettings } from "../settings/lab-settings.js";
import { ALL_TEST, defineStage } from "../stage.js";

export interface SamplesSettings {
  readonly samples: LabSettings["samples"];
  /** Ids of the candidates for the best merged network, by the input that holds each. */
  readonly candidates: Readonly<Record<string, string>>;
}

export interface SamplesFacts {
  /** Id of the best candidate. */
  readonly best: string;
  readonly sets: readonly SampleSet[];
}

interface Candidate {
  readonly facts: { readonly repaired: Scores };
}

/**
 * Shows test images and what networks say of them: both parents, their mean, and the candidate that is best on both
 * test sets. First images that the best one takes for something else, then those that only others do, then others.
 */
export const samplesStage = defineStage<SamplesSettings, SamplesFacts>({
  id: "samples",
  revision: 1,
  reads: () => ALL_TEST,
  run: async ({ samples, candidates }, inputs, context) => {
    const meanOf = (role: string): number => {
      const [first, second] = (inputs[role] as unknown as Candidate).facts.repaired;
      return first.accuracy + second.accuracy;
    };
    const [best] = Object.keys(candidates).sort((x, y) => meanOf(y) - meanOf(x));
    const states: Record<string, StateDict> = {
      "parent-a": await inputs.a.state("model"),
      "parent-b": await inputs.b.state("model"),
      mean: await inputs.mean.state("plain"),
      [candidates[best]]: await inputs[best].state("repaired"),
    };
    const { network, runtime, threads, signal, report } = context;
    const sets: SampleSet[] = [];
    for (const dataset of [0, 1] as const) {
      const images = await context.images("test", dataset);
      const said: Record<string, Int32Array> = {};
      for (const [id, state] of Object.entries(states)) {
        said[id] = await predictClasses({ network, state }, images, { runtime, threads, signal });
      }
      const wrong = (id: string, index: number): boolean => said[id][index] !== images.labels[index];
      const rank = (index: number): number =>
        wrong(candidates[best], index) ? 0 : Object.keys(states).some((id) => wrong(id, index)) ? 1 : 2;
      const chosen = spread(
        Array.from({ length: images.count }, (_, index) => index),
        { rank, count: samples.count },
      );
      sets.push({
        dataset: images.name,
        samples: chosen.map(
          (index): Sample => ({
            index,
            png: encodePicture(images, index),
            label: images.labels[index],
            said: Object.fromEntries(Object.entries(said).map(([id, classes]) => [id, classes[index]])),
          }),
        ),
      });
      report((dataset + 1) / 2);
    }
    return { facts: { best: candidates[best], sets } };
  },
});

/** A third of each rank where there are so many, in the order of the set; the rest from the lowest ranks. */
function spread(
  indices: readonly number[],
  { rank, count }: { readonly rank: (index: number) => number; readonly count: number },
): number[] {
  const byRank = [0, 1, 2].map((wanted) => indices.filter((index) => rank(index) === wanted));
  const third = Math.ceil(count / 3);
  const chosen = byRank.flatMap((some) => some.slice(0, third));
  const rest = byRank.flatMap((some) => some.slice(third));
  return [...chosen, ...rest].slice(0, count).sort((a, b) => rank(a) - rank(b) || a - b);
}
