import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInitialState } from "../../src/network/initial-state.js";
import { parseArchitecture } from "../../src/network/parse-architecture.js";
import { save, toStateDict } from "../../src/node/index.js";
import { runCli } from "../support/run-cli.js";

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-zip-"));
  for (const [name, architecture, seed] of [
    ["a.pth", "lenet5", 1],
    ["b.pth", "lenet5", 2],
    ["many.pth", "lenet5:classes=26", 3],
    ["three.pth", "lenet5:classes=3", 5],
    ["deep.pth", "vgg16:width=0.03125", 4],
  ] as const) {
    await save(createInitialState(parseArchitecture(architecture).network, { seed }), at(name));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const images = ["--data", "pen", "plate", "--images", "200"];
const json = async (...args: string[]) => {
  const { status, stdout, stderr } = await runCli([...args, "--json", "--quiet"], { cwd: folder });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout);
};

test("zip writes one network whose heads evaluate judges by name, alone and together", async () => {
  const zipped = await json("zip", "a.pth", "b.pth", "-o", "ab", ...images, "--evaluate", "--limit", "40");
  expect(zipped).toMatchObject({ network: join("ab", "zipped.onnx"), heads: ["pen", "plate"], depth: 2, of: 5 });
  expect(zipped.layers.map(({ layer, after }: { layer: string; after: number }) => [layer, after])).toEqual([
    ["conv1", 6],
    ["conv2", 16],
  ]);
  expect([...(await toStateDict(at("ab/zipped.safetensors"))).keys()].slice(0, 5)).toEqual([
    "conv1.weight",
    "conv1.bias",
    "conv2.weight",
    "conv2.bias",
    "pen.fc1.weight",
  ]);
  const line = ["--data", "pen", "plate", "--limit", "40"];
  const { results } = await json("evaluate", join("ab", "zipped.onnx"), ...line);
  expect(results).toHaveLength(6);
  expect(results[2]).toMatchObject({ heads: ["pen", "plate"], dataset: "pen", count: 40 });
  const { results: same } = await json("evaluate", "ab/zipped.safetensors", "--arch", "ab/zipped.onnx", ...line);
  const scores = (all: readonly { accuracy: number; loss: number }[]) => all.map((it) => [it.accuracy, it.loss]);
  expect(scores(same)).toEqual(scores(results));
  expect(scores(zipped.results)).toEqual(scores(results));
  const { results: one } = await json("evaluate", "ab/zipped.onnx", "--head", "plate", ...line);
  expect(one.map(({ head, dataset }: Record<string, string>) => [head, dataset])).toEqual([
    ["plate", "pen"],
    ["plate", "plate"],
  ]);
});

test("heads may tell different numbers of classes apart, and are named as asked", async () => {
  const zipped = await json("zip", "digits=a.pth", "all-letters=many.pth", "-o", "two", "--depth", "conv1", ...images);
  expect(zipped).toMatchObject({ heads: ["digits", "all-letters"], depth: 1 });
  const table = await runCli(["evaluate", "two/zipped.onnx", "--data", "pen", "--limit", "20"], { cwd: folder });
  expect(table.stdout).toMatch(/zipped\.onnx \(digits\).*\n.*\(all-letters\)/);
  expect(table.stdout).not.toContain("mean of");
});

test("heads are called like their datasets, without folders and options", async () => {
  for (const split of ["train", "test"]) {
    for (const [index, kind] of ["round", "square", "other"].entries()) {
      const path = at(join("pictures", "shapes", split, kind));
      await mkdir(path, { recursive: true });
      for (let i = 0; i < 12; i++) {
        const data = Uint8Array.from({ length: 64 }, (_, place) => (place * (index + 3) + 17 * i) % 256);
        await writeFile(join(path, `${i}.png`), encode({ width: 8, height: 8, data, channels: 1 }));
      }
    }
  }
  const data = ["--data", "pen:seed=3", "folder:pictures/shapes/", "--images", "200"];
  const batch = ["--param", "batch=20", "--param", "batches=1"];
  const architectures = ["--arch", "lenet5", "--arch", "lenet5:classes=3"];
  const zipped = await json("zip", "a.pth", "three.pth", "-o", "named", ...data, ...batch, ...architectures);
  expect(zipped.heads).toEqual(["pen", "shapes"]);
});

test.each([
  [["zip", "a.pth", "b.pth"], 2, "zip needs -o FOLDER."],
  [["zip", "a.pth", "b.pth", "-o", "x"], 1, "Zip compares what units do on images; none were given."],
  [["zip", "a.pth", "deep.pth", "-o", "x", ...images], 1, "plate has 13 layers, pen has 5"],
  [
    ["zip", "a.pth", "b.pth", "-o", "x", "--depth", "conv9", ...images],
    1,
    'There is no layer of lenet5 called "conv9".',
  ],
  [["zip", "a.pth", "b.pth", "-o", "x", "--param", "alpha=3", ...images], 1, 'Parameter "alpha" of zip is "3"'],
  [["zip", "a.pth", "b.pth", "-o", "x", "--heads", "one", ...images], 2, "--heads names 1 heads for 2 models."],
  [["zip", "a.pth", "b.pth", "-o", "a.pth", ...images], 1, "a.pth cannot be a folder: there is a file of that name"],
  [
    ["zip", "a.pth", "b.pth", "-o", "x", "--arch", "lenet5", "--arch", "lenet5", "--arch", "lenet5", ...images],
    2,
    "--arch names 3 architectures for 2 models.",
  ],
  [["evaluate", "a.pth", "--head", "mnist", "--data", "pen"], 1, 'There is no head of lenet5 called "mnist".'],
])("%j is refused", async (args, status, message) => {
  const result = await runCli(args, { cwd: folder });
  expect(result.stderr).toContain(message);
  expect(result.stderr).not.toMatch(/^\s+at /m);
  expect(result.status).toBe(status);
  expect(result.stdout).toBe("");
});
