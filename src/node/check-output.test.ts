import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkOutputCheckpoint, checkOutputFile, checkOutputFolder } from "./check-output.js";
import { writeBytes } from "./training-files.js";

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-output-"));
  await writeFile(at("file"), "");
  await mkdir(at("folder.pth"));
});
afterAll(() => rm(folder, { recursive: true }));

test("what could be written is let through, and nothing is made", async () => {
  await checkOutputCheckpoint(at("new", "deep", "x.pth"));
  await checkOutputCheckpoint("x.safetensors");
  await checkOutputFile(at("file"));
  await checkOutputFolder(at("new"));
  await checkOutputFolder(at("folder.pth"));
  expect(await readdir(folder)).toEqual(["file", "folder.pth"]);
});

test.each([
  ["a folder in the way", () => checkOutputCheckpoint(at("folder.pth")), "folder.pth is a folder; a file is to be"],
  ["an unknown extension", () => checkOutputCheckpoint(at("x.txt")), "The extension of x.txt is none"],
  ["no extension", () => checkOutputCheckpoint(at("x")), 'The output\'s name, "x", has no extension'],
  ["a file where its folder would be", () => checkOutputFile(at("file", "x.svg")), "file cannot be a folder"],
  ["a file on the way to its folder", () => checkOutputFolder(at("file", "a", "b")), "cannot be a folder"],
])("%s is told before the work", async (_, check, message) => {
  await expect(check()).rejects.toThrow(message);
});

test("a file makes the folders that it lies in, and one that cannot be written leaves nothing behind", async () => {
  await writeBytes(at("made", "deep", "x.svg"), new Uint8Array(3));
  expect(await readdir(at("made", "deep"))).toEqual(["x.svg"]);
  const before = await readdir(folder);
  await expect(writeBytes(at("folder.pth"), new Uint8Array(3))).rejects.toMatchObject({
    code: "io",
    message: `${at("folder.pth")} cannot be written: a folder of that name is there.`,
  });
  expect(await readdir(folder)).toEqual(before);
});
