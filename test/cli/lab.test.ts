import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabResults } from "../../src/lab/results.js";
import { type CliResult, runCli } from "../support/run-cli.js";

/** Everything there is, as small as it can be. */
const TINY = `
arch: vgg16:width=0.03125
images: 128
test-images: 60
training: { epochs: 1 }
repair: { batch: 32, batches: 2 }
methods: [sum, ties]
align: [activations]
couple: { lambda: [0, inf] }
zip: { depths: [0.5] }
path: { points: 3, images: 20, batches: 1 }
samples: { count: 4 }
`;
const LAB = ["lab", "lab.yml", "-o", "out", "--threads", "1", "--quiet"];

let folder: string;
/** `results.json` of the run that nobody broke off. */
let unbroken: string;
const at = (...names: string[]): string => join(folder, ...names);
const read = (...names: string[]): Promise<string> => readFile(at(...names), "utf8");
const cli = (cwd: string, ...args: string[]): Promise<CliResult> => runCli([...LAB, ...args], { cwd: at(cwd) });

async function newRun(name: string, settings = TINY): Promise<void> {
  await mkdir(at(name));
  await writeFile(at(name, "lab.yml"), settings);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-lab-"));
  await newRun("whole");
  expect(await cli("whole")).toMatchObject({ status: 0, stderr: "" });
  unbroken = await read("whole", "out", "results.json");
});

afterAll(() => rm(folder, { recursive: true }));

const resultsOf = async (name: string): Promise<LabResults> => JSON.parse(await read(name, "out", "results.json"));

describe("the experiment", () => {
  test("judges every network on both datasets, and says how it was made", async () => {
    const { networks, experiment, stages, coupling, zip, paths, layers, matches, samples } = await resultsOf("whole");
    expect(networks.map(({ id }) => id)).toMatchInlineSnapshot(`
      [
        "parent-a",
        "parent-b",
        "ensemble",
        "both",
        "sum-parameters",
        "mean",
        "mean-repaired",
        "mean-per-dataset",
        "sum",
        "sum-repaired",
        "ties",
        "ties-repaired",
        "activations-mean",
        "activations-mean-repaired",
        "activations-mean-per-dataset",
        "zip-0.5-both-heads",
        "zip-0.5",
        "couple-0-average",
        "couple-0-average-repaired",
        "couple-0-average-per-dataset",
        "couple-inf-average",
        "couple-inf-average-repaired",
        "couple-inf-average-per-dataset",
        "heads",
      ]
    `);
    for (const { accuracy, loss, bySeed, mean } of networks) {
      expect(bySeed).toHaveLength(1);
      expect(mean.median).toBeCloseTo((accuracy[0].median + accuracy[1].median) / 2, 10);
      for (const { median } of accuracy) expect(median >= 0 && median <= 100).toBe(true);
      for (const { median } of loss) expect(Number.isFinite(median)).toBe(true);
    }
    expect(experiment).toMatchObject({ datasets: ["pen", "plate"], trainImages: [128, 128], testImages: [60, 60] });
    expect(experiment.command).toBe("onebasin lab lab.yml -o out");
    expect(stages.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
    expect(coupling.map(({ lambda }) => lambda)).toEqual([0, "inf"]);
    expect(coupling[1].distance).toBeLessThan(1e-6);
    expect(zip.map(({ depth }) => depth)).toEqual([0.5]);
    expect(zip[0]).toMatchObject({ layers: 6, of: 13 });
    expect(new Set(paths.map(({ variant }) => variant))).toEqual(new Set(["plain", "aligned", "aligned-repaired"]));
    expect(layers[0].layer).toBe("block_1.0");
    expect(layers).toHaveLength(13);
    expect(matches.length).toBeGreaterThan(10);
    expect(samples.map((set) => set.samples.length)).toEqual([4, 4]);
  });

  test("of one strength 0 trains the first parent again", async () => {
    // The same start, seed and images as the first parent: what the second one saw does not matter.
    const { coupling, networks } = await resultsOf("whole");
    const parent = networks.find(({ id }) => id === "parent-a");
    expect(coupling[0].a.map(({ median }) => median)).toEqual(parent?.accuracy.map(({ median }) => median));
  });

  test("leaves networks that other commands read", async () => {
    const stages = await readdir(at("whole", "out", "stages"));
    const trained = stages.find((name) => name.startsWith("train-a-0."));
    const evaluation = await runCli(
      ["evaluate", `out/stages/${trained}/model.safetensors`, "--data", "pen", "--limit", "60", "--json", "--quiet"],
      { cwd: at("whole") },
    );
    const { networks } = await resultsOf("whole");
    const parent = networks.find(({ id }) => id === "parent-a");
    expect(JSON.parse(evaluation.stdout).results[0].accuracy).toBeCloseTo(parent?.accuracy[0].median as number, 10);
  });

  test("run again does nothing twice", async () => {
    const times = await stageTimes("whole");
    expect(await cli("whole")).toMatchObject({ status: 0, stderr: "" });
    expect(await stageTimes("whole")).toEqual(times);
    expect(await read("whole", "out", "results.json")).toBe(unbroken);
  });

  test("with another strength trains only what that changes", async () => {
    const before = await stageTimes("whole");
    expect(await cli("whole", "--lambda", "0,0.5")).toMatchObject({ status: 0, stderr: "" });
    const after = await stageTimes("whole");
    const added = Object.keys(after).filter((name) => !(name in before));
    const ids = added.map((name) => name.slice(0, name.lastIndexOf("."))).sort();
    expect(ids).toEqual(["couple-0.5-0", "judge-couple-0.5-0", "samples-0"]);
    for (const [name, time] of Object.entries(before)) expect(after[name]).toBe(time);
  });

  test.each([3, 9, 16])("killed after %i stages and run again gives the same bytes", async (count) => {
    const name = `broken-${count}`;
    await newRun(name);
    const stages = at(name, "out", "stages");
    const finished = (): number =>
      existsSync(stages) ? readdirSync(stages).filter((entry) => !entry.startsWith(".")).length : 0;
    const broken = await runCli(LAB, { cwd: at(name), interruptWhen: () => finished() >= count });
    expect(broken.status).toBe(130);
    expect(existsSync(at(name, "out", "results.json"))).toBe(false);
    const before = await stageTimes(name);
    expect(await cli(name)).toMatchObject({ status: 0, stderr: "" });
    const after = await stageTimes(name);
    for (const [stage, time] of Object.entries(before)) expect(after[stage]).toBe(time);
    expect(await read(name, "out", "results.json")).toBe(unbroken);
  });

  test("is run stage by stage, as its plan says", async () => {
    await newRun("parts");
    const { stages, finish } = JSON.parse((await cli("parts", "--plan", "--json")).stdout);
    expect(finish).toBe("onebasin lab lab.yml -o out");
    const early = await cli("parts", "--stage", "ensemble-0");
    expect(early.status).toBe(1);
    expect(early.stderr).toMatch(/works on what train-a-0, train-b-0 left/);
    for (const { command } of stages.slice(0, 4) as { command: string }[]) {
      const words = command.split(" ").slice(1);
      expect(await runCli([...words, "--threads", "1", "--quiet"], { cwd: at("parts") })).toMatchObject({ status: 0 });
    }
    const plan = JSON.parse((await cli("parts", "--plan", "--json")).stdout).stages as { done: boolean }[];
    expect(plan.filter(({ done }) => done)).toHaveLength(4);
  });
});

/** When the result of each stage was written. */
async function stageTimes(name: string): Promise<Record<string, number>> {
  const stages = at(name, "out", "stages");
  const times: Record<string, number> = {};
  for (const entry of await readdir(stages)) {
    if (!entry.startsWith(".")) times[entry] = (await stat(join(stages, entry, "stage.json"))).mtimeMs;
  }
  return times;
}

describe("bad input", () => {
  test.each([
    [["--data", "pen"], /takes two different datasets; 1 given/],
    [["--data", "pen", "nist"], /no dataset "nist"/],
    [["--preset", "fast"], /no preset called "fast"/],
    [["--lambda", "0,x"], /A strength of coupling is a number from 0 up/],
    [["--stage", "train-c-0"], /no stage called "train-c-0"[\s\S]*listed by: onebasin lab --plan/],
    [["--epochs", "0"], /^error: --epochs: Parameter "epochs" of "training" is "0"/],
    [["--seeds", "0"], /^error: --seeds: .*; expected integer in \[1, 100\]\.$/m],
    [["--arch", "vgg16:width=0.03125,classes=5"], /tells 5 classes apart; pen has 10/],
    [["--images", "many"], /"images" of the experiment is "many"/],
  ])("%j is told in one line", async (args, message) => {
    const run = await cli("whole", ...args);
    expect(run.stderr).toMatch(message);
    expect(run.stderr).toMatch(/^error: /);
    expect(run.status).toBe(1);
  });

  test("a file of settings that is not there, or wrong", async () => {
    await newRun("wrong", "epochs: 3\nseeds: 0\n");
    const wrong = await cli("wrong");
    expect(wrong.stderr).toMatch(/lab\.yml:1:9: There is no setting called "epochs"/);
    expect(wrong.stderr).toMatch(/lab\.yml:2:8: .*"seeds"/);
    const missing = await runCli(["lab", "none.yml"], { cwd: at("wrong") });
    expect(missing).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/There is no file of settings none\.yml/),
    });
  });
});
