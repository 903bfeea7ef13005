import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { folderOf, openFileSource } from "./file-source.js";

const folder = await mkdtemp(join(tmpdir(), "onebasin-"));
afterAll(() => rm(folder, { recursive: true }));
const path = join(folder, "five");
await writeFile(path, Uint8Array.of(1, 2, 3, 4, 5));

test("a file is read at any place", async () => {
  const source = await openFileSource(path);
  expect(source).toMatchObject({ name: path, path, size: 5 });
  expect(await source.read(1, 3)).toEqual(Uint8Array.of(2, 3, 4));
  expect(await source.read(5, 0)).toEqual(new Uint8Array(0));
  await source.close?.();
  await source.close?.();
});

test("reading past the end says that the file ends early", async () => {
  const source = await openFileSource(path);
  for (const [offset, length] of [
    [3, 3],
    [-1, 1],
    [0, Number.NaN],
    [0, 2 ** 60],
  ]) {
    await expect(source.read(offset, length)).rejects.toMatchObject({ code: "bad-file" });
  }
  await source.close?.();
});

test("missing files and folders are told apart", async () => {
  await expect(openFileSource(join(folder, "no"))).rejects.toMatchObject({ code: "missing-data" });
  await expect(openFileSource(folder)).rejects.toMatchObject({ code: "bad-argument" });
});

test("a closed file is opened again by the next read", async () => {
  const source = await openFileSource(path);
  const before = await source.read(0, 2);
  await source.close?.();
  expect(await source.read(0, 2)).toEqual(before);
  await source.close?.();
});

test("a neighbour is opened by its plain name only", async () => {
  const { open } = folderOf(join(folder, "index.json"));
  const neighbour = await open("five");
  expect(neighbour.size).toBe(5);
  await neighbour.close?.();
  for (const name of ["../five", "..", ".", "", "/etc/passwd", "a/b", "a\\b", "c:five", "five\0"]) {
    await expect(open(name)).rejects.toMatchObject({ code: "bad-file" });
  }
});
