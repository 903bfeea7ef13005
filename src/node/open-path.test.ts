import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { assembleOutput } from "../../test/support/assemble-output.js";
import { sampleStateDict } from "../../test/support/sample-state-dict.js";
import { closeCheckpoint } from "../checkpoint/checkpoint.js";
import { readTensor } from "../checkpoint/read-tensor.js";
import { layoutSafetensors } from "../checkpoint/safetensors/layout.js";
import { openPath } from "./open-path.js";

const root = await mkdtemp(join(tmpdir(), "onebasin-"));
afterAll(() => rm(root, { recursive: true }));

const tensors = sampleStateDict(["c128"]);
const outputs = [...tensors].map(([key, { dtype, shape }]) => ({ key, dtype, shape }));
const sharded = join(root, "sharded");
const indexPath = join(sharded, "model.safetensors.index.json");

beforeAll(async () => {
  await mkdir(sharded);
  const layout = layoutSafetensors(outputs, { fileName: "model.safetensors", shardSize: 100 });
  for (const [name, bytes] of assembleOutput(layout, tensors)) await writeFile(join(sharded, name), bytes);
});

test.each([
  ["its index", indexPath],
  ["its folder", sharded],
])("a sharded checkpoint is one checkpoint, given by %s", async (_, path) => {
  const checkpoint = await openPath(path);
  expect(checkpoint.sources.length).toBeGreaterThan(2);
  expect([...checkpoint.entries.keys()]).toEqual([...tensors.keys()]);
  for (const [key, tensor] of tensors) expect(await readTensor(checkpoint, key)).toEqual(tensor);
  await closeCheckpoint(checkpoint);
});

test("one shard opens alone, with a note", async () => {
  const first = (await readdir(sharded)).sort()[0];
  const checkpoint = await openPath(join(sharded, first));
  expect(checkpoint.notes[0]).toMatch(/^This is one of \d files/);
  await closeCheckpoint(checkpoint);
});

/** A folder of its own with the given index and one shard that holds the key "here". */
async function folderWith(name: string, weightMap: Record<string, string>): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  const one = new Map([["here", tensors.get("cpu")!]]);
  const layout = layoutSafetensors([{ key: "here", dtype: "f32", shape: [300] }], { fileName: "a.safetensors" });
  for (const [file, bytes] of assembleOutput(layout, one)) await writeFile(join(folder, file), bytes);
  await writeFile(join(folder, "m.safetensors.index.json"), JSON.stringify({ weight_map: weightMap }));
  return folder;
}

test("every disagreement between an index and its shards is reported", async () => {
  const folder = await folderWith("lying", { gone: "a.safetensors", lost: "b.safetensors", out: "../c.safetensors" });
  const error = await openPath(folder).catch((thrown: unknown) => thrown);
  const messages = (error as { problems: Error[] }).problems.map(({ message }) => message.replaceAll(root, ""));
  expect(messages).toMatchInlineSnapshot(`
    [
      "/lying/m.safetensors.index.json points at "../c.safetensors", outside its own folder.",
      "/lying/m.safetensors.index.json: it says that a.safetensors holds "gone", which it does not.",
      "/lying/m.safetensors.index.json: it does not say that a.safetensors holds "here", which it does.",
      "There is no file /lying/b.safetensors.",
    ]
  `);
});

test("a folder with one checkpoint opens, one with several or none does not", async () => {
  const folder = join(root, "plain");
  await mkdir(folder);
  await expect(openPath(folder)).rejects.toMatchObject({ code: "missing-data" });
  const layout = layoutSafetensors(outputs, { fileName: "a.safetensors" });
  const bytes = assembleOutput(layout, tensors).get("a.safetensors")!;
  await writeFile(join(folder, "a.safetensors"), bytes);
  await closeCheckpoint(await openPath(folder));
  await writeFile(join(folder, "b.safetensors"), bytes);
  await expect(openPath(folder)).rejects.toThrow(/holds 2 checkpoints: a.safetensors, b.safetensors/);
});
