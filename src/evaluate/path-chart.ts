import type { Curve, PathReport } from "./path.js";

const WIDTH = 720;
const PANEL = 240;
const MARGIN = { left: 56, right: 16, top: 36, bottom: 56 } as const;
const LEGEND_LINE = 18;
/** Told apart by colour-blind readers too (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/** Characters of a name, so that two fit beside each other. */
const MAX_NAME = 40;
/** Losses from here on would flatten the rest; the curve leaves the panel there. */
const MAX_LOSS = 5;

interface Panel {
  readonly title: string;
  readonly top: number;
  readonly max: number;
  readonly ticks: readonly number[];
  readonly of: (curve: Curve) => readonly number[];
}

/**
 * A path as a drawing: accuracy above, loss below, one colour a dataset, broken lines before repair where there are
 * both. Plain SVG without scripts or fonts of its own.
 *
 * @param names of the models at the ends
 */
export function pathChart({ t, curves }: PathReport, { names }: { readonly names: readonly [string, string] }): string {
  const datasets = [...new Set(curves.map(({ dataset }) => dataset))];
  const hasBoth = curves.some(({ repaired }) => repaired);
  const largest = Math.max(0.1, ...curves.flatMap(({ loss }) => loss.filter((value) => value <= MAX_LOSS)));
  const lossStep = niceStep(largest);
  const lossMax = Math.ceil(largest / lossStep) * lossStep;
  const panels: Panel[] = [
    { title: "accuracy (%)", top: MARGIN.top, max: 100, ticks: steps(100, 20), of: ({ accuracy }) => accuracy },
    {
      title: "loss (nats)",
      top: MARGIN.top + PANEL + MARGIN.bottom + MARGIN.top,
      max: lossMax,
      ticks: steps(lossMax, lossStep),
      of: ({ loss }) => loss,
    },
  ];
  const bottom = panels[1].top + PANEL + MARGIN.bottom;
  const height = bottom + curves.length * LEGEND_LINE + 8;
  const x = (share: number): number => MARGIN.left + share * (WIDTH - MARGIN.left - MARGIN.right);
  const style = ({ dataset, repaired }: Curve): string =>
    `stroke="${COLOURS[datasets.indexOf(dataset) % COLOURS.length]}"${hasBoth && !repaired ? ' stroke-dasharray="5 4"' : ""}`;
  const parts: string[] = [];
  for (const [i, { title, top, max, ticks, of }] of panels.entries()) {
    const y = (value: number): number => top + PANEL * (1 - value / max);
    const clip = `panel-${i}`;
    parts.push(
      `<clipPath id="${clip}"><rect x="${x(0)}" y="${top}" width="${x(1) - x(0)}" height="${PANEL}"/></clipPath>`,
      text(x(0), top - 10, title, 'font-weight="bold"'),
    );
    for (const tick of ticks) {
      parts.push(`<line x1="${x(0)}" x2="${x(1)}" y1="${n(y(tick))}" y2="${n(y(tick))}" stroke="#ddd"/>`);
      parts.push(text(x(0) - 8, y(tick) + 4, String(tick), 'text-anchor="end"'));
    }
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      parts.push(text(x(share), top + PANEL + 18, String(share), 'text-anchor="middle"'));
    }
    parts.push(
      text(x(0), top + PANEL + 34, `${shortened(names[0])} (0)`, ""),
      text(x(1), top + PANEL + 34, `${shortened(names[1])} (1)`, 'text-anchor="end"'),
    );
    for (const curve of curves) {
      const points = of(curve).map((value, point) => `${n(x(t[point]))},${n(y(Math.min(value, 10 * max)))}`);
      parts.push(
        `<polyline clip-path="url(#${clip})" fill="none" stroke-width="2" ${style(curve)} points="${points.join(" ")}"/>`,
      );
    }
  }
  for (const [i, curve] of curves.entries()) {
    const y = bottom + i * LEGEND_LINE;
    const what = hasBoth ? `${curve.dataset}, ${curve.repaired ? "repaired" : "as it is"}` : curve.dataset;
    parts.push(
      `<line x1="${x(0)}" x2="${x(0) + 28}" y1="${y - 4}" y2="${y - 4}" stroke-width="2" ${style(curve)}/>`,
      text(x(0) + 36, y, `${what}: barrier ${curve.barrier.toFixed(4)}`, ""),
    );
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img">`,
    `<title>${escaped(`Accuracy and loss from ${names[0]} to ${names[1]}`)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

const n = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : "0");

const text = (x: number, y: number, content: string, attributes: string): string =>
  `<text x="${n(x)}" y="${n(y)}" ${attributes}>${escaped(content)}</text>`;

/** The end of a long name, where paths differ. */
const shortened = (name: string): string => (name.length > MAX_NAME ? `…${name.slice(1 - MAX_NAME)}` : name);

const escaped = (value: string): string => value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** A step of 1, 2 or 5 times a power of ten that divides a range into about five. */
function niceStep(range: number): number {
  const raw = range / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
}

const steps = (max: number, step: number): number[] =>
  Array.from({ length: Math.round(max / step) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
