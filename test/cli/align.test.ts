import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { derivePermutationSpec } from "../../src/align/spec/derive-spec.js";
import { applyPermutation } from "../../src/align/unit-maps/apply-permutation.js";
import { randomPermutation } from "../../src/align/unit-maps/random-permutation.js";
import { createInitialState } from "../../src/network/initial-state.js";
import { parseArchitecture } from "../../src/network/parse-architecture.js";
import { save, toStateDict } from "../../src/node/index.js";
import { runCli } from "../support/run-cli.js";

const { network } = parseArchitecture("vgg16:width=0.03125");
const spec = derivePermutationSpec(network);
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-align-"));
  const a = createInitialState(network, { seed: 1 });
  await save(a, at("a.pth"));
  await save(applyPermutation(a, randomPermutation(spec, { seed: 2 }), { spec }), at("b.pth"));
  await save(createInitialState(network, { seed: 3 }), at("c.pth"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const images = ["--data", "pen", "plate", "--limit", "40", "--images", "200"];
const json = async (...args: string[]) => {
  const { status, stdout, stderr } = await runCli([...args, "--json", "--quiet"], { cwd: folder });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout);
};

test("align puts permuted units back, and says what moved", async () => {
  const { matcher, proof, models } = await json("align", "a.pth", "b.pth", "-o", "aligned.pth");
  expect(matcher).toBe("weights");
  expect(proof).toBeLessThan(1e-4);
  expect(models[0].after).toBe(0);
  expect(models[0].groups.map(({ group }: { group: string }) => group)).toEqual([...spec.groups.keys()]);
  expect(await toStateDict(at("aligned.pth"))).toEqual(await toStateDict(at("a.pth")));
});

test("a wider network is transported onto a narrower one, and says that it changed", async () => {
  const wide = parseArchitecture("vgg16:width=0.0625").network;
  await save(createInitialState(wide, { seed: 4 }), at("wide.pth"));
  const { models } = await json("align", "a.pth", "wide.pth", "-o", "fitted.safetensors", "--using", "transport");
  expect(models[0]).toMatchObject({ kept: false, before: null });
  const shapes = async (path: string) => [...(await toStateDict(at(path)))].map(([key, { shape }]) => [key, shape]);
  expect(await shapes("fitted.safetensors")).toEqual(await shapes("a.pth"));
  const line = [
    "merge",
    "a.pth",
    "wide.pth",
    "-o",
    "both.safetensors",
    "--align",
    "transport:entropy=0.01",
    "--repair",
  ];
  const { alignment, results } = await json(...line, "--evaluate", ...images);
  expect(alignment).toMatchObject({ matcher: "transport", kept: [false] });
  expect(results).toHaveLength(2);
  const path = ["path", "a.pth", "wide.pth", "--points", "2", "--holdout", "40", "--align", "transport"];
  expect((await json(...path, ...images)).t).toEqual([0, 1]);
});

test("a spec is printed, edited and given back", async () => {
  const { stdout } = await runCli(["align", "a.pth", "--spec-only"], { cwd: folder });
  expect(stdout).toContain('classifier.0.weight: ["classifier.0", { product: ["block_4.6", 4] }]');
  await writeFile(at("spec.yml"), stdout.replaceAll('"classifier.3"', "128").replace("  classifier.3: 128\n", ""));
  const { models } = await json("align", "a.pth", "b.pth", "-o", "partly.pth", "--spec", "spec.yml");
  expect(models[0].groups).toHaveLength(spec.groups.size - 1);
  await writeFile(at("broken.yml"), stdout.replace('classifier.3.bias: ["classifier.3"]', "classifier.3.bias: [128]"));
  const broken = await runCli(["align", "a.pth", "b.pth", "-o", "x.pth", "--spec", "broken.yml"], { cwd: folder });
  expect(broken.status).toBe(1);
  expect(broken.stderr).toContain('reordering group "classifier.3" changes its outputs');
});

test("merge aligns, repairs and judges in one line", async () => {
  const line = [
    "merge",
    "a.pth",
    "c.pth",
    "-o",
    "m.pth",
    "--align",
    "activations",
    "--repair",
    "--evaluate",
    ...images,
  ];
  const { alignment, repair, results, notes } = await json(...line);
  expect(notes).toEqual([]);
  expect(alignment.matcher).toBe("activations");
  expect(repair.ratios.map(({ layer }: { layer: string }) => layer)).toContain("block_4.6");
  expect(results.map(({ dataset, count }: { dataset: string; count: number }) => [dataset, count])).toEqual([
    ["pen", 40],
    ["plate", 40],
  ]);
  const repaired = await json(
    "repair",
    "m.pth",
    "-o",
    "r.pth",
    "--per-dataset",
    "--batches",
    "2",
    "--data",
    "pen",
    "plate",
  );
  expect(repaired.method).toBe("statistics");
  expect((await toStateDict(at("r.pth"))).has("statistics.plate.block_1.1.running_var")).toBe(true);
  const judged = await json("evaluate", "r.pth", "--data", "plate", "--limit", "20");
  const shared = await json("evaluate", "r.pth", "--data", "plate:seed=1", "--limit", "20");
  expect([judged.results[0].count, shared.results[0].count]).toEqual([20, 20]);
  // What else is done with such a file is done with the shared statistics.
  for (const command of [
    ["align", "a.pth", "r.pth", "-o", "x.pth", "--using", "weights"],
    ["merge", "r.pth", "a.pth", "-o", "x.pth", "--evaluate", "--data", "pen", "--limit", "20"],
    ["path", "r.pth", "a.pth", "--points", "2", "--data", "pen", "--limit", "20"],
    ["repair", "a.pth", "--parents", "r.pth", "-o", "x.pth", "--data", "pen", "--images", "200"],
    [
      "train",
      "--init",
      "r.pth",
      "--arch",
      "vgg16:width=0.03125",
      "--data",
      "pen",
      "--limit",
      "64",
      "--epochs",
      "1",
      "-o",
      "x.pth",
    ],
  ]) {
    const { status, stderr } = await runCli(command, { cwd: folder });
    expect(stderr).toContain("note: r.pth holds statistics of pen, plate alone; the shared ones are used here.");
    expect(status).toBe(0);
  }
});

test("path writes a chart and finds the best point", async () => {
  const line = ["path", "a.pth", "c.pth", "--points", "3", "--best", "--similarity", "-o", "path.svg"];
  const { t, curves, best, similarity } = await json(...line, ...images);
  expect(t).toEqual([0, 0.5, 1]);
  expect(curves).toHaveLength(2);
  expect(best.t).toBeGreaterThanOrEqual(0);
  expect(similarity).toHaveLength(12);
  expect(await readFile(at("path.svg"), "utf8")).toMatch(/^<svg /);
});

test.each([
  [["align", "a.pth", "b.pth", "-o", "x.pth", "--using", "activations"], 1, "compares what units do on images"],
  [
    ["align", "a.pth", "b.pth"],
    2,
    "align writes each model after the first: it needs -o for each of these, 1, and has 0.",
  ],
  [["align", "a.pth", "-o", "x.pth"], 2, "align writes each model after the first: it needs two models or more."],
  [["merge", "a.pth", "b.pth", "-o", "x.pth", "--align", "wieghts", "--data", "pen"], 1, 'Did you mean "weights"?'],
  [
    ["merge", "a.pth", "b.pth", "-o", "x.pth", "--evaluate", "--data", "pen", "--arch", "lenet5"],
    1,
    "a.pth does not fit lenet5; 86 differences:",
  ],
  [["path", "a.pth", "b.pth", "--data", "pen", "-o", "line.png"], 2, '-o is "line.png"; the chart is an SVG file.'],
  [["path", "a.pth", "b.pth", "--data", "pen", "--save-best", "best"], 1, '"best", has no extension'],
  [["path", "a.pth", "b.pth", "--data", "pen", "-o", "folder.svg"], 1, "folder.svg is a folder; a file is to be"],
  [["evaluate", "a.pth", "--data", "pen", "--arch", "a.pth"], 1, "Or name an .onnx file, or a module"],
  [["repair", "a.pth", "-o", "x.pth"], 1, 'Repair by "statistics" needs images; none were given.'],
  [["align", "a.pth", "b.pth", "-o", "x.pth", "--using", "transport:by=activations"], 1, "were given"],
  [["align", "a.pth", "b.pth", "-o", "x.pth", "--using", "transport:metric=angle"], 1, 'Parameter "metric"'],
  [["merge", "a.pth", "b.pth", "-o", "x.pth", "--align", "weights:starts"], 2, "--align is"],
  [["path", "a.pth", "b.pth"], 2, "path needs --data"],
  [["merge", "a.pth", "b.pth", "-o", "x.pth", "--repair"], 2, "--repair needs --data"],
])("%j is refused", async (args, status, message) => {
  await mkdir(at("folder.svg"), { recursive: true });
  const result = await runCli(args, { cwd: folder });
  expect(result.stderr).toContain(message);
  expect(result.status).toBe(status);
  expect(result.stdout).toBe("");
});
