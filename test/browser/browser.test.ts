import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { merge, save } from "../../src/node/index.js";
import { CHROMIUM_FLAGS, chromiumPath } from "../support/chromium.js";
import { randomStateDict } from "../support/random-state-dict.js";

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("page.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0].text;
}

test("the library for pages needs nothing of Node", async () => {
  const script = await bundle();
  expect(script).not.toMatch(/\brequire\(|from "node:/);
});

describe.skipIf(chromiumPath === undefined)("in Chromium", () => {
  const models = [randomStateDict(1), randomStateDict(2)];
  let folder: string;
  let server: Server;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "onebasin-page-"));
    await save(models[0], join(folder, "a.pth"));
    await save(models[1], join(folder, "b.safetensors"));
    await writeFile(join(folder, "page.js"), await bundle());
    await writeFile(join(folder, "index.html"), '<!doctype html><script type="module" src="page.js"></script>');
    server = createServer((request, response) => {
      const name = request.url === "/" ? "index.html" : (request.url ?? "").slice(1);
      const type = name.endsWith(".html") ? "text/html" : name.endsWith(".js") ? "text/javascript" : "application/x";
      readFile(join(folder, name)).then(
        (bytes) => response.writeHead(200, { "content-type": type }).end(bytes),
        () => response.writeHead(name === "favicon.ico" ? 204 : 404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await chromium.launch({ executablePath: chromiumPath, args: CHROMIUM_FLAGS });
    page = await browser.newPage();
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => window.onebasin !== undefined);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ["sum.pth", { method: "sum" }],
    ["slerp.safetensors", { method: "slerp", params: { t: 0.3 } }],
    ["rules.npz", { expression: "0.25*a + 0.75*b", rules: ["out.*: copy b"], buffers: "first", dtype: "f32" }],
  ] as const)("a page and Node write the same bytes: %s", async (fileName, options) => {
    const merged = await merge([join(folder, "a.pth"), join(folder, "b.safetensors")], options);
    await save(merged, join(folder, fileName), { threads: 1 });
    const inPage = await page.evaluate(
      async ([name, given]) => {
        const chosen = await Promise.all(
          ["a.pth", "b.safetensors"].map(async (file) => new File([await (await fetch(file)).blob()], file)),
        );
        const file = await window.onebasin.save(await window.onebasin.merge(chosen, given), name);
        return { name: file.name, bytes: [...new Uint8Array(await file.arrayBuffer())] };
      },
      [fileName, options] as const,
    );
    expect(inPage.name).toBe(fileName);
    expect(Buffer.from(inPage.bytes).equals(await readFile(join(folder, fileName)))).toBe(true);
    expect(complaints).toEqual([]);
  });

  test("files are compared by URL", async () => {
    const report = await page.evaluate(() => window.onebasin.diff("a.pth", new URL("b.safetensors", location.href)));
    expect(report.keys.map(({ key }) => key)).toContain("hidden.weight");
    expect(report.distance).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  });

  test("a URL that is not there is an error of ours", async () => {
    const message = await page.evaluate(() =>
      window.onebasin.open("nothing.pth").catch((error: Error) => error.message),
    );
    expect(message).toMatch("nothing.pth cannot be fetched: the server answers 404");
    // The browser itself notes every failed request.
    complaints.length = 0;
  });

  test("the input that is no model is named", async () => {
    const error = await page.evaluate(() =>
      window.onebasin.merge([1 as unknown as string, "a.pth"]).catch(({ code, message }) => `${code}: ${message}`),
    );
    expect(error).toBe('usage: Model "a" is a number; expected a File, bytes or a URL, a checkpoint or a state dict.');
    expect(complaints).toEqual([]);
  });
});
