import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.js";
import { open, readTensor, type StateDict, save } from "../../src/node/index.js";
import type { DType } from "../../src/tensor/dtype.js";
import { createTensor, type Tensor, tensorNumbers } from "../../src/tensor/tensor.js";
import { runCli } from "../support/run-cli.js";

let folder: string;
const at = (name: string): string => join(folder, name);

/** A small convolutional network's state dict, its numbers drawn from the seed. */
function stateDict(seed: number, dtype: DType = "f32"): StateDict {
  const random = createRandom(seed, "test");
  const floats = (...shape: number[]): Tensor => {
    const count = shape.reduce((product, size) => product * size, 1);
    return createTensor(
      dtype,
      shape,
      Array.from({ length: count }, () => random.normal()),
    );
  };
  return new Map([
    ["conv.weight", floats(8, 3, 3, 3)],
    ["conv.bias", floats(8)],
    ["bn.weight", floats(8)],
    ["bn.running_mean", floats(8)],
    [
      "bn.running_var",
      createTensor(
        dtype,
        [8],
        Array.from({ length: 8 }, () => random.uniform()),
      ),
    ],
    ["bn.num_batches_tracked", createTensor("i64", [], [seed])],
    ["head.weight", floats(10, 300)],
  ]);
}

/** Enough numbers for several threads and several jobs a tensor. */
function largeStateDict(seed: number): StateDict {
  const count = 6_000_001;
  const values = new Float32Array(count);
  // A short linear congruential walk: quick, and no block is like another.
  for (let i = 0, state = seed; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = state * 2 ** -32;
  }
  const large: Tensor = { dtype: "f32", shape: [count], bytes: new Uint8Array(values.buffer) };
  return new Map([...stateDict(seed), ["large", large]]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-cli-"));
  for (const seed of [1, 2]) {
    await save(stateDict(seed), at(`m${seed}.pth`));
    await save(stateDict(seed), at(`m${seed}.safetensors`));
    await save(largeStateDict(seed), at(`large${seed}.safetensors`));
  }
});

afterAll(() => rm(folder, { recursive: true }));

async function numbersOf(path: string): Promise<Record<string, number[]>> {
  const checkpoint = await open(path);
  const entries = await Promise.all(
    [...checkpoint.entries.keys()].map(
      async (key) => [key, [...tensorNumbers(await readTensor(checkpoint, key))]] as const,
    ),
  );
  await Promise.all(checkpoint.sources.map((source) => source.close?.()));
  return Object.fromEntries(entries) as Record<string, number[]>;
}

test("two files become their sum, and the command says what it did", async () => {
  const { status, stdout, stderr } = await runCli(["merge", "m1.pth", "m2.pth", "--method", "sum", "-o", "sum.pth"], {
    cwd: folder,
  });
  expect(status).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "sum.pth: 7 keys (6 sum; 1 copy of a), 15.8 kB
    "
  `);
  // A slow machine also prints progress.
  const notes = stderr.split("\n").filter((line) => line.startsWith("note:"));
  expect(notes).toHaveLength(1);
  expect(notes[0]).toContain("The running statistics of 1 batch-norm layer were combined like the parameters");
  const [a, b, sum] = await Promise.all(["m1.pth", "m2.pth", "sum.pth"].map((name) => numbersOf(at(name))));
  for (const key of Object.keys(a)) {
    const expected = key.endsWith("tracked") ? a[key] : a[key].map((x, i) => Math.fround(x + b[key][i]));
    expect(sum[key], key).toEqual(expected);
  }
});

test("the result is one object with --json, and silence otherwise with --quiet", async () => {
  const json = await runCli(["merge", "m1.pth", "m2.safetensors", "-o", "j.safetensors", "--json", "--quiet"], {
    cwd: folder,
  });
  expect(json).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(json.stdout)).toMatchObject({ output: "j.safetensors", keys: 7 });
  const dry = await runCli(["merge", "m1.pth", "m2.pth", "--rule", "head.*: copy b", "--dry-run", "--json"], {
    cwd: folder,
  });
  const { tensors } = JSON.parse(dry.stdout);
  expect(tensors).toHaveLength(7);
  expect(tensors.at(-1)).toEqual({
    key: "head.weight",
    shape: [10, 300],
    dtype: "f32",
    role: "parameter",
    how: "copy of b",
  });
});

test("models can be named", async () => {
  const result = await runCli(["merge", "x=m1.pth", "y=m2.pth", "--expr", "x - y", "-o", "n.pth", "--quiet"], {
    cwd: folder,
  });
  expect(result).toMatchObject({ status: 0, stderr: "" });
  const [a, b, n] = await Promise.all(["m1.pth", "m2.pth", "n.pth"].map((name) => numbersOf(at(name))));
  expect(n["conv.bias"]).toEqual(a["conv.bias"].map((x, i) => Math.fround(x - b["conv.bias"][i])));
});

test.each(["linear", "slerp", "geometric_mean"])(
  "%s gives the same bytes for any number of threads and any memory",
  async (method) => {
    const outputs: Buffer[] = [];
    for (const flags of [
      ["--threads", "1"],
      ["--threads", "2"],
      ["--threads", "3", "--memory", "400MiB"],
    ]) {
      const args = [
        "merge",
        "large1.safetensors",
        "large2.safetensors",
        "--method",
        method,
        "-o",
        "t.safetensors",
        ...flags,
        "--quiet",
      ];
      expect(await runCli(args, { cwd: folder })).toMatchObject({ status: 0, stderr: "" });
      outputs.push(await readFile(at("t.safetensors")));
    }
    expect(outputs[1].equals(outputs[0])).toBe(true);
    expect(outputs[2].equals(outputs[0])).toBe(true);
  },
);

test("checksums of a .pth written by several threads are right", async () => {
  await runCli(["merge", "large1.safetensors", "large2.safetensors", "-o", "large.pth", "--threads", "3", "--quiet"], {
    cwd: folder,
  });
  const { unzipSync } = await import("fflate");
  const { crc32 } = await import("../../src/checkpoint/crc32.js");
  const bytes = await readFile(at("large.pth"));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const entries = unzipSync(bytes);
  const names = Object.keys(entries);
  let position = 0;
  for (const name of names) {
    expect(view.getUint32(position, true)).toBe(0x04034b50);
    expect(view.getUint32(position + 14, true), name).toBe(crc32(entries[name]));
    position += 30 + view.getUint16(position + 26, true) + view.getUint16(position + 28, true) + entries[name].length;
  }
  expect(names.length).toBeGreaterThan(8);
});

test("a reader that closes its end early (`| head`) does not disturb a command", async () => {
  const args = ["merge", "m1.pth", "m2.pth", "-o", "unread.pth"];
  const { status, stderr } = await runCli(args, { cwd: folder, unread: true });
  expect(stderr).not.toContain("Error");
  expect(status).toBe(0);
  await rm(at("unread.pth"));
});

/** Everything in the folder, so that a test can tell that nothing was added. */
const listing = async (): Promise<string[]> => (await readdir(folder)).sort();

test("an interrupted merge leaves nothing behind, or is complete", async () => {
  const before = await listing();
  const formula = ["--expr", "exp(a)*tanh(b)+log(abs(a))"];
  const args = ["merge", "large1.safetensors", "large2.safetensors", ...formula, "-o", "i.safetensors"];
  expect((await runCli(args, { cwd: folder })).status).toBe(0);
  const whole = await readFile(at("i.safetensors"));
  await rm(at("i.safetensors"));
  for (const interruptAfter of [130, 160, 200, 260]) {
    const { status, stderr } = await runCli(args, { cwd: folder, interruptAfter });
    // Node itself answers (without a status) while it starts and while it ends.
    expect([130, null, 0]).toContain(status);
    expect(stderr).not.toContain("at ");
    const complete = existsSync(at("i.safetensors"));
    if (status !== null) expect(complete).toBe(status === 0);
    if (complete) {
      expect((await readFile(at("i.safetensors"))).equals(whole)).toBe(true);
      await rm(at("i.safetensors"));
    }
    expect(await listing()).toEqual(before);
  }
});

test.each([
  ["a file that is not there", ["merge", "m1.pth", "none.pth", "-o", "x.pth"]],
  ["a file that is no checkpoint", ["merge", "m1.pth", "page.html", "-o", "x.pth"]],
  ["a file cut short", ["merge", "m1.safetensors", "short.safetensors", "-o", "x.pth"]],
  ["a header that lies", ["merge", "m1.safetensors", "lying.safetensors", "-o", "x.pth"]],
  ["a pickle that wants to run a command", ["merge", "m1.pth", "evil.pth", "-o", "x.pth"]],
  ["models of other shape", ["merge", "m1.pth", "other.pth", "-o", "x.pth"]],
  ["an unknown name in a formula", ["merge", "m1.pth", "m2.pth", "--expr", "a + bb", "-o", "x.pth"]],
  ["a weight list of the wrong length", ["merge", "m1.pth", "m2.pth", "--weights", "1,2,3", "-o", "x.pth"]],
  ["weights that are no numbers", ["merge", "m1.pth", "m2.pth", "--weights", "1,x", "-o", "x.pth"]],
  ["an unknown extension", ["merge", "m1.pth", "m2.pth", "-o", "x.bin2"]],
  ["an unknown dtype", ["merge", "m1.pth", "m2.pth", "--dtype", "f12", "-o", "x.pth"]],
  ["a dtype that is no float", ["merge", "m1.pth", "m2.pth", "--dtype", "i32", "-o", "x.pth"]],
  ["too little memory", ["merge", "m1.pth", "m2.pth", "--memory", "10MB", "-o", "x.pth"]],
  ["an output that is an input", ["merge", "m1.pth", "m2.pth", "-o", "m2.pth"]],
  ["a read-only file in the way", ["merge", "m1.pth", "m2.pth", "-o", "kept.pth"]],
  ["shards of a format without shards", ["merge", "m1.pth", "m2.pth", "-o", "x.pth", "--shard-size", "1KB"]],
  ["an output without an extension", ["merge", "m1.pth", "m2.pth", "-o", "merged"]],
  ["next to no memory", ["merge", "m1.pth", "m2.pth", "--memory", "1", "-o", "x.pth"]],
  ["a folder as output", ["merge", "m1.pth", "m2.pth", "-o", "folder.pth"]],
])("%s: one error, exit 1, nothing written", async (_, args) => {
  await writeFile(at("page.html"), "<!doctype html><html><body>Not found</body></html>");
  await writeFile(at("short.safetensors"), (await readFile(at("m2.safetensors"))).subarray(0, 9000));
  const lying = Buffer.from(await readFile(at("m2.safetensors")));
  await writeFile(
    at("lying.safetensors"),
    Buffer.from(lying.toString("latin1").replace("[10,300]", "[10,301]"), "latin1"),
  );
  // cos\nsystem\n(S'echo hello'\ntR. in the legacy format's place of a state dict
  await writeFile(at("evil.pth"), Buffer.from("\x80\x02cos\nsystem\n(X\x0a\x00\x00\x00echo hellotR.", "latin1"));
  await save(new Map([...stateDict(3), ["conv.weight", createTensor("f32", [2], [1, 2])]]), at("other.pth"));
  await (await import("node:fs/promises")).mkdir(at("folder.pth"), { recursive: true });
  await writeFile(at("kept.pth"), "precious");
  await chmod(at("kept.pth"), 0o444);
  const before = await listing();
  const { status, stdout, stderr } = await runCli(args, { cwd: folder });
  await chmod(at("kept.pth"), 0o644);
  expect(status).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatchSnapshot();
  expect(await listing()).toEqual(before);
});

test.each([
  ["no output", ["merge", "m1.pth", "m2.pth"]],
  ["an unknown option", ["merge", "m1.pth", "--metod", "sum"]],
  ["an unknown command", ["mrege", "m1.pth"]],
  ["no models", ["merge"]],
  ["a size that is none", ["merge", "m1.pth", "m2.pth", "-o", "x.pth", "--memory", "much"]],
  ["a count that is none", ["merge", "m1.pth", "m2.pth", "-o", "x.pth", "--threads", "0"]],
  ["images that are not looked at", ["merge", "m1.pth", "m2.pth", "-o", "x.pth", "--data", "pen", "--limit", "9"]],
  ["a recipe with a model beside it", ["merge", "recipe.yml", "m2.pth", "-o", "x"]],
  ["a name that a formula would take for a difference", ["merge", "a-b=m1.pth", "m2.pth", "-o", "x.pth"]],
  ["an unknown policy", ["merge", "m1.pth", "m2.pth", "-o", "x.pth", "--buffers", "keep"]],
])("%s: exit 2", async (_, args) => {
  const { status, stdout, stderr } = await runCli(args, { cwd: folder });
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatchSnapshot();
});

test("keys of strangers do not steer the terminal", async () => {
  await save(new Map([["\u001b[31mred\nkey", createTensor("f32", [1], [1])]]), at("steering.safetensors"));
  const inspected = await runCli(["inspect", "steering.safetensors"], { cwd: folder });
  expect(inspected.stdout).toContain("\\x1b[31mred\\x0akey  [1]");
  const merged = await runCli(["merge", "steering.safetensors", "m1.pth", "-o", "x.pth"], { cwd: folder });
  expect(merged.stderr).toContain("\\x1b[31mred");
  const json = await runCli(["inspect", "steering.safetensors", "--json"], { cwd: folder });
  expect(JSON.parse(json.stdout).tensors[0].key).toBe("\u001b[31mred\nkey");
});

test("a disk that fills up is one clear error, and nothing is left", async () => {
  const before = await listing();
  // A limit on the size of files stands in for a full disk: the write fails in the same place.
  const { status, stderr } = await runCli(
    ["merge", "large1.safetensors", "large2.safetensors", "-o", "x.safetensors", "--quiet"],
    {
      cwd: folder,
      command: ["bash", "-c", 'trap "" XFSZ; ulimit -f 4000; exec "$@"', "limited"],
    },
  );
  expect(status).toBe(1);
  expect(stderr).toMatchInlineSnapshot(`
    "error: x.safetensors cannot be written: the disk is full.
      Free some space, or write to another disk. Nothing was left behind.
    "
  `);
  expect(await listing()).toEqual(before);
});

test("a file that shrinks after it was opened is an error, not a hang", async () => {
  await save(largeStateDict(3), at("shrinking.safetensors"));
  const { merge } = await import("../../src/node/index.js");
  const plan = await merge([at("large1.safetensors"), at("shrinking.safetensors")]);
  await truncate(at("shrinking.safetensors"), 1_000_000);
  await expect(save(plan, at("x.safetensors"))).rejects.toMatchObject({ code: "bad-file" });
  await rm(at("shrinking.safetensors"));
  expect(await listing()).not.toContain("x.safetensors");
});

test("merging loads neither the ONNX runtime nor a chart library", async () => {
  const script = `
    const { merge, save } = await import("${new URL("../../dist/node/index.js", import.meta.url).href}");
    await save(await merge(["m1.pth", "m2.pth"]), "l.pth");
    const loaded = process.report.getReport().sharedObjects.filter((name) => name.includes("onnxruntime"));
    console.log(JSON.stringify(loaded));`;
  const { execFileSync } = await import("node:child_process");
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: folder, encoding: "utf8" });
  expect(out.trim()).toBe("[]");
});
