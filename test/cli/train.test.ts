import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../support/run-cli.js";

let folder: string;
const at = (name: string): string => join(folder, name);
const cli = (...args: string[]) => runCli([...args, "--quiet"], { cwd: folder });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-train-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** Interrupts a training when it has left something to go on from. On a busy machine a run may end before: then again. */
async function interrupt(args: readonly string[], output: string): Promise<void> {
  const interruptWhen = () => existsSync(at(`${output}.resume.safetensors`));
  for (let attempt = 0; attempt < 5; attempt++) {
    const { status } = await runCli([...args, "-o", output, "--quiet"], { cwd: folder, interruptWhen });
    if (status === 130) return;
    expect(existsSync(at(output))).toBe(true);
    await rm(at(output));
  }
  throw new Error("every run ended before it was interrupted");
}

const SMALL = ["train", "--arch", "lenet5", "--data", "pen", "--limit", "600", "--threads", "1"];

test("a network is trained, judged, and evaluated again by its file alone", async () => {
  const trained = await cli(...SMALL, "--limit", "2000", "--epochs", "6", "-o", "pen.safetensors", "--json");
  expect(trained).toMatchObject({ status: 0, stderr: "" });
  const { tests, training, history, architecture } = JSON.parse(trained.stdout);
  expect(architecture).toBe("lenet5");
  expect(training).toEqual([{ dataset: "pen", count: 2000 }]);
  const [score] = tests;
  expect(history).toHaveLength(6);
  expect(history[5].loss).toBeLessThan(history[0].loss);
  expect(score.accuracy).toBeGreaterThan(50);
  const lines = (await readFile(at("pen.safetensors.history.jsonl"), "utf8")).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(history);
  const evaluated = await cli("evaluate", "pen.safetensors", "--data", "pen", "plate", "--json");
  const { results } = JSON.parse(evaluated.stdout);
  expect(results[0]).toEqual({ checkpoint: "pen.safetensors", architecture: "lenet5", ...score });
  expect(results[1].accuracy).toBeLessThan(score.accuracy);
});

test("an interrupted training goes on to the bytes of an unbroken one", async () => {
  const args = [...SMALL, "--epochs", "8", "--seed", "3"];
  expect((await cli(...args, "-o", "whole.pth")).status).toBe(0);
  await interrupt(args, "parts.pth");
  expect(existsSync(at("parts.pth"))).toBe(false);
  expect((await cli(...args, "-o", "parts.pth", "--resume")).status).toBe(0);
  expect(await readFile(at("parts.pth"))).toEqual(await readFile(at("whole.pth")));
  expect(await readdir(folder)).not.toContain("parts.pth.resume.safetensors");
});

test("one network is trained on several datasets together, and judged on each", async () => {
  const args = ["train", "--arch", "lenet5", "--data", "pen", "plate", "--limit", "400", "--threads", "1"];
  const options = ["--epochs", "6", "--holdout", "50", "--test-limit", "200", "--augment", "shift=1"];
  const whole = await cli(...args, ...options, "-o", "both.pth", "--json");
  const { training, tests, history } = JSON.parse(whole.stdout);
  expect(training).toEqual([
    { dataset: "pen", count: 350 },
    { dataset: "plate", count: 350 },
  ]);
  // 700 images make 10 batches of 64 an epoch.
  expect(history.map(({ step }: { step: number }) => step)).toEqual([10, 20, 30, 40, 50, 60]);
  const judged = await cli("evaluate", "both.pth", "--data", "pen", "plate", "--limit", "200", "--json");
  expect(tests).toEqual(
    JSON.parse(judged.stdout).results.map(
      ({ checkpoint, architecture, ...score }: object & Record<string, unknown>) => {
        expect([checkpoint, architecture]).toEqual(["both.pth", "lenet5"]);
        return score;
      },
    ),
  );
  await interrupt([...args, ...options], "both-parts.pth");
  const parts = [...args, ...options, "-o", "both-parts.pth"];
  const other = await cli(...parts, "--resume", "--epochs", "7", "--lr", "0.01");
  expect(other.stderr).toBe(
    `error: both-parts.pth.resume.safetensors is of a run with other options: epochs was "6", is now "7"; lr was not given, is now "0.01".
  Give the options of the run that was interrupted, or leave --resume out to begin again.
`,
  );
  expect((await cli(...parts, "--resume")).status).toBe(0);
  expect(await readFile(at("both-parts.pth"))).toEqual(await readFile(at("both.pth")));
});

test("another seed, another network; the same seed, the same bytes", async () => {
  for (const [name, seed] of [
    ["s1.pth", "1"],
    ["s1b.pth", "1"],
    ["s2.pth", "2"],
  ]) {
    await cli(...SMALL, "--epochs", "1", "--seed", seed, "-o", name);
  }
  const [first, again, other] = await Promise.all(["s1.pth", "s1b.pth", "s2.pth"].map((name) => readFile(at(name))));
  expect(first.equals(again)).toBe(true);
  expect(first.equals(other)).toBe(false);
});

test("a module of the user's own can be the architecture", async () => {
  await writeFile(
    at("net.ts"),
    `import { createNetwork } from "onebasin/network";
     const hidden: number = 16;
     export const network = createNetwork("tiny", { input: [1, 32, 32] }, (layers, image) =>
       layers.linear(layers.relu(layers.linear(layers.flatten(image), "first", { in: 1024, out: hidden })), "last", { in: hidden, out: 10 }));`,
  );
  const { status, stdout } = await cli(
    "train",
    "--arch",
    "net.ts",
    "--data",
    "pen",
    "--limit",
    "100",
    "--epochs",
    "1",
    "-o",
    "net.pth",
    "--json",
  );
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ architecture: "net.ts" });
  const { tensors } = JSON.parse((await cli("inspect", "net.pth", "--json")).stdout);
  expect(tensors.map(({ key }: { key: string }) => key)).toEqual([
    "first.weight",
    "first.bias",
    "last.weight",
    "last.bias",
  ]);
});

test("a checkpoint that names a module does not get it run", async () => {
  const { createTensor, save } = await import("../../src/node/index.js");
  await writeFile(at("evil.ts"), `import { writeFileSync } from "node:fs"; writeFileSync("ran", "");`);
  const tensors = new Map([["w", createTensor("f32", [1], [1])]]);
  await save(tensors, at("evil.safetensors"), { metadata: { "onebasin.architecture": "evil.ts" } });
  const { status, stderr } = await cli("evaluate", "evil.safetensors", "--data", "pen");
  expect(status).toBe(1);
  expect(stderr).toContain('It was trained as "evil.ts", which only you can name.');
  expect(await readdir(folder)).not.toContain("ran");
});

test.each([
  ["no architecture", ["train", "--data", "pen"], 2],
  ["an unknown architecture", ["train", "--arch", "vgg17", "--data", "pen"], 1],
  ["an unknown dataset", ["train", "--arch", "lenet5", "--data", "pan"], 1],
  ["an unknown optimizer", [...SMALL, "--optimizer", "sdg"], 1],
  ["an unknown random change", [...SMALL, "--augment", "shfit=2"], 1],
  ["fewer outputs than classes", ["train", "--arch", "lenet5:classes=4", "--data", "pen", "plate"], 1],
  ["a rate that is no number", [...SMALL, "--lr", "fast"], 2],
  ["a rate below 0", [...SMALL, "--lr", "-0.1"], 2],
  ["a share of 1", [...SMALL, "--label-smoothing", "1"], 2],
  ["more images held out than there are", [...SMALL, "--holdout", "600"], 1],
  ["an output that is no checkpoint", [...SMALL, "-o", "net.txt"], 1],
  ["an output below a file", [...SMALL, "-o", "other.safetensors/net.pth"], 1],
  [
    "a start of two networks with nothing in common",
    ["couple", "--arch", "mlp", "--data", "pen", "plate", "-o", "c", "--init", "other.safetensors", "--limit", "100"],
    1,
  ],
  ["nothing to resume", [...SMALL, "--resume", "-o", "never.pth"], 1],
  ["a module that is not there", ["train", "--arch", "no.ts", "--data", "pen"], 1],
  ["a start of another structure", [...SMALL, "--init", "other.safetensors"], 1],
  ["a checkpoint of an unknown network", ["evaluate", "other.safetensors", "--data", "pen"], 1],
  [
    "a checkpoint that is not the named network's",
    ["evaluate", "other.safetensors", "--arch", "lenet5", "--data", "pen"],
    1,
  ],
] as const)("%s: one clear error", async (_, args, expected) => {
  const { createTensor, save } = await import("../../src/node/index.js");
  await save(new Map([["conv1.weight", createTensor("f32", [2, 2], [1, 2, 3, 4])]]), at("other.safetensors"));
  const { status, stdout, stderr } = await cli(...args);
  expect(status).toBe(expected);
  expect(stdout).toBe("");
  expect(stderr).toMatchSnapshot();
});
