import { encode } from "fast-png";
import { createRandom, type Random } from "../../src/core/random.js";
import { type DigitStyle, drawDigits } from "../../src/data/digits/draw-digits.js";
import type {
  LabResults,
  LayerFacts,
  NetworkGroup,
  NetworkResult,
  PathCurve,
  PathVariant,
  Range,
  RepairKind,
  Sample,
  StageFacts,
  StageTimings,
  UnitMatches,
} from "../../src/lab/results.js";

export interface LabResultsOptions {
  readonly seeds?: number;
  readonly datasets?: readonly [string, string];
}

/** Where each network stands on both datasets, in percent: about what such an experiment gives. */
const NETWORKS: readonly (readonly [string, NetworkGroup, string, RepairKind, number, number])[] = [
  ["parent-a", "parents", "Trained on the first", "plain", 96.2, 44.1],
  ["parent-b", "parents", "Trained on the second", "plain", 78.4, 90.3],
  ["ensemble", "references", "Ensemble of both", "plain", 95.4, 83.0],
  ["both", "references", "One network trained on both", "plain", 96.0, 89.1],
  ["sum-fresh", "plain", "Sum of parameters, fresh statistics", "plain", 38.5, 28.5],
  ["sum", "plain", "Sum", "plain", 47.4, 31.6],
  ["sum-repaired", "plain", "Sum, repaired", "repaired", 77.3, 48.5],
  ["mean", "plain", "Mean", "plain", 13.1, 11.2],
  ["mean-repaired", "plain", "Mean, repaired", "repaired", 74.5, 44.7],
  ["mean-per-dataset", "plain", "Mean, statistics per dataset", "per-dataset", 72.5, 59.4],
  ["slerp", "plain", "Slerp", "plain", 15.2, 12.4],
  ["slerp-repaired", "plain", "Slerp, repaired", "repaired", 75.0, 45.3],
  ["weights-mean", "aligned", "By weights, mean", "plain", 23.4, 12.8],
  ["weights-mean-repaired", "aligned", "By weights, mean, repaired", "repaired", 84.6, 54.9],
  ["activations-mean", "aligned", "By activations, mean", "plain", 36.9, 25.5],
  ["activations-mean-repaired", "aligned", "By activations, mean, repaired", "repaired", 91.1, 69.6],
  [
    "activations-mean-per-dataset",
    "aligned",
    "By activations, mean, statistics per dataset",
    "per-dataset",
    92.6,
    72.0,
  ],
  ["zip-0.3", "zipped", "Zipped, 4 of 13 layers", "repaired", 95.0, 84.9],
  ["zip-0.6", "zipped", "Zipped, 8 of 13 layers", "repaired", 94.1, 80.2],
  ["zip-1", "zipped", "Zipped, all layers", "repaired", 91.0, 71.4],
  ["couple-0.03-average-repaired", "coupled", "λ = 0.03, average, repaired", "repaired", 93.1, 69.2],
  ["couple-0.3-average", "coupled", "λ = 0.3, average", "plain", 94.9, 82.5],
  ["couple-0.3-average-repaired", "coupled", "λ = 0.3, average, repaired", "repaired", 95.3, 84.1],
  ["couple-1-average-repaired", "coupled", "λ = 1, average, repaired", "repaired", 95.6, 86.6],
  ["heads", "heads", "One trunk, a head for each", "per-dataset", 95.9, 88.4],
];

const LAYERS = [
  "block_1.0",
  "block_1.3",
  "block_2.0",
  "block_2.3",
  "block_3.0",
  "block_3.3",
  "block_3.6",
  "classifier.0",
  "classifier.3",
];
const UNITS = [16, 16, 32, 32, 64, 64, 64, 96, 10];

const LAMBDAS = [0, 0.01, 0.03, 0.1, 0.3, 1, "inf"] as const;

/** Results of the shape and size that the experiment gives, made up from one seed: for tests of what shows them. */
export function makeLabResults({ seeds: count = 1, datasets = ["pen", "plate"] }: LabResultsOptions = {}): LabResults {
  const random = createRandom(7, "lab-results", count);
  const seeds = Array.from({ length: count }, (_, i) => i);
  const networks = NETWORKS.map(([id, group, title, repair, first, second]): NetworkResult => {
    const bySeed = seeds.map(() => [first, second].map((accuracy) => scoreNear(accuracy, random)) as [Scored, Scored]);
    const over = (of: (scores: readonly [Scored, Scored]) => number): Range => rangeOf(bySeed.map(of));
    return {
      id,
      group,
      title,
      detail: `Made for a test: ${title}.`,
      repair,
      isMerged: group !== "parents" && group !== "references",
      accuracy: [over(([one]) => one.accuracy), over(([, other]) => other.accuracy)],
      loss: [over(([one]) => one.loss), over(([, other]) => other.loss)],
      mean: over(([one, other]) => (one.accuracy + other.accuracy) / 2),
      bySeed,
    };
  });
  const rangeNear = (accuracy: number): Range => rangeOf(seeds.map(() => scoreNear(accuracy, random).accuracy));
  return {
    format: 1,
    onebasin: "0.1.0",
    experiment: {
      preset: "quick",
      datasets,
      classes: Array.from({ length: 10 }, (_, i) => String(i)),
      architecture: "vgg16:width=0.125",
      parameters: 521_386,
      seeds,
      trainImages: [4000, 4000],
      testImages: [1000, 1000],
      settings: { data: datasets, epochs: 3, lambda: [...LAMBDAS], optimizer: { name: "sgd", momentum: 0.9 } },
      command: `onebasin lab --data ${datasets.join(" ")} --seeds ${count}`,
      hash: "3b7e".repeat(16),
    },
    networks,
    summary: `Averaging two networks trained apart gives 12 % and 11 % on ${datasets[0]} and ${datasets[1]}; aligned and repaired 91 % and 70 %, coupled while trained 96 % and 87 %.`,
    expectations: [
      { text: "Repairing lifts the mean.", held: true, explanation: "From 12.2 % to 59.6 % over both datasets." },
      { text: "Aligning before the mean lifts it further.", held: true, explanation: "From 59.6 % to 80.4 %." },
      {
        text: "Zipping the whole network beats aligning it.",
        held: false,
        explanation: "81.2 % against 82.3 %: with so few units there is little to merge within a network.",
      },
    ],
    training: [
      "parent-a",
      "parent-b",
      "both",
      ...LAMBDAS.slice(1, 4).flatMap((l) => [`couple-${l}-a`, `couple-${l}-b`]),
    ].map((id, curve) => ({
      id,
      title: id.replaceAll("-", " "),
      points: Array.from({ length: 40 }, (_, i) => ({
        step: (i + 1) * 5,
        loss: 2.3 * Math.exp(-i / (7 + curve)) + 0.05 + 0.05 * random.uniform(),
        accuracy: Math.min(99.5, 100 - 90 * Math.exp(-i / (8 + curve)) - 3 * random.uniform()),
      })),
    })),
    paths: datasets.flatMap((dataset, which) =>
      (["plain", "aligned", "aligned-repaired"] as const).map((variant) => pathOf(variant, { dataset, which })),
    ),
    coupling: LAMBDAS.map((lambda, i) => ({
      lambda,
      a: [rangeNear(97), rangeNear(40 + 5 * i)],
      b: [rangeNear(80 + 2 * i), rangeNear(90)],
      average: [rangeNear([13, 28, 65, 92, 95, 96, 96][i]), rangeNear([12, 19, 32, 68, 82, 85, 86][i])],
      averageRepaired: [rangeNear([87, 90, 93, 95, 96, 96, 96][i]), rangeNear([62, 65, 69, 76, 84, 86, 87][i])],
      distance: [1.1, 0.61, 0.38, 0.17, 0.08, 0.03, 0][i],
    })),
    zip: [0, 0.25, 0.5, 0.75, 1].map((depth, i) => ({
      depth,
      layers: [0, 3, 6, 9, 12][i],
      of: 13,
      ownHead: [rangeNear([96, 95.6, 95, 93, 91][i]), rangeNear([90, 87, 82, 77, 71][i])],
      bothHeads: [rangeNear([95, 94, 92, 90, 88][i]), rangeNear([83, 80, 75, 68, 62][i])],
      parameters: [1_042_772, 1_010_204, 893_020, 720_310, 530_112][i],
    })),
    layers: LAYERS.map(
      (layer, i): LayerFacts => ({
        layer,
        variance: { plain: 0.6 * 0.72 ** i, aligned: 0.85 * 0.9 ** i, alignedRepaired: 0.97 + 0.05 * random.uniform() },
        distance: { before: 1.25 + 0.1 * random.uniform(), after: 0.9 + 0.03 * i },
        ...(i < LAYERS.length - 1 && {
          cka: 0.93 - 0.05 * i,
          correlation: { before: 0.05 * random.uniform(), after: 0.72 - 0.05 * i },
        }),
      }),
    ),
    matches: LAYERS.slice(0, -1).map((layer, i) => matchesOf(layer, { units: UNITS[i], random })),
    samples: datasets.map((dataset, which) => ({
      dataset,
      samples: samplesOf((["pen", "plate"] as const)[which], random),
    })),
    stages: stagesOf(seeds),
  };
}

/** Times for every stage. */
export function makeStageTimings({ stages }: Pick<LabResults, "stages">): StageTimings {
  const random = createRandom(7, "stage-timings");
  return Object.fromEntries(stages.map(({ id }) => [id, (id.startsWith("train") ? 20 : 1) * (0.3 + random.uniform())]));
}

interface Scored {
  readonly accuracy: number;
  readonly loss: number;
}

function scoreNear(accuracy: number, random: Random): Scored {
  const around = Math.round(10 * Math.max(0, Math.min(100, accuracy + 1.2 * random.normal()))) / 10;
  return { accuracy: around, loss: 0.02 + 3 * (1 - around / 100) ** 1.4 };
}

function rangeOf(values: readonly number[]): Range {
  const sorted = [...values].sort((one, other) => one - other);
  const half = sorted.length / 2;
  return {
    median: (sorted[Math.floor(half)] + sorted[Math.ceil(half) - 1]) / 2,
    min: sorted[0],
    max: sorted[sorted.length - 1],
  };
}

const HEIGHTS: Readonly<Record<PathVariant, number>> = { plain: 2.4, aligned: 1.3, "aligned-repaired": 0.15 };

function pathOf(variant: PathVariant, { dataset, which }: { dataset: string; which: number }): PathCurve {
  const t = Array.from({ length: 25 }, (_, i) => i / 24);
  const [first, last] = which === 0 ? [0.12, 0.7] : [1.9, 0.35];
  const loss = t.map((x) => first + x * (last - first) + HEIGHTS[variant] * Math.sin(Math.PI * x) ** 2);
  return {
    variant,
    dataset,
    t,
    loss,
    accuracy: loss.map((value) => Math.max(9, 98 - 34 * value)),
    barrier: { value: HEIGHTS[variant], t: 0.5 },
  };
}

function matchesOf(layer: string, { units, random }: { units: number; random: Random }): UnitMatches {
  const numbers = Array.from({ length: units }, (_, unit) => unit);
  return {
    layer,
    units,
    before: {
      best: numbers.map(() => random.integer(units)),
      correlation: numbers.map(() => 0.2 + 0.6 * random.uniform()),
    },
    after: {
      best: numbers.map((unit) => (random.uniform() < 0.75 ? unit : random.integer(units))),
      correlation: numbers.map(() => 0.3 + 0.6 * random.uniform()),
    },
  };
}

const ASKED = ["parent-a", "parent-b", "mean", "couple-1-average-repaired"];

function samplesOf(style: DigitStyle, random: Random): Sample[] {
  const { images, labels, count, channels, height, width } = drawDigits({ style, count: 16, seed: 3, split: "test" });
  const pixels = height * width;
  return Array.from({ length: count }, (_, index) => {
    const data = new Uint8Array(channels * pixels);
    for (let i = 0; i < data.length; i++) {
      data[i] = images[index * data.length + (i % channels) * pixels + Math.floor(i / channels)];
    }
    const png = Buffer.from(encode({ width, height, channels, data })).toString("base64");
    const said = ASKED.map((id, i) => [
      id,
      random.uniform() < [0.8, 0.7, 0.2, 0.75][i] ? labels[index] : random.integer(10),
    ]);
    return {
      index: 7 * index + 3,
      png,
      label: labels[index],
      said: Object.fromEntries(said) as Record<string, number>,
    };
  });
}

function stagesOf(seeds: readonly number[]): StageFacts[] {
  const names = ["train-a", "train-b", "train-both", "align", "merge-mean", "repair-mean", "zip-0.5", "evaluate-mean"];
  return seeds.flatMap((seed) =>
    names.map((name, i) => ({
      id: `${name}-seed-${seed}`,
      title: `${name[0].toUpperCase()}${name.slice(1).replaceAll("-", " ")}, seed ${seed}`,
      hash: `${(i + 1).toString(16)}${seed}9f`.repeat(16),
      inputs: i < 3 ? [] : [`train-a-seed-${seed}`, `train-b-seed-${seed}`],
      command: `onebasin lab --stage ${name}-seed-${seed}`,
    })),
  );
}
