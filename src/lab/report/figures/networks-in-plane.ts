import { dot, link, type Markish, ruleX, ruleY, text } from "@observablehq/plot";
import type { LabResults, NetworkGroup, NetworkResult } from "../../results.js";
import { NARROW, panel, WIDE } from "../axes.js";
import type { Figure } from "../figure.js";
import { bestMerged } from "../find-network.js";
import { placeLabels } from "../place-labels.js";
import { sayMany, sayPercent, shortened } from "../say.js";
import type { Series } from "../series.js";

const SERIES: Readonly<Record<NetworkGroup, Series>> = {
  parents: { name: "parents", colour: "--a", symbol: "circle", dashes: "none" },
  references: { name: "references", colour: "--ink", symbol: "cross", dashes: "none" },
  plain: { name: "merged as they are", colour: "--muted", symbol: "triangle", dashes: "none" },
  aligned: { name: "aligned", colour: "--b", symbol: "square", dashes: "none" },
  zipped: { name: "zipped", colour: "--ink", symbol: "diamond", dashes: "none" },
  coupled: { name: "coupled", colour: "--accent", symbol: "hexagon", dashes: "none" },
  heads: { name: "one trunk, two heads", colour: "--accent", symbol: "star", dashes: "none" },
};

/** Lines of equal mean, in percent. */
const EQUAL_MEANS = [25, 50, 75];
/** In pixels: from a point to its label, a line of text, about a letter, and what stands around the plane. */
const LABEL_DISTANCE = 20;
const LINE = 15;
const LETTER = 6.6;
const MARGINS = { left: 40, right: 20 };
/** Longer names are cut: in the wide drawing, and in the narrow one and at the axes. */
const MOST_LETTERS = { wide: 52, narrow: 32 };

/** Every network as a point: how well it knows the first dataset, how well the second. */
export function networksInPlane(results: LabResults): Figure | undefined {
  const { networks, experiment } = results;
  const shown = networks.filter(({ accuracy }) => accuracy.every(({ median }) => Number.isFinite(median)));
  if (shown.length === 0) return undefined;
  const best = bestMerged(results);
  const groups = (Object.keys(SERIES) as NetworkGroup[]).filter((group) => shown.some((one) => one.group === group));
  const [first, second] = experiment.datasets;
  const hasSeeds = experiment.seeds.length > 1;
  // The best one first: places are given in this order.
  const named = shown
    .filter((one) => one.group === "parents" || one.group === "references" || one === best)
    .sort((one, other) => Number(other === best) - Number(one === best));
  const hasHollow = shown.some(({ isMerged, repair }) => isMerged && repair === "plain");
  const plane = (size: { readonly width: number; readonly height: number }) =>
    panel({
      ...size,
      marginLeft: MARGINS.left,
      marginRight: MARGINS.right,
      hasGridX: true,
      x: {
        label: `accuracy on ${shortened(first, MOST_LETTERS.narrow)} (%)`,
        domain: [0, 100],
        ticks: [0, 20, 40, 60, 80, 100],
      },
      y: {
        label: `accuracy on ${shortened(second, MOST_LETTERS.narrow)} (%)`,
        domain: [0, 100],
        ticks: [0, 20, 40, 60, 80, 100],
      },
      marks: [
        ...equalMeans(),
        ...(hasSeeds ? ranges(shown) : []),
        ...labels(named, { shown, best, width: size.width }),
        ...symbols(shown),
      ],
    });
  return {
    id: "plane",
    title: "Both datasets at once",
    layout: "wide",
    says:
      best === undefined
        ? `${sayMany(shown.length, "network")}, none of them merged.`
        : `${sayMany(shown.length, "network")}. Best of those merged by the mean of both: ${best.title}, with ${sayPercent(best.accuracy[0].median)} % on ${first} and ${sayPercent(best.accuracy[1].median)} % on ${second}.`,
    reading: `Each symbol is a network: its accuracy on ${first} to the right, on ${second} upwards. The upper right corner knows both; a corner to the side knows one and has forgotten, or never learned, the other. Along a dotted line the mean of both is the same.${hasHollow ? " Of the merged networks, hollow ones are as they came out, full ones had their batch-norm statistics put right." : ""}${hasSeeds ? " Thin lines span all seeds, symbols stand at the medians." : ""}`,
    papers: ["ensembles", "multitask"],
    legend: groups.map((group) => SERIES[group]),
    panels: [
      {
        title: "",
        label: `Accuracy of ${sayMany(shown.length, "network")} on ${first} and on ${second}, in percent`,
        options: plane({ width: WIDE, height: 500 }),
        narrow: plane({ width: NARROW, height: 380 }),
      },
    ],
  };
}

function equalMeans(): Markish[] {
  const ends = EQUAL_MEANS.map((mean) => {
    const [low, high] = [Math.max(0, 2 * mean - 100), Math.min(100, 2 * mean)];
    return { x1: low, y1: high, x2: high, y2: low, label: `mean ${mean}` };
  });
  return [
    link(ends, {
      x1: "x1",
      y1: "y1",
      x2: "x2",
      y2: "y2",
      stroke: "var(--muted)",
      strokeOpacity: 0.6,
      strokeDasharray: "1 4",
    }),
    text(ends, {
      x: "x2",
      y: "y2",
      text: "label",
      textAnchor: "end",
      dx: -6,
      dy: -6,
      fill: "var(--muted)",
      fontSize: 10.5,
    }),
  ];
}

const ranges = (networks: readonly NetworkResult[]): Markish[] => {
  const stroke = { stroke: "var(--muted)", strokeOpacity: 0.55 };
  return [
    ruleY(networks, {
      x1: (d) => d.accuracy[0].min,
      x2: (d) => d.accuracy[0].max,
      y: (d) => d.accuracy[1].median,
      ...stroke,
    }),
    ruleX(networks, {
      y1: (d) => d.accuracy[1].min,
      y2: (d) => d.accuracy[1].max,
      x: (d) => d.accuracy[0].median,
      ...stroke,
    }),
  ];
};

function symbols(networks: readonly NetworkResult[]): Markish[] {
  return networks.map((network) => {
    const { colour, symbol } = SERIES[network.group];
    const isHollow = network.isMerged && network.repair === "plain";
    return dot([network], {
      x: (d: NetworkResult) => d.accuracy[0].median,
      y: (d: NetworkResult) => d.accuracy[1].median,
      symbol,
      r: 4.5,
      stroke: `var(${colour})`,
      strokeWidth: 1.5,
      fill: isHollow ? "var(--paper)" : `var(${colour})`,
    });
  });
}

/** Names beside their points, each led to by a thin line. */
function labels(
  named: readonly NetworkResult[],
  { shown, best, width }: { shown: readonly NetworkResult[]; best: NetworkResult | undefined; width: number },
): Markish[] {
  const place = ({ accuracy: [one, other] }: NetworkResult) => ({ x: one.median, y: other.median });
  const perPixel = 100 / (width - MARGINS.left - MARGINS.right);
  const texts = named.map(({ title }) => shortened(title, width < WIDE ? MOST_LETTERS.narrow : MOST_LETTERS.wide));
  const placed = placeLabels(
    named.map((network, i) => ({
      ...place(network),
      width: texts[i].length * LETTER * perPixel,
      height: LINE * perPixel,
    })),
    { points: shown.map(place), side: 100, distance: LABEL_DISTANCE * perPixel },
  );
  return named.flatMap((network, i) => {
    const { x, y, isLeft } = placed[i];
    const to = place(network);
    const colour = network === best ? "var(--accent)" : "var(--ink)";
    return [
      link([[x, y, to.x, to.y]], { x1: "0", y1: "1", x2: "2", y2: "3", stroke: colour, strokeWidth: 0.75 }),
      text([[x, y]], {
        x: "0",
        y: "1",
        text: () => texts[i],
        textAnchor: isLeft ? "end" : "start",
        dx: isLeft ? -3 : 3,
        fill: colour,
        fontWeight: network === best ? 650 : 400,
        stroke: "var(--paper)",
        strokeWidth: 3,
      }),
    ];
  });
}
