import { existsSync, statSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../support/run-cli.js";

let folder: string;
const at = (name: string): string => join(folder, name);
const cli = (...args: string[]) => runCli([...args, "--quiet"], { cwd: folder });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-couple-"));
});

afterAll(() => rm(folder, { recursive: true }));

const COMMON = ["--limit", "320", "--threads", "1", "--epochs", "2"];
const COUPLE = ["couple", "--data", "pen", "plate", "--test-limit", "100", ...COMMON];
const LENET = ["--arch", "lenet5"];
const VGG = ["--arch", "vgg16:width=0.03125"];

const expectSameFile = async (a: string, b: string): Promise<void> =>
  expect(await readFile(at(a))).toEqual(await readFile(at(b)));

test("lambda = 0 writes the checkpoints of separate trainings", async () => {
  const apart = await cli(...COUPLE, ...VGG, "-o", "apart", "--lambda", "0", "--seed", "5", "--json");
  expect(apart).toMatchObject({ status: 0, stderr: "" });
  const train = ["train", ...VGG, ...COMMON, "--init", "apart/start.safetensors"];
  expect((await cli(...train, "--data", "pen", "--seed", "5", "-o", "pen.safetensors")).status).toBe(0);
  await expectSameFile("apart/pen.safetensors", "pen.safetensors");
  expect((await cli("train", ...VGG, ...COMMON, "--data", "pen", "--seed", "5", "-o", "seed.safetensors")).status).toBe(
    0,
  );
  await expectSameFile("apart/pen.safetensors", "seed.safetensors");
  // The digits are drawn from the seed as well; the second network has the seed after the first one's.
  await cli(...train, "--data", "plate:seed=5", "--seed", "6", "-o", "plate.safetensors");
  const named = [...VGG, "-o", "named", "--lambda", "0", "--seed", "5"];
  await cli("couple", "--data", "pen:seed=5", "plate:seed=5", "--test-limit", "100", ...COMMON, ...named);
  await expectSameFile("named/plate-seed-5.safetensors", "plate.safetensors");
});

test("a folder holds networks, start, average, history and report", async () => {
  const run = await cli(...COUPLE, ...VGG, "-o", "one", "--lambda", "0.3", "--depth-schedule", "linear", "--json");
  const { networks, average, history, lambda, datasets } = JSON.parse(run.stdout);
  expect([lambda, datasets]).toEqual([0.3, ["pen", "plate"]]);
  expect((await readdir(at("one"))).sort()).toEqual([
    "average.safetensors",
    "couple.json",
    "history.jsonl",
    "pen.safetensors",
    "plate.safetensors",
    "start.safetensors",
  ]);
  const lines = (await readFile(at("one/history.jsonl"), "utf8")).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(history);
  expect(Object.keys(history[1].layers)).toHaveLength(23);
  expect(history[1].layers["classifier.6"].distance).toBeGreaterThan(0);
  // What the report says of the files is what evaluate says of them.
  const judged = await cli(
    "evaluate",
    "one/plate.safetensors",
    average.checkpoint,
    "--data",
    "pen",
    "--limit",
    "100",
    "--json",
  );
  const accuracies = JSON.parse(judged.stdout).results.map((it: { accuracy: number }) => it.accuracy);
  expect(accuracies).toEqual([networks[1].scores.pen.accuracy, average.repaired.pen.accuracy]);
});

test("the average can keep the statistics of each dataset", async () => {
  const run = await cli(...COUPLE, ...VGG, "-o", "own", "--lambda", "0.5", "--per-dataset", "--json");
  const { average } = JSON.parse(run.stdout);
  const judged = await cli("evaluate", average.checkpoint, "--data", "pen", "plate", "--limit", "100", "--json");
  const { results } = JSON.parse(judged.stdout);
  // A checkpoint with statistics of its own for a dataset is judged by them.
  for (const { dataset, accuracy, loss } of results) expect(average.perDataset[dataset]).toEqual({ accuracy, loss });
  expect(average.perDataset).not.toEqual(average.repaired);
  const table = await cli(...COUPLE, ...VGG, "-o", "own", "--lambda", "0.5", "--per-dataset", "--resume");
  expect(table.stdout).toMatch(/^ {2}with each dataset's statistics +\d/m);
});

test("several strengths make a table", async () => {
  const run = await cli(...COUPLE, ...LENET, "-o", "sweep", "--lambda", "0,10,inf", "--epochs", "1");
  const lines = run.stdout.trimEnd().split("\n");
  expect(lines[0]).toBe("percent right on pen, plate");
  expect(lines[2]).toMatch(/^lambda +pen +plate +average +repaired +apart$/);
  expect(lines.slice(3).map((line) => line.trim().split(/ +/)[0])).toEqual(["0", "10", "inf"]);
  expect(lines[5]).toMatch(/ 0\.0 %$/);
  expect((await readdir(at("sweep"))).sort()).toEqual(["lambda-0", "lambda-10", "lambda-inf"]);
  expect((await readdir(at("sweep/lambda-0"))).filter((name) => name.startsWith("heads"))).toEqual([]);
  // What is finished is not done again.
  const again = await cli(...COUPLE, ...LENET, "-o", "sweep", "--lambda", "0,10,inf", "--epochs", "1", "--resume");
  expect(again.stdout).toBe(run.stdout);
});

test("a cut gives one network with a head for each dataset, which evaluate runs", async () => {
  const args = ["--arch", "lenet5", "lenet5:classes=12", "-o", "heads", "--depth-schedule", "cut:fc2"];
  const run = await cli(...COUPLE, ...args, "--json");
  const { heads, networks, average } = JSON.parse(run.stdout);
  expect(heads).toEqual({ network: "heads/heads.onnx", checkpoint: "heads/heads.safetensors", shared: 6 });
  expect(average).toBeUndefined();
  for (const model of [["heads/heads.onnx"], ["heads/heads.safetensors", "--arch", "heads/heads.onnx"]]) {
    const judged = await cli("evaluate", ...model, "--data", "pen", "plate", "--limit", "100", "--json");
    const { results } = JSON.parse(judged.stdout);
    expect(results.map((it: { head: string; dataset: string }) => `${it.head} ${it.dataset}`)).toEqual([
      "pen pen",
      "plate pen",
      "pen plate",
      "plate plate",
    ]);
    expect(results[1].accuracy).toBe(networks[1].scores.pen.accuracy);
    expect(results[2].accuracy).toBe(networks[0].scores.plate.accuracy);
  }
});

test("an interrupted run goes on to the bytes of an unbroken one", async () => {
  const args = [...COUPLE, ...VGG, "--epochs", "6", "--lambda", "0.5", "--over-time", "ramp"];
  expect((await cli(...args, "-o", "whole")).status).toBe(0);
  const snapshot = at("parts/couple.resume.safetensors");
  const lastSaved = (): number | undefined => statSync(snapshot, { throwIfNoEntry: false })?.mtimeMs;
  let interruptions = 0;
  // Each run is interrupted when it has left more to go on from than the one before.
  for (let done = false; !done; ) {
    const before = lastSaved();
    const resume = before === undefined ? [] : ["--resume"];
    const { status } = await runCli([...args, "-o", "parts", "--quiet", ...resume], {
      cwd: folder,
      interruptWhen: () => lastSaved() !== before,
    });
    done = existsSync(at("parts/couple.json"));
    if (!done) expect(status).toBe(130);
    if (!done) interruptions++;
  }
  expect(interruptions).toBeGreaterThan(0);
  for (const name of await readdir(at("whole"))) {
    if (name !== "couple.json") await expectSameFile(`whole/${name}`, `parts/${name}`);
  }
  expect(existsSync(snapshot)).toBe(false);
});

test.each([
  [
    ["couple", ...LENET, "--data", "pen", "-o", "x"],
    2,
    "couple needs --arch, --data with two datasets or more, and -o.",
  ],
  [
    [...COUPLE, ...LENET, "-o", "x", "--lambda", "0,much"],
    2,
    '--lambda is "0,much"; expected numbers from 0 up, or inf.',
  ],
  [[...COUPLE, ...LENET, ...LENET, "lenet5", "lenet5", "-o", "x"], 2, "--arch names"],
  [
    [...COUPLE, ...LENET, "-o", "x", "--depth-schedule", "steep"],
    2,
    '--depth-schedule "steep" is no schedule, and no file.',
  ],
  [[...COUPLE, ...LENET, "-o", "x", "--depth-schedule", "cut:fc9"], 1, 'There is no layer of lenet5 called "fc9"'],
  [[...COUPLE, ...LENET, "-o", "x", "--coupling-step", "explicit", "--lambda", "50"], 1, "at most 10.0 is"],
  [[...COUPLE, ...LENET, "-o", "x", "--depth-schedule", "exponential:x"], 1, 'depth schedule is "x".'],
  [[...COUPLE, ...LENET, "-o", "taken.txt"], 1, "taken.txt cannot be a folder: there is a file of that name"],
  [[...COUPLE, "--arch", "lenet5:classes=4", "-o", "x"], 1, "tells 4 classes apart; pen has 10."],
])("%j is refused", async (args, status, message) => {
  await writeFile(at("taken.txt"), "");
  const { status: found, stderr } = await cli(...args);
  expect(stderr).toContain(`error: `);
  expect(stderr).toContain(message);
  expect(found).toBe(status);
});

test("a file gives strengths by pattern, and a layer that it ties stays equal", async () => {
  await writeFile(at("strengths.txt"), "conv* inf\nfc1.* 0.5 # held\n");
  const run = await cli(...COUPLE, ...LENET, "-o", "table", "--depth-schedule", "strengths.txt", "--json");
  const { history, heads } = JSON.parse(run.stdout);
  expect(history[1].layers.conv2.distance).toBe(0);
  expect(history[1].layers.fc2.distance).toBeGreaterThan(0);
  expect(heads.shared).toBe(4);
});
