import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escapeText, type Html, markup } from "./html.js";

export interface PlotNames {
  /** Begins every `id` inside; no other drawing of the page has it. */
  readonly id: string;
  /** What the drawing is, for those who cannot see it; without it the drawing is an ornament. */
  readonly label?: string;
  readonly description?: string;
  /** A style sheet of its own, for a drawing that stands alone; of this program, never of data. */
  readonly style?: string;
}

/**
 * Draws with Observable Plot, as SVG markup to stand in a page. Numbers are rounded to hundredths of a pixel and names
 * given anew, so that the same data give the same bytes wherever and however often they are drawn.
 */
export function drawPlot(options: Plot.PlotOptions, { id, label, description, style }: PlotNames): Html {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = Plot.plot({ ...options, document: document as unknown as Document, className: "plot" });
  const naming: Naming = { id, names: new Map() };
  const inner = [...svg.childNodes].map((node) => serialize(node, naming)).join("");
  const sheet = style === undefined ? "" : `<style>${style}</style>`;
  const [width, height] = ["width", "height"].map((name) => svg.getAttribute(name));
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  const start = `<svg xmlns="http://www.w3.org/2000/svg" class="plot" ${size} fill="currentColor" text-anchor="middle"`;
  if (label === undefined) return markup(`${start} aria-hidden="true">${inner}</svg>`);
  const title = `<title id="${id}-title">${escapeText(label)}</title>`;
  if (description === undefined) {
    return markup(`${start} role="img" aria-labelledby="${id}-title">${title}${sheet}${inner}</svg>`);
  }
  const text = `<desc id="${id}-desc">${escapeText(description)}</desc>`;
  return markup(
    `${start} role="img" aria-labelledby="${id}-title" aria-describedby="${id}-desc">${title}${text}${sheet}${inner}</svg>`,
  );
}

interface Naming {
  readonly id: string;
  /** Plot's names, which count on from drawing to drawing, to ours. */
  readonly names: Map<string, string>;
}

/** `Node.ELEMENT_NODE` and `Node.TEXT_NODE`. */
const ELEMENT = 1;
const TEXT = 3;

function serialize(node: Node, naming: Naming): string {
  if (node.nodeType === TEXT) return escapeText(node.textContent ?? "");
  if (node.nodeType !== ELEMENT) return "";
  const element = node as Element;
  const tag = element.localName;
  if (tag === "style") return "";
  const attributes = [...element.attributes]
    // The drawing is one image with one name; names of its parts would only be read out of order.
    .filter(({ name }) => !name.startsWith("aria-"))
    .map(({ name, value }) => ` ${name}="${escapeText(rewritten(name, value, naming))}"`)
    .sort();
  const content = [...element.childNodes].map((child) => serialize(child, naming)).join("");
  return content === "" ? `<${tag}${attributes.join("")}/>` : `<${tag}${attributes.join("")}>${content}</${tag}>`;
}

const LONG_NUMBER = /-?\d+\.\d{3,}(?:e[-+]?\d+)?/g;
const REFERENCE = /^url\(#(.+)\)$/;

function rewritten(name: string, value: string, naming: Naming): string {
  if (name === "id") return nameOf(value, naming);
  const reference = REFERENCE.exec(value);
  if (reference !== null) return `url(#${nameOf(reference[1], naming)})`;
  return value.replace(LONG_NUMBER, (digits) => String(Math.round(Number(digits) * 100) / 100));
}

function nameOf(name: string, { id, names }: Naming): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const given = `${id}-${names.size + 1}`;
  names.set(name, given);
  return given;
}
