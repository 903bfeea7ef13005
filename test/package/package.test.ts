import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, inject, test } from "vitest";

const project = inject("project");
const installed = join(project, "node_modules/onebasin");

const run = (command: string, ...args: string[]) => spawnSync(command, args, { cwd: project, encoding: "utf8" });

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(folder, name)).isFile());

test("npx finds the command", () => {
  const { status, stdout, stderr } = run("npx", "--offline", "onebasin", "--help");
  expect({ status, stderr: stderr.replace(/^npm warn .*\n/gm, "") }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^Usage: onebasin /);
});

test("the package holds what is needed and nothing else", () => {
  const files = filesUnder(installed);
  expect(files.filter((name) => !name.startsWith("dist/") && !name.startsWith("docs/")).sort()).toEqual([
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "FEATURES.md",
    "LICENSE",
    "README.md",
    "package.json",
  ]);
  expect(files.filter((name) => /\.test\.|fixtures|\.map$/.test(name))).toEqual([]);
});

test("it unpacks to less than 4.5 MB", () => {
  const bytes = filesUnder(installed).reduce((total, name) => total + statSync(join(installed, name)).size, 0);
  expect(bytes).toBeLessThan(4.5e6);
});

test("no file is built for another machine or runs when it is installed", () => {
  const { scripts } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
  expect(filesUnder(installed).filter((name) => /\.(node|so|dll|dylib)$/.test(name))).toEqual([]);
});

/** Prints every module that is loaded, by package, and then what the program prints. */
const packagesLoadedBy = (program: string): string[] => {
  const hook = `
    import { writeSync } from "node:fs";
    export async function load(url, context, next) {
      writeSync(2, "loaded " + url + "\\n");
      return next(url, context);
    }`;
  const register = `import { register } from "node:module"; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});`;
  const preload = `data:text/javascript,${encodeURIComponent(register)}`;
  const { status, stdout, stderr } = run(process.execPath, "--import", preload, "--input-type=module", "-e", program);
  expect({ status, stdout }).toEqual({ status: 0, stdout: "done\n" });
  const loaded = [...stderr.matchAll(/^loaded .*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(([, name]) => name);
  return [...new Set(loaded)].sort();
};

test("merging loads no runtime for networks, no charts and no command line", () => {
  const packages = packagesLoadedBy(`
    import { createTensor, diff, merge, save } from "onebasin";
    const model = (value) => new Map([["w", createTensor("f32", [8, 4], Array(32).fill(value))]]);
    await save(await merge([model(1), model(2)], { method: "slerp" }), "loaded.pth");
    await diff("loaded.pth", model(3));
    const native = process.report.getReport().sharedObjects.filter((path) => /onnx/.test(path));
    console.log(native.length === 0 ? "done" : native);
  `);
  expect(packages).toEqual(["fflate", "jsep", "onebasin"]);
});

test("the library for pages can be bundled from the installed package", async () => {
  const { outputFiles } = await build({
    stdin: { contents: 'export * from "onebasin/browser"; export * as same from "onebasin";', resolveDir: project },
    bundle: true,
    format: "esm",
    platform: "browser",
    minify: true,
    write: false,
    logLevel: "silent",
  });
  expect(outputFiles[0].text).not.toMatch(/from"node:|require\("/);
  expect(outputFiles[0].contents.length).toBeLessThan(310_000);
});
