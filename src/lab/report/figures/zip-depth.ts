import { type Markish, ruleY, text } from "@observablehq/plot";
import type { LabResults } from "../../results.js";
import { panel } from "../axes.js";
import type { Figure } from "../figure.js";
import { parentsOf } from "../find-network.js";
import { sayCount, sayPercent, sayRange } from "../say.js";
import { type Series, seriesMarks } from "../series.js";

const OWN: Series = { name: "head of the dataset", colour: "--accent", symbol: "diamond" };
const BOTH: Series = { name: "both heads together", colour: "--ink", symbol: "square", isHollow: true, dashes: "7 4" };

/** Accuracy of zipped networks against how much of them is one trunk. */
export function zipDepth(results: LabResults): Figure | undefined {
  const { zip, experiment } = results;
  if (zip.length === 0) return undefined;
  const points = [...zip].sort((one, other) => one.depth - other.depth);
  const parents = parentsOf(results);
  const lowest = Math.min(
    ...points.flatMap(({ ownHead, bothHeads }) => [...ownHead, ...bothHeads].map(({ min }) => min)),
  );
  const low = Math.max(0, 10 * Math.floor((lowest - 5) / 10));
  const ends = [points[0], points[points.length - 1]];
  return {
    id: "zip",
    title: "Zipped to a depth",
    layout: "pair",
    says: `By the heads of each dataset: ${ends
      .map(
        ({ layers, of, ownHead }) =>
          `with ${layers} of ${of} layers in one trunk ${sayPercent(ownHead[0].median)} and ${sayPercent(ownHead[1].median)} %`,
      )
      .join(", ")}.`,
    reading:
      "The layers from the image up to a depth become one trunk, in which units that do alike are merged, within a network as well as across; from there on each parent keeps its own layers as a head. The further to the right, the more of the layers are one network. One curve asks the head that was trained on the dataset; the other asks both and takes the mean of their probabilities, as one must where nobody says what an image is. The thin line is the parent that was trained on the dataset.",
    papers: ["zipit"],
    legend: [OWN, BOTH],
    panels: experiment.datasets.map((name, dataset) => ({
      title: `Accuracy on ${name}`,
      label: `Accuracy on ${name} in percent, by the share of layers that are one trunk`,
      options: panel({
        x: {
          label: `layers in the trunk, of ${Math.max(...points.map(({ of }) => of))}`,
          domain: domainOf(points.map(({ layers }) => layers)),
          ticks: [...new Set(points.map(({ layers }) => layers))],
          tickFormat: (value: number) => String(value),
          inset: 8,
        },
        y: { label: "accuracy (%)", domain: [low, 102] },
        marks: [
          ...parentLine(parents[dataset]?.accuracy[dataset].median, points[points.length - 1].layers),
          ...(
            [
              [BOTH, "bothHeads"],
              [OWN, "ownHead"],
            ] as const
          ).flatMap(([series, by]) =>
            seriesMarks(
              series,
              points.map((point) => {
                const { median, min, max } = point[by][dataset];
                return { x: point.layers, y: median, low: min, high: max };
              }),
            ),
          ),
        ],
      }),
    })),
    numbers: {
      caption: `Accuracy in percent on ${experiment.datasets.join(" and ")}, and parameters of the whole network`,
      head: ["Layers in the trunk", OWN.name, BOTH.name, "parameters"],
      rows: points.map(({ layers, of, ownHead, bothHeads, parameters }) => [
        `${layers} of ${of}`,
        ...[ownHead, bothHeads].map((pair) =>
          pair
            .map((range) =>
              [sayPercent(range.median), sayRange(range) && `(${sayRange(range)})`].filter(Boolean).join(" "),
            )
            .join(", "),
        ),
        sayCount(parameters),
      ]),
    },
  };
}

const domainOf = (values: readonly number[]): [number, number] => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? [low - 1, high + 1] : [low, high];
};

function parentLine(accuracy: number | undefined, right: number): Markish[] {
  if (accuracy === undefined || !Number.isFinite(accuracy)) return [];
  return [
    ruleY([accuracy], { stroke: "var(--muted)", strokeWidth: 1 }),
    text([{ x: right, y: accuracy }], {
      x: "x",
      y: "y",
      text: () => `parent ${sayPercent(accuracy)}`,
      textAnchor: "end",
      dy: -7,
      fill: "var(--muted)",
      stroke: "var(--paper)",
      strokeWidth: 4,
    }),
  ];
}
