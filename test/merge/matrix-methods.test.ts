import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.js";
import { type MergeOptions, merge, type StateDict, save, toStateDict } from "../../src/node/index.js";
import { createTensor, type Tensor, tensorNumbers } from "../../src/tensor/tensor.js";
import { type CliResult, runCli } from "../support/run-cli.js";

/** What NumPy and PyTorch made of small matrices, in f64. */
interface Golden {
  readonly rows: number;
  readonly cols: number;
  readonly base: readonly number[];
  readonly models: readonly (readonly number[])[];
  readonly grams: readonly (readonly number[])[];
  readonly fishers: readonly (readonly number[])[];
  readonly cases: readonly {
    readonly method: string;
    readonly params: Readonly<Record<string, unknown>>;
    readonly weights?: readonly number[];
    readonly expected: readonly number[];
  }[];
}
const golden = JSON.parse(
  await readFile(new URL("../fixtures/matrix-methods.json", import.meta.url), "utf8"),
) as Golden;

describe("the methods agree with NumPy and PyTorch", () => {
  const state = (values: readonly number[], shape: readonly number[], dtype: "f32" | "f64"): StateDict =>
    new Map([["layer.weight", createTensor(dtype, shape, values)]]);

  const besides = (method: string, dtype: "f32" | "f64"): Pick<MergeOptions, "base" | "statistics"> => {
    const { rows, cols } = golden;
    if (method === "fisher") return { statistics: golden.fishers.map((values) => state(values, [rows, cols], dtype)) };
    if (method === "regmean") return { statistics: golden.grams.map((values) => state(values, [cols, cols], dtype)) };
    return { base: state(golden.base, [rows, cols], dtype) };
  };

  for (const dtype of ["f64", "f32"] as const) {
    test.each(golden.cases)(`$method $params $weights, in ${dtype}`, async ({ method, params, weights, expected }) => {
      const shape = [golden.rows, golden.cols];
      const plan = await merge(
        golden.models.map((values) => state(values, shape, dtype)),
        { method, params, weights, ...besides(method, dtype) },
      );
      const found = tensorNumbers((await toStateDict(plan)).get("layer.weight") as never);
      const off = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i])), 0);
      // Ten digits are in the file; f32 inputs are rounded first.
      expect(off).toBeLessThan(dtype === "f64" ? 1e-9 : 2e-5);
    });
  }

  test("a convolution is the matrix of its units", async () => {
    const [{ method, params, expected }] = golden.cases;
    const shape = [golden.rows, golden.cols, 1, 1];
    const plan = await merge(
      golden.models.map((values) => state(values, shape, "f64")),
      { method, params, base: state(golden.base, shape, "f64") },
    );
    const tensor = (await toStateDict(plan)).get("layer.weight");
    expect(tensor?.shape).toEqual(shape);
    const found = tensorNumbers(tensor as never);
    expect(expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i])), 0)).toBeLessThan(1e-9);
  });
});

let folder: string;
/** Enough products of matrices that a second thread is started. */
const WIDE = Array.from({ length: 3 }, () => [160, 150]);
const SHAPES: readonly (readonly number[])[] = [[40, 30], [16, 4, 3, 3], [3], [30, 2], [2, 90], [1, 7], ...WIDE];

function drawn(name: string): StateDict {
  return new Map(
    SHAPES.map((shape, i) => {
      const random = createRandom(1, "matrix methods", name, i);
      const count = shape.reduce((product, size) => product * size, 1);
      const values = Array.from({ length: count }, () => random.normal());
      return [`layers.${i}.weight`, createTensor("bf16", shape, values)];
    }),
  );
}

const RECIPE = `merge_method: tsv
base_model: base.safetensors
models: [{ model: one.safetensors }, { model: two.safetensors }]
parameters: { lambda: [{ filter: "layers.2", value: 0.5 }, { value: 0.8 }], rank: 9 }
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-matrix-"));
  for (const name of ["base", "one", "two"]) await save(drawn(name), join(folder, `${name}.safetensors`));
  await writeFile(join(folder, "recipe.yml"), RECIPE);
});
afterAll(() => rm(folder, { recursive: true }));

const MODELS = ["one.safetensors", "two.safetensors", "--base", "base.safetensors"];
const run = (...args: string[]): Promise<CliResult> => runCli(["merge", ...args], { cwd: folder });

test.each(["tsv", "iso_c", "wudi"])("%s gives the same bytes on any number of threads", async (method) => {
  const params = method === "wudi" ? ["--param", "steps=5"] : [];
  const outputs: Buffer[] = [];
  for (const threads of ["1", "2"]) {
    const args = [...MODELS, "--method", method, ...params, "--threads", threads, "--quiet", "-o", "out.safetensors"];
    expect(await run(...args)).toMatchObject({ status: 0, stderr: "" });
    outputs.push(await readFile(join(folder, "out.safetensors")));
  }
  expect(outputs[1].equals(outputs[0])).toBe(true);
});

test("a recipe carries them out, whole or in parts", async () => {
  const sharded = ["recipe.yml", "--shard-size", "60KB", "--quiet"];
  expect(await run(...sharded, "-o", "whole")).toMatchObject({ status: 0, stderr: "" });
  for (const part of ["2/3", "1/3", "3/3"]) {
    expect(await run(...sharded, "-o", "parts", "--part", part, "--resume")).toMatchObject({ status: 0, stderr: "" });
  }
  const files = (await readdir(join(folder, "whole"))).filter((name) => name.includes("safetensors"));
  expect(files.length).toBeGreaterThan(3);
  for (const name of files) {
    const [whole, part] = await Promise.all(["whole", "parts"].map((at) => readFile(join(folder, at, name))));
    expect(part.equals(whole)).toBe(true);
  }
});

test("a dry run says what becomes a matrix, and what becomes of all else", async () => {
  const { stdout } = await run(...MODELS, "--method", "tsv", "--dry-run");
  const becomes = (key: string): string | undefined => stdout.split("\n").find((line) => line.startsWith(`${key} `));
  expect(becomes("layers.1.weight")).toMatch(/\[16, 4, 3, 3\].*parameter +tsv lambda=1 rank=0$/);
  for (const i of [2, 5])
    expect(becomes(`layers.${i}.weight`)).toMatch(/mean of the task vectors \(tsv lambda=1 rank=0\)$/);
});

test("a matrix that does not fit the memory is named, with what it needs, before any work", async () => {
  const { status, stderr } = await run(...MODELS, "--method", "iso_c", "--memory", "121MiB", "-o", "small.safetensors");
  expect(status).toBe(1);
  expect(stderr).toMatchInlineSnapshot(`
    "error: Key "layers.6.weight" [160, 150], as a matrix by "iso_c", needs 123 MiB of memory; 121 MiB were allowed.
      Allow more: --memory 123MiB. Or combine such keys by another method: --rule 'KEY: method linear'
    "
  `);
  expect(await readdir(folder)).not.toContain("small.safetensors");
});

test("what is not finite is counted by key and model", async () => {
  const bad = new Map(drawn("one"));
  bad.set("layers.0.weight", createTensor("f32", [40, 30], new Array(1200).fill(Number.NaN)));
  await save(bad, join(folder, "bad.safetensors"));
  const { status, stderr } = await run("bad.safetensors", ...MODELS.slice(1), "--method", "tsv", "-o", "x.safetensors");
  expect(status).toBe(1);
  expect(stderr).toContain('Key "layers.0.weight" of bad.safetensors: 1200 of 1200 numbers.');
});

/** Squares and inner products, as statistics are. */
function measured(kind: "fisher" | "gram"): StateDict {
  const random = createRandom(2, "statistics", kind);
  return new Map(
    SHAPES.flatMap((shape, i): [string, Tensor][] => {
      const [rows, ...others] = shape;
      const inputs = others.reduce((product, size) => product * size, 1);
      if (kind === "gram" && others.length === 0) return [];
      const count = kind === "fisher" ? rows * inputs : inputs * inputs;
      const diagonal = (at: number): number => (at % (inputs + 1) === 0 ? 1 + random.uniform() : 0);
      const values = Array.from({ length: count }, (_, at) => (kind === "fisher" ? random.uniform() : diagonal(at)));
      return [[`layers.${i}.weight`, createTensor("f32", kind === "fisher" ? shape : [inputs, inputs], values)]];
    }),
  );
}

describe("statistics beside the models", () => {
  const BOTH = ["one.safetensors", "two.safetensors", "--quiet"];

  beforeAll(async () => {
    for (const kind of ["fisher", "gram"] as const) {
      await save(measured(kind), join(folder, `${kind}.safetensors`));
      await writeFile(
        join(folder, `${kind}.yml`),
        `merge_method: ${kind === "gram" ? "regmean" : "fisher"}
models:
  - { model: one.safetensors, statistics: ${kind}.safetensors }
  - { model: two.safetensors, statistics: ${kind}.safetensors }
`,
      );
    }
  });

  test.each([
    ["fisher", "fisher"],
    ["regmean", "gram"],
  ])("%s: a recipe gives what the command gives, on any number of threads", async (method, kind) => {
    const statistics = ["--statistics", `${kind}.safetensors`, `${kind}.safetensors`];
    const outputs: Buffer[] = [];
    for (const threads of ["1", "2"]) {
      const args = [...BOTH, "--method", method, ...statistics, "--threads", threads, "-o", "measured.safetensors"];
      expect(await run(...args)).toMatchObject({ status: 0, stderr: "" });
      outputs.push(await readFile(join(folder, "measured.safetensors")));
    }
    expect(outputs[1].equals(outputs[0])).toBe(true);
    expect(await run(`${kind}.yml`, "--quiet", "-o", kind)).toMatchObject({ status: 0, stderr: "" });
    const [byCommand, byRecipe] = await Promise.all(
      ["measured.safetensors", `${kind}/model.safetensors`].map((path) => toStateDict(join(folder, path))),
    );
    expect(byRecipe).toEqual(byCommand);
  });

  test("all that is wrong with them is said at once, before any work", async () => {
    const wrong = new Map(measured("fisher"));
    wrong.delete("layers.2.weight");
    wrong.set("layers.0.weight", createTensor("f32", [30, 40], new Array(1200).fill(1)));
    wrong.set("layers.1.weight", createTensor("i32", [16, 4, 3, 3], new Array(576).fill(1)));
    await save(wrong, join(folder, "wrong.safetensors"));
    const statistics = ["--statistics", "fisher.safetensors", "wrong.safetensors"];
    const { status, stderr } = await run(...BOTH, "--method", "fisher", ...statistics, "-o", "wrong-merge.pth");
    expect(status).toBe(1);
    expect(stderr).toMatchInlineSnapshot(`
      "error: 3 problems with the merge:
        - Key "layers.0.weight": the Fisher information in wrong.safetensors is [30, 40]; for a tensor of [40, 30] it must be [40, 30].
        - Key "layers.1.weight": wrong.safetensors holds i32, which is no Fisher information.
        - Key "layers.2.weight": wrong.safetensors has no Fisher information of it, but fisher.safetensors has.
        Measure each model with: onebasin statistics MODEL --kind fisher …
        Measure each model with: onebasin statistics MODEL --kind fisher … Or combine such keys by another method: --rule 'layers.2.weight: method mean'
      "
    `);
    expect(await readdir(folder)).not.toContain("wrong-merge.pth");
  });

  test.each([
    ["none", "fisher", []],
    ["too few", "regmean", ["gram.safetensors"]],
    ["of no use", "mean", ["gram.safetensors", "gram.safetensors"]],
    ["of other models", "fisher", ["stranger.safetensors", "fisher.safetensors"]],
  ] as const)("%s: told, with what to do", async (_, method, files) => {
    await save(new Map([["x", createTensor("f32", [1], [1])]]), join(folder, "stranger.safetensors"));
    const statistics = files.length === 0 ? [] : ["--statistics", ...files];
    const { status, stderr } = await run(...BOTH, "--method", method, ...statistics, "-o", "never.pth");
    expect(status).toBe(1);
    expect(stderr).toMatchSnapshot();
  });

  test("numbers that cannot be sums of squares are found out, and nothing is left behind", async () => {
    const negative = new Map(measured("fisher"));
    negative.set("layers.2.weight", createTensor("f32", [3], [1, -1, 1]));
    await save(negative, join(folder, "negative.safetensors"));
    const noGram = new Map(measured("gram"));
    noGram.set("layers.3.weight", createTensor("f32", [2, 2], [1, 5, -5, 1]));
    await save(noGram, join(folder, "no-gram.safetensors"));
    const fisher = await run(
      ...BOTH,
      "--method",
      "fisher",
      "--statistics",
      "fisher.safetensors",
      "negative.safetensors",
      "-o",
      "n.pth",
    );
    expect(fisher).toMatchObject({ status: 1 });
    expect(fisher.stderr).toContain("Statistics that are sums of squares are below 0: layers.2.weight.");
    const regmean = await run(
      ...BOTH,
      "--method",
      "regmean",
      "--statistics",
      "no-gram.safetensors",
      "no-gram.safetensors",
      "-o",
      "n.pth",
    );
    expect(regmean).toMatchObject({ status: 1 });
    expect(regmean.stderr).toContain(
      'Key "layers.3.weight" of no-gram.safetensors is no Gram matrix: elements (1, 0) and (0, 1) are -5 and 5, and should be equal.',
    );
    expect((await readdir(folder)).filter((name) => name.includes("n.pth"))).toEqual([]);
  });

  test("weights without a Gram matrix get the mean, and a note says so", async () => {
    const some = new Map([...measured("gram")].slice(0, 2));
    await save(some, join(folder, "some.safetensors"));
    const args = [
      "one.safetensors",
      "two.safetensors",
      "--method",
      "regmean",
      "--statistics",
      "some.safetensors",
      "some.safetensors",
    ];
    const { status, stderr } = await run(...args, "-o", "some-merged.safetensors");
    expect(status).toBe(0);
    expect(stderr).toContain(
      "6 of the weights have no Gram matrix and become the mean (regmean alpha=0.9): layers.3.weight, layers.4.weight, layers.5.weight, ….",
    );
  });
});
