import { frame, type RenderFunction } from "@observablehq/plot";
import type { LabResults, UnitMatches } from "../../results.js";
import { panel } from "../axes.js";
import type { Figure, Panel } from "../figure.js";
import { sayCount } from "../say.js";

type Side = UnitMatches["before"];

/** Correlations from which a mark is darker, and how dark. */
const SHADES = [
  { from: Number.NEGATIVE_INFINITY, opacity: 0.25 },
  { from: 0.3, opacity: 0.5 },
  { from: 0.5, opacity: 0.75 },
  { from: 0.7, opacity: 1 },
];
/** Layers that are shown at once; the others are folded away. */
const SHOWN = 4;
/** Side of the square of a map, and the least side of a mark, in pixels. */
const SIDE = 150;
const LEAST_MARK = 2.2;
const MARGINS = { left: 34, right: 8, top: 24, bottom: 34 };

/** Which unit of the second parent does most like which of the first, before and after aligning. */
export function unitMap({ matches, experiment }: LabResults): Figure | undefined {
  if (matches.length === 0) return undefined;
  const shown = matches.filter((_, i) => isShown(i, matches.length));
  const folded = matches.filter((one) => !shown.includes(one));
  const [units, before, after] = [
    matches.reduce((sum, one) => sum + one.units, 0),
    matches.reduce((sum, one) => sum + inPlace(one.before), 0),
    matches.reduce((sum, one) => sum + inPlace(one.after), 0),
  ];
  return {
    id: "units",
    title: "Which unit matched which",
    layout: "small",
    says: `Of ${sayCount(units)} units in ${matches.length} layer${matches.length === 1 ? "" : "s"}, ${sayCount(before)} correlate best with the unit of the same number before aligning, and ${sayCount(after)} after.`,
    reading: `Each mark is a unit of the first parent (to the right, by its number); its height is the number of that unit of the second parent whose doings correlate best with it, over images of both datasets. The stronger its colour, the higher the correlation. In networks trained apart the numbers mean nothing and marks lie anywhere; aligning gives the second parent's units new numbers, so that partners stand on the diagonal. A unit off the diagonal has its best partner elsewhere: several units may share one, but in an order each has its own.${experiment.seeds.length > 1 ? " First seed only." : ""}`,
    papers: ["convergent", "git-re-basin", "invariance"],
    panels: shown.flatMap(mapsOf),
    more:
      folded.length === 0
        ? undefined
        : {
            title: `The other ${folded.length} layer${folded.length === 1 ? "" : "s"}`,
            panels: folded.flatMap(mapsOf),
          },
    numbers: {
      caption: "Units whose best partner has the same number",
      head: ["Layer", "units", "before", "after"],
      rows: matches.map((one) => [
        one.layer,
        String(one.units),
        String(inPlace(one.before)),
        String(inPlace(one.after)),
      ]),
    },
  };
}

/** Evenly spread, first and last among them. */
function isShown(i: number, count: number): boolean {
  if (count <= SHOWN) return true;
  return Array.from({ length: SHOWN }, (_, k) => Math.round((k * (count - 1)) / (SHOWN - 1))).includes(i);
}

const inPlace = ({ best }: Side): number => best.filter((partner, unit) => partner === unit).length;

const mapsOf = ({ layer, units, before, after }: UnitMatches): Panel[] => [
  mapOf(before, { title: `${layer}, before`, units }),
  mapOf(after, { title: `${layer}, after`, units }),
];

function mapOf(side: Side, { title, units }: { title: string; units: number }): Panel {
  const last = Math.max(1, units - 1);
  const axis = { domain: [-0.5, units - 0.5], ticks: [0, last], tickFormat: (value: number) => String(value) };
  return {
    title,
    label: `${title}: ${inPlace(side)} of ${units} units of the first parent correlate best with the unit of the same number of the second`,
    options: panel({
      width: MARGINS.left + SIDE + MARGINS.right,
      height: MARGINS.top + SIDE + MARGINS.bottom,
      marginLeft: MARGINS.left,
      marginRight: MARGINS.right,
      x: { ...axis, label: "unit of the first" },
      y: { ...axis, label: "best of the second" },
      marks: [frame({ stroke: "var(--rule)" }), unitMarks(side, Math.max(LEAST_MARK, SIDE / units))],
    }),
  };
}

/** All marks of a shade as one path: a mark for each would make the page ten times as large. */
function unitMarks({ best, correlation }: Side, size: number): RenderFunction {
  return (_index, { scales }, _values, _dimensions, { document }) => {
    const [x, y] = [scales.x, scales.y] as unknown as { apply: (value: number) => number }[];
    const group = document.createElementNS("http://www.w3.org/2000/svg", "g");
    for (const [i, { from, opacity }] of SHADES.entries()) {
      const below = SHADES[i + 1]?.from ?? Number.POSITIVE_INFINITY;
      const squares = best.flatMap((partner, unit) =>
        correlation[unit] >= from && correlation[unit] < below
          ? [
              `M${(x.apply(unit) - size / 2).toFixed(1)},${(y.apply(partner) - size / 2).toFixed(1)}h${size.toFixed(1)}v${size.toFixed(1)}h${(-size).toFixed(1)}z`,
            ]
          : [],
      );
      if (squares.length === 0) continue;
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", squares.join(""));
      path.setAttribute("fill", "var(--accent)");
      path.setAttribute("fill-opacity", String(opacity));
      group.append(path);
    }
    return group;
  };
}
