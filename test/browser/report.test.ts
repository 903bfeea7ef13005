import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderReport } from "../../src/lab/report/render-report.js";
import { CHROMIUM_FLAGS, chromiumPath } from "../support/chromium.js";
import { makeLabResults, makeStageTimings } from "../support/lab-results.js";

describe.skipIf(chromiumPath === undefined)("the report in Chromium", () => {
  let folder: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "onebasin-report-"));
    const plain = makeLabResults({ seeds: 3 });
    await writeFile(join(folder, "plain.html"), await renderReport(plain, makeStageTimings(plain)));
    // Long names without a place to break, and such as would be markup.
    const long = makeLabResults({
      datasets: [`folder:/${"pictures-of-digits".repeat(6)}`, "<script>alert(1)</script>"],
    });
    const named = {
      ...long,
      layers: long.layers.map((one) => ({ ...one, layer: `features.stage.${"block.".repeat(8)}${one.layer}` })),
      networks: long.networks.map((one) => ({ ...one, title: `${one.title}_${"of_both_with_much_care".repeat(3)}` })),
    };
    await writeFile(join(folder, "long.html"), await renderReport(named, makeStageTimings(named)));
    browser = await chromium.launch({ executablePath: chromiumPath, args: CHROMIUM_FLAGS });
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  interface Opened {
    readonly page: Page;
    /** Messages of the console, errors, and requests that leave the page. */
    readonly complaints: readonly string[];
  }

  async function open(
    name: string,
    { width = 1280, colorScheme = "light" as "light" | "dark", javaScriptEnabled = true } = {},
  ): Promise<Opened> {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, javaScriptEnabled });
    const page = await context.newPage();
    const complaints: string[] = [];
    const address = pathToFileURL(join(folder, name)).href;
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (request.url() !== address && !request.url().startsWith("data:")) complaints.push(request.url());
    });
    await page.goto(address);
    return { page, complaints };
  }

  test.each([
    ["plain.html", 1280, "light"],
    ["plain.html", 1280, "dark"],
    ["plain.html", 375, "light"],
    ["plain.html", 375, "dark"],
    ["plain.html", 760, "light"],
    ["long.html", 1280, "light"],
    ["long.html", 375, "dark"],
  ] as const)(
    "%s at %d pixels in %s: no complaint, no request, nothing beside the page",
    async (name, width, scheme) => {
      const { page, complaints } = await open(name, { width, colorScheme: scheme });
      await page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      const seen = await page.evaluate(() => ({
        overflow: document.documentElement.scrollWidth - window.innerWidth,
        beside: [...document.querySelectorAll("main *")]
          .filter((element) => element.closest(".scroll, pre, .hidden, svg") === null)
          .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 1)
          .map((element) => element.outerHTML.slice(0, 80)),
        paper: getComputedStyle(document.body).backgroundColor,
        broken: [...document.images].filter((image) => image.naturalWidth === 0).length,
        images: document.images.length,
      }));
      expect(seen).toMatchObject({ overflow: 0, beside: [], broken: 0, images: 32 });
      expect(seen.paper).toBe(scheme === "light" ? "rgb(253, 252, 250)" : "rgb(21, 23, 26)");
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  test.each([1280, 375])(
    "at %d pixels every figure shows marks, and letters are large enough to read",
    async (width) => {
      const { page } = await open("plain.html", { width });
      const figures = await page.evaluate(() =>
        [...document.querySelectorAll("figure")].map((figure) => {
          const shown = [...figure.querySelectorAll('svg[role="img"]')].filter(
            (svg) => svg.getBoundingClientRect().width > 0,
          );
          return {
            id: figure.id,
            drawings: shown.length,
            marks: shown.every((svg) =>
              [...svg.querySelectorAll("path, rect, circle, line")].some((mark) => {
                const { width: wide, height: high } = mark.getBoundingClientRect();
                return wide + high > 2;
              }),
            ),
            smallest: Math.min(
              ...shown.map(
                (svg) => (12 * svg.getBoundingClientRect().width) / (svg as SVGSVGElement).viewBox.baseVal.width,
              ),
            ),
          };
        }),
      );
      expect(figures).toHaveLength(9);
      for (const { id, drawings, marks, smallest } of figures) {
        expect(drawings, id).toBeGreaterThan(0);
        expect(marks, id).toBe(true);
        expect(smallest, id).toBeGreaterThan(8);
      }
      await page.context().close();
    },
  );

  test("whoever listens to the page hears its parts by name", async () => {
    const { page } = await open("plain.html");
    expect(await page.getByRole("img", { name: /Loss on pen in nats/ }).count()).toBe(1);
    expect(await page.getByRole("figure", { name: /^Figure \d Coupled while they were trained$/ }).count()).toBe(1);
    expect(await page.getByRole("navigation", { name: "In this report" }).count()).toBe(1);
    expect(await page.getByRole("table", { name: /^Accuracy in percent on 1,000 test images/ }).count()).toBe(1);
    expect(await page.getByRole("rowheader", { name: "Mean, repaired", exact: true }).count()).toBe(1);
    expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe("pen and plate in one network");
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll("svg:not([aria-hidden]), img, section, nav, [role=region], button")]
        .filter((element) => !(element.ariaLabel || element.textContent || element.getAttribute("aria-labelledby")))
        .filter((element) => !(element as HTMLImageElement).alt)
        .map((element) => element.outerHTML.slice(0, 80)),
    );
    expect(nameless).toEqual([]);
    await page.context().close();
  });

  test("the keyboard reaches the results, tables that scroll, and the colours", async () => {
    const { page, complaints } = await open("plain.html");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the results");
    await page.keyboard.press("Enter");
    expect(new URL(page.url()).hash).toBe("#results");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const table = page.getByRole("region", { name: /^How each network was made/ });
    await table.focus();
    expect(await table.evaluate((element) => element === document.activeElement)).toBe(true);
    const button = page.getByRole("button", { name: "Show in dark colours" });
    await button.focus();
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(21, 23, 26)");
    expect(await page.getByRole("button", { name: "Show in light colours" }).count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("is whole without its script", async () => {
    const { page } = await open("plain.html", { javaScriptEnabled: false });
    expect(await page.locator("button:visible").count()).toBe(0);
    expect(await page.locator('figure svg[role="img"]:visible').count()).toBeGreaterThan(20);
    await page.context().close();
  });
});
