import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { CheckpointFormat } from "../../src/checkpoint/format.js";
import { npz } from "../../src/checkpoint/formats/npz.js";
import { safetensors } from "../../src/checkpoint/formats/safetensors.js";
import { torch } from "../../src/checkpoint/formats/torch.js";
import type { OutputTensor } from "../../src/checkpoint/layout.js";
import { assembleOutput } from "../support/assemble-output.js";
import { sampleStateDict } from "../support/sample-state-dict.js";

const python = process.env.ONEBASIN_PYTHON ?? "python3";
const hasModule = (name: string) => spawnSync(python, ["-c", `import ${name}`]).status === 0;

const folder = await mkdtemp(join(tmpdir(), "onebasin-"));
afterAll(() => rm(folder, { recursive: true }));

/** Loads a file in Python and prints what it holds: [key, shape, bytes in hexadecimal] of each tensor. */
const SCRIPT = `
import json, sys
path = sys.argv[1]
versions = storages = None
if path.endswith(".npz"):
    import numpy
    state = dict(numpy.load(path))
    raw = lambda value: value.tobytes().hex()
else:
    import torch
    raw = lambda value: bytes(value.flatten().view(torch.uint8).tolist()).hex() if value.numel() else ""
if path.endswith(".pth"):
    import zipfile
    assert zipfile.ZipFile(path).testzip() is None, "a checksum is wrong"
    state = torch.load(path, weights_only=True)
    versions = getattr(state, "_metadata", None)
    storages = len({value.untyped_storage().data_ptr() for value in state.values() if value.numel()})
if path.endswith(".safetensors"):
    from safetensors.torch import load_file
    state = load_file(path)
tensors = [[key, list(value.shape), raw(value)] for key, value in state.items()]
print(json.dumps({"tensors": tensors, "versions": versions, "storages": storages}))
`;

async function loadedByPython(
  format: CheckpointFormat,
  tensors: ReturnType<typeof sampleStateDict>,
  tied: string[] = [],
) {
  const fileName = `m${format.extensions[0]}`;
  const outputs = [...tensors].map(
    ([key, { dtype, shape }]): OutputTensor => ({ key, dtype, shape, tie: tied.includes(key) ? "one" : undefined }),
  );
  const moduleVersions = new Map([
    ["", 1],
    ["layer", 2],
  ]);
  const layout = format.layout!(outputs, { fileName, moduleVersions, metadata: { note: "é" } });
  await writeFile(join(folder, fileName), assembleOutput(layout, tensors).get(fileName)!);
  return JSON.parse(execFileSync(python, ["-c", SCRIPT, join(folder, fileName)], { encoding: "utf8" }));
}

const expectedTensors = (tensors: ReturnType<typeof sampleStateDict>) =>
  [...tensors].map(([key, { shape, bytes }]) => [key, shape, Buffer.from(bytes).toString("hex")]);

test.skipIf(!hasModule("torch"))(
  "PyTorch loads a .pth with weights_only=True, in order and with its versions",
  async () => {
    const tensors = sampleStateDict();
    const loaded = await loadedByPython(torch, tensors);
    expect(loaded.tensors).toEqual(expectedTensors(tensors));
    expect(loaded.versions).toEqual({ "": { version: 1 }, layer: { version: 2 } });
  },
);

test.skipIf(!hasModule("torch"))("tied tensors share a storage in PyTorch", async () => {
  const shared = sampleStateDict().get("cpu")!;
  const tensors = new Map([
    ["embedding", shared],
    ["output", shared],
    ["other", shared],
  ]);
  const loaded = await loadedByPython(torch, tensors, ["embedding", "output"]);
  expect(loaded.storages).toBe(2);
  expect(loaded.tensors).toEqual(expectedTensors(tensors));
});

test.skipIf(!hasModule("safetensors"))("the safetensors library loads what was written", async () => {
  const tensors = sampleStateDict(["c128"]);
  const loaded = await loadedByPython(safetensors, tensors);
  expect(new Map(loaded.tensors.map(([key, ...rest]: [string]) => [key, rest]))).toEqual(
    new Map(expectedTensors(tensors).map(([key, ...rest]) => [key, rest])),
  );
});

test.skipIf(!hasModule("numpy"))("NumPy loads a .npz", async () => {
  const tensors = sampleStateDict(["bf16", "f8_e4m3", "f8_e5m2"]);
  const loaded = await loadedByPython(npz, tensors);
  expect(loaded.tensors).toEqual(expectedTensors(tensors));
});
