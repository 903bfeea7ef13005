import { expect, test } from "vitest";
import { bytesSource } from "./byte-source.js";
import { openCheckpoint } from "./open-checkpoint.js";

const text = (value: string) => Uint8Array.from(value, (character) => character.charCodeAt(0));

test.each([
  ["", /is not a checkpoint: it looks like an empty file/],
  ["<!DOCTYPE html><html>", /an HTML page/],
  ["version https://git-lfs.github.com/spec/v1\noid sha256:00", /a git-lfs pointer/],
  ['{"model_type": "llama"}', /a JSON document/],
  ["\x89HDF\r\n\x1a\n", /an HDF5 file/],
  ["\x1f\x8b\x08", /a gzip archive/],
  ["sys_info\0\0\0", /a checkpoint from before PyTorch 0.2/],
  ["hello there, this is text", /a text file/],
  ["\x01\x02\x03", /is not a checkpoint\.$/],
])("%j is told apart from a checkpoint", async (content, message) => {
  await expect(openCheckpoint(bytesSource("model", text(content)))).rejects.toThrow(message);
});
