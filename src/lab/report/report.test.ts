import { build } from "esbuild";
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { makeLabResults, makeStageTimings } from "../../../test/support/lab-results.js";
import type { LabResults } from "../results.js";
import { PAPERS } from "./papers.js";
import { renderPicture } from "./render-picture.js";
import { renderReport } from "./render-report.js";
import { renderSummary } from "./render-summary.js";
import { resultsCsv } from "./results-csv.js";
import { resultsMarkdown } from "./results-markdown.js";

const render = (results: LabResults): Promise<string> => renderReport(results, makeStageTimings(results));

const parse = (text: string): Document => parseHTML(text).document as unknown as Document;

const VOID = ["meta", "link", "img", "br", "hr", "input"];

/** Tags that are not closed by one of the same name, in order; none in a page that is well formed. */
function unbalanced(page: string): string[] {
  const open: string[] = [];
  const problems: string[] = [];
  const text = page.replace(/<(script|style)>[\s\S]*?<\/\1>/g, "");
  for (const [tag, slash, name, closed] of text.matchAll(/<(\/?)([a-zA-Z][a-zA-Z0-9]*)(?:"[^"]*"|[^">])*?(\/?)>/g)) {
    if (slash === "/") {
      if (open.pop() !== name) problems.push(tag);
    } else if (closed === "" && !VOID.includes(name)) open.push(name);
  }
  return [...problems, ...open];
}

const MARKS = "path,rect,circle,line";

describe.each([1, 3])("the report of %d seeds", (seeds) => {
  const results = makeLabResults({ seeds });
  const page = render(results);

  test("is well formed, and every name it refers to is there", async () => {
    const text = await page;
    expect(unbalanced(text)).toEqual([]);
    const document = parse(await page);
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    const referred = [
      ...[...document.querySelectorAll('a[href^="#"]')].map((a) => a.getAttribute("href")?.slice(1)),
      ...[...document.querySelectorAll("[aria-labelledby]")].map((element) => element.getAttribute("aria-labelledby")),
      ...[...text.matchAll(/url\(#([^)]+)\)/g)].map(([, id]) => id),
    ];
    expect(referred.filter((id) => !ids.includes(id ?? ""))).toEqual([]);
  });

  test("holds all it shows, and stays small", async () => {
    const text = await page;
    const document = parse(await page);
    expect(text.length).toBeLessThan(500_000);
    expect(
      [...document.querySelectorAll("[src]")].filter((one) => !one.getAttribute("src")?.startsWith("data:")),
    ).toEqual([]);
    expect(text.replace(/url\(#/g, "").match(/@import|url\(|srcset|<iframe|<object/)?.[0]).toBeUndefined();
    const hrefs = [...document.querySelectorAll("[href]")].map((one) => one.getAttribute("href") ?? "");
    const elsewhere = new Set(hrefs.filter((href) => !/^(#|data:)/.test(href)));
    const papers = Object.values(PAPERS).map(({ url }): string => url);
    expect([...elsewhere].filter((href) => !papers.includes(href))).toEqual(["results.json", "results.csv"]);
    const policy = document.querySelector("meta[http-equiv]")?.getAttribute("content");
    expect(policy).toMatch(/^default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-[^']+'$/);
  });

  test("every figure has a title, a drawing with marks and a name, and a paragraph on how to read it", async () => {
    const document = parse(await page);
    const figures = [...document.querySelectorAll("figure")];
    expect(figures.map(({ id }) => id)).toEqual([
      "plane",
      "line",
      "coupling",
      "zip",
      "variance",
      "similarity",
      "units",
      "training",
      "stages",
    ]);
    for (const figure of figures) {
      expect(figure.querySelector("h3")?.textContent).toMatch(/^Figure \d+ ./);
      expect(figure.querySelector("figcaption")?.textContent?.length, figure.id).toBeGreaterThan(100);
      const drawings = [...figure.querySelectorAll('svg[role="img"]')];
      expect(drawings.length).toBeGreaterThan(0);
      for (const drawing of drawings) {
        expect(drawing.querySelectorAll(MARKS).length, figure.id).toBeGreaterThan(3);
        expect(drawing.querySelector("title")?.textContent?.length, figure.id).toBeGreaterThan(10);
        expect(drawing.innerHTML).not.toMatch(/NaN|Infinity|undefined/);
      }
    }
  });

  test("all that is cited is listed, and nothing else", async () => {
    const document = parse(await page);
    const cited = new Set(
      [...document.querySelectorAll(".cited a")].map((a) => a.getAttribute("href")?.slice(1) ?? ""),
    );
    expect([...document.querySelectorAll(".papers li")].map(({ id }) => id).sort()).toEqual([...cited].sort());
  });

  test("the table has every network, with the best merged one marked", async () => {
    const document = parse(await page);
    const rows = [...document.querySelectorAll(".results tbody tr:not(.group)")];
    expect(rows).toHaveLength(results.networks.length);
    const merged = results.networks.filter(({ isMerged }) => isMerged);
    const highest = Math.max(...merged.map(({ mean }) => mean.median));
    const best = [...document.querySelectorAll(".results .best")];
    expect(best).toHaveLength(1);
    expect(best[0].querySelector("td:last-child .value")?.textContent).toBe(highest.toFixed(1));
    expect(document.querySelectorAll(".results .ends").length > 0).toBe(seeds > 1);
  });

  test("the same results give the same bytes", async () => {
    expect((await render(structuredClone(results))) === (await page)).toBe(true);
  });
});

describe("what names are made of", () => {
  const hostile = `<script>alert(1)</script>"><img src=x onerror='alert(2)'>`;
  const results = makeLabResults({ datasets: [hostile, "a & b"] });
  const page = render({
    ...results,
    summary: hostile,
    networks: results.networks.map((one) => ({ ...one, title: hostile, detail: hostile })),
    expectations: [{ text: hostile, held: false, explanation: hostile }],
    layers: results.layers.map((one) => ({ ...one, layer: `${one.layer}${hostile}` })),
    training: results.training.map((one) => ({ ...one, title: hostile })),
    samples: results.samples.map((set) => ({
      ...set,
      samples: set.samples.map((one) => ({ ...one, png: `"${hostile}` })),
    })),
  });

  test("stays text", async () => {
    const text = await page;
    expect(unbalanced(text)).toEqual([]);
    const document = parse(text);
    expect(document.querySelectorAll("script")).toHaveLength(1);
    expect(document.querySelectorAll("img")).toHaveLength(0);
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(document.querySelector(".summary")?.textContent).toBe(hostile);
    expect(document.querySelectorAll("[onerror]")).toHaveLength(0);
  });

  test("steers no terminal", () => {
    expect(renderSummary({ ...results, summary: "\u001b[31mred\u0007" })).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

test("what the results do not hold is left out", async () => {
  const results: LabResults = {
    ...makeLabResults(),
    expectations: [],
    training: [],
    paths: [],
    coupling: [],
    zip: [],
    layers: [],
    matches: [],
    samples: [],
    stages: [],
  };
  const text = await renderReport(results, {});
  expect(unbalanced(text)).toEqual([]);
  const document = parse(text);
  expect([...document.querySelectorAll("main > section")].map(({ id }) => id)).toEqual(["results", "again", "papers"]);
  expect([...document.querySelectorAll("figure")].map(({ id }) => id)).toEqual(["plane"]);

  const empty = await renderReport({ ...results, networks: [] }, {});
  expect(unbalanced(empty)).toEqual([]);
  expect(empty.includes("best merged")).toBe(false);
});

test("lists of one, layers without units that move, and times that were not kept", async () => {
  const full = makeLabResults();
  const results: LabResults = {
    ...full,
    coupling: full.coupling.slice(2, 3),
    zip: full.zip.slice(0, 1),
    paths: full.paths.slice(0, 1),
    layers: full.layers.slice(-1),
    matches: full.matches.slice(0, 1),
    training: full.training.slice(0, 1).map((one) => ({ ...one, points: one.points.slice(0, 1) })),
  };
  const text = await renderReport(results, {});
  expect(unbalanced(text)).toEqual([]);
  expect(text.match(/.{40}(NaN|Infinity|undefined)/)?.[0]).toBeUndefined();
  expect(text.includes("how long they took was not kept")).toBe(true);
});

test("a number that is none is a dash", async () => {
  const full = makeLabResults();
  const none = { median: Number.NaN, min: Number.NaN, max: Number.NaN };
  const results: LabResults = {
    ...full,
    networks: full.networks.map((one, i) =>
      i === 5 ? { ...one, accuracy: [none, none], loss: [none, none], mean: none } : one,
    ),
    paths: full.paths.map((path) => ({
      ...path,
      loss: path.loss.map((loss, i) => (i === 12 ? Number.POSITIVE_INFINITY : loss)),
    })),
    layers: full.layers.map((one) => ({ ...one, variance: { ...one.variance, plain: Number.NaN } })),
  };
  const text = await render(results);
  expect(text.match(/.{40}(NaN|Infinity|undefined)/)?.[0]).toBeUndefined();
  expect(text.includes("<td>–</td>")).toBe(true);
});

test("a long experiment with wide layers stays under 3 MB", async () => {
  const full = makeLabResults({ seeds: 3 });
  const [first] = full.matches;
  const wide = Array.from({ length: 512 }, (_, unit) => (unit * 37) % 512);
  const side = { best: wide, correlation: wide.map((unit) => unit / 512) };
  const text = await render({
    ...full,
    matches: Array.from({ length: 20 }, (_, i) => ({
      ...first,
      layer: `layer.${i}`,
      units: 512,
      before: side,
      after: side,
    })),
    training: Array.from({ length: 30 }, (_, i) => ({ ...full.training[i % full.training.length], id: `curve-${i}` })),
    networks: Array.from({ length: 4 }, () => full.networks).flat(),
  });
  expect(text.length).toBeLessThan(3_000_000);
});

test("how many expectations held is said as it is", async () => {
  // Little else, so that four pages are made quickly.
  const results = { ...makeLabResults(), matches: [], training: [], paths: [], coupling: [], zip: [], layers: [] };
  const lead = async (held: readonly boolean[]): Promise<string | null | undefined> => {
    const expectations = held.map((has) => ({ text: "A before B.", held: has, explanation: "1 % and 2 %." }));
    return parse(await render({ ...results, expectations })).querySelector("#expectations .lead")?.textContent;
  };
  expect(await lead([true, true])).toBe("All 2 orders that were expected were seen.");
  expect(await lead([true])).toBe("One order was expected, and it was seen.");
  expect(await lead([false, true, false])).toBe("Of 3 expected orders, 1 was seen and 2 were not.");
  expect(await lead([false])).toBe("Of 1 expected order, 0 were seen and 1 was not.");
});

test("the summary for the terminal", () => {
  const results = makeLabResults();
  const few = ["parent-a", "mean", "activations-mean-repaired"];
  const one = { median: 1.25, min: 1.25, max: 1.25 };
  const networks = results.networks
    .filter(({ id }) => few.includes(id))
    .map((network, i) => {
      const at = (value: number) => ({ median: value, min: value - i, max: value });
      return {
        ...network,
        accuracy: [at(96.25), at(4)] as const,
        mean: at(50.125 + 10 * i),
        loss: [one, one] as const,
      };
    });
  expect(renderSummary({ ...results, networks, summary: "That is all." })).toMatchInlineSnapshot(`
    "Accuracy in percent

                                       pen             plate           mean
    Parents
      Trained on the first            96.3               4.0           50.1
    Merged as they are
      Mean                            96.3  95.3–96.3    4.0  3.0–4.0  60.1  59.1–60.1
    Aligned, then merged
      By activations, mean, repaired  96.3  94.3–96.3    4.0  2.0–4.0  70.1  68.1–70.1   *

    * best merged network by the mean of both
    That is all."
  `);
});

test.each([1, 3])("the picture of %d seeds stands alone, and names what it shows", async (seeds) => {
  const results = makeLabResults({ seeds, datasets: ["<pen>", "plate"] });
  const picture = await renderPicture(results);
  expect(unbalanced(picture)).toEqual([]);
  expect(picture.match(/(?:src|href|url\(|@import|NaN|undefined).{20}/)?.[0]).toBeUndefined();
  const { document } = parseHTML(picture) as unknown as { document: Document };
  const texts = [...document.querySelectorAll("text")].map(({ textContent }) => textContent);
  const networks = new Map(results.networks.map((network) => [network.id, network]));
  for (const id of ["parent-a", "both", "mean", "activations-mean-per-dataset", "zip-0.3", "heads"]) {
    const network = networks.get(id);
    expect(texts).toContain(network?.title);
    expect(texts).toContain(network?.accuracy[1].median.toFixed(1));
  }
  expect(texts).not.toContain(networks.get("weights-mean-repaired")?.title);
  expect(texts).toContain("<pen> (%)");
  expect((await renderPicture(structuredClone(results))) === picture).toBe(true);
});

test("the table in Markdown has every network, the best merged one in bold, and no markup of data", () => {
  const results = makeLabResults({ seeds: 3, datasets: ["a|b", "<i>*c*"] });
  const lines = resultsMarkdown(results).trimEnd().split("\n");
  expect(lines[0]).toBe("| network | a\\|b | \\<i\\>\\*c\\* | mean |");
  expect(lines).toHaveLength(2 + results.networks.length);
  expect(lines.filter((line) => line.startsWith("| **"))).toHaveLength(1);
  const [{ median, min, max }] = results.networks[0].accuracy;
  expect(lines[2]).toContain(`| ${median.toFixed(1)} (${min.toFixed(1)}–${max.toFixed(1)}) |`);
});

test("CSV has a line for each network, dataset and seed, and quotes what must be quoted", () => {
  const results = makeLabResults({ seeds: 3, datasets: ['a,"b"', "plate"] });
  const lines = resultsCsv(results).split("\r\n");
  expect(lines[0]).toBe("network,group,title,repair,merged,dataset,seed,accuracy,loss");
  expect(lines).toHaveLength(1 + results.networks.length * 2 * 3 + 1);
  const [[first]] = results.networks[0].bySeed;
  expect(lines[1]).toBe(`parent-a,parents,Trained on the first,plain,no,"a,""b""",0,${first.accuracy},${first.loss}`);
});

test("what draws is loaded with the first report and not before", async () => {
  const { metafile } = await build({
    entryPoints: ["src/lab/report/render-report.ts"],
    bundle: true,
    splitting: true,
    format: "esm",
    packages: "external",
    outdir: "unused",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const entry = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint?.endsWith("render-report.ts"));
  const loaded: string[] = [entry?.[0] ?? ""];
  for (const path of loaded) {
    const next = metafile.outputs[path]?.imports.filter(({ kind }) => kind === "import-statement") ?? [];
    loaded.push(...next.map((one) => one.path).filter((one) => !loaded.includes(one)));
  }
  const drawing = ["@observablehq/plot", "linkedom"];
  expect(loaded.filter((path) => drawing.includes(path))).toEqual([]);
  const all = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect(drawing.filter((path) => !all.includes(path))).toEqual([]);
});
