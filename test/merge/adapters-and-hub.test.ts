import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.js";
import { save, toStateDict } from "../../src/node/index.js";
import { openRecipe, saveRecipe } from "../../src/node/merge-recipe.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../../src/tensor/tensor.js";

let folder: string;
let server: Server;
const requests: { url: string; range?: string; token?: string }[] = [];
const at = (...names: string[]): string => join(folder, ...names);

function normals(name: string, count: number): number[] {
  const random = createRandom(1, name);
  return Array.from({ length: count }, () => random.normal());
}
const tensor = (name: string, shape: number[]): Tensor =>
  createTensor("f32", shape, normals(name, shape[0] * (shape[1] ?? 1)));

const BASE: StateDict = new Map([
  ["model.layers.0.q_proj.weight", tensor("w", [300, 400])],
  ["model.norm.weight", tensor("n", [400])],
]);
const RANK = 4;
const A = normals("A", RANK * 400);
const B = normals("B", 300 * RANK);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-adapter-"));
  for (const name of ["base", "adapter", "hub/org/model", "rslora"]) await mkdir(at(name), { recursive: true });
  for (const name of ["base", "hub/org/model"]) {
    await save(BASE, at(name, "model.safetensors"));
    await writeFile(at(name, "config.json"), JSON.stringify({ num_hidden_layers: 1 }));
  }
  const key = "base_model.model.model.layers.0.q_proj";
  for (const [name, rslora] of [
    ["adapter", false],
    ["rslora", true],
  ] as const) {
    await save(
      new Map([
        [`${key}.lora_A.weight`, createTensor("f32", [RANK, 400], A)],
        [`${key}.lora_B.weight`, createTensor("f32", [300, RANK], B)],
      ]),
      at(name, "adapter_model.safetensors"),
    );
    const config = { peft_type: "LORA", r: RANK, lora_alpha: 8, use_rslora: rslora };
    await writeFile(at(name, "adapter_config.json"), JSON.stringify(config));
  }
  server = createServer((request, response) => {
    void answer(request.url ?? "", request.headers).then(([status, headers, body]) =>
      response.writeHead(status, headers).end(body),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.env.HF_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.HF_TOKEN = "secret";
});
afterAll(async () => {
  delete process.env.HF_ENDPOINT;
  delete process.env.HF_TOKEN;
  server.close();
  await rm(folder, { recursive: true });
});

let failures = 0;
async function answer(
  url: string,
  headers: { range?: string; authorization?: string },
): Promise<[number, Record<string, string>, Buffer | string]> {
  requests.push({ url, range: headers.range, token: headers.authorization });
  if (url.startsWith("/api/models/org/model/")) {
    return [
      200,
      {},
      JSON.stringify({ sha: "abc123", siblings: [{ rfilename: "model.safetensors" }, { rfilename: "config.json" }] }),
    ];
  }
  const file = /^\/org\/model\/resolve\/abc123\/(.+)$/.exec(url)?.[1];
  if (file === undefined) return [404, {}, ""];
  // A passing failure, once.
  if (failures++ === 1) return [503, {}, ""];
  const bytes = await readFile(at("hub/org/model", file));
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
  const part = bytes.subarray(Number(from), Number(to) + 1);
  return [206, { "content-range": `bytes ${from}-${to}/${bytes.length}` }, part];
}

async function run(model: string) {
  const path = at("recipe.yml");
  await writeFile(path, `merge_method: linear\nmodels: [{ model: "${model}" }]\n`);
  await saveRecipe(await openRecipe(path), at("out"), {});
  return toStateDict(at("out/model.safetensors"));
}

test.each([
  ["adapter", 8 / RANK],
  ["rslora", 8 / Math.sqrt(RANK)],
])("base+%s is the base plus scale·B·A", async (adapter, scale) => {
  const state = await run(`base+${adapter}`);
  const found = tensorNumbers(state.get("model.layers.0.q_proj.weight") as Tensor);
  const weight = tensorNumbers(BASE.get("model.layers.0.q_proj.weight") as Tensor);
  for (const [row, column] of [
    [0, 0],
    [7, 399],
    [299, 399],
    [163, 200],
  ]) {
    let expected = weight[row * 400 + column];
    for (let k = 0; k < RANK; k++)
      expected += scale * Math.fround(B[row * RANK + k]) * Math.fround(A[k * 400 + column]);
    expect(found[row * 400 + column]).toBeCloseTo(expected, 5);
  }
  expect(state.get("model.norm.weight")).toEqual(BASE.get("model.norm.weight"));
});

test("an adapter for another model is refused with every module that does not fit", async () => {
  await mkdir(at("other"), { recursive: true });
  const key = "base_model.model.encoder.query";
  await save(
    new Map([
      [`${key}.lora_A.weight`, createTensor("f32", [1, 2], [1, 2])],
      [`${key}.lora_B.weight`, createTensor("f32", [2, 1], [1, 2])],
    ]),
    at("other/adapter_model.safetensors"),
  );
  await writeFile(at("other/adapter_config.json"), JSON.stringify({ peft_type: "LORA", lora_alpha: 1 }));
  await expect(run("base+other")).rejects.toThrow('Module "encoder.query"');
});

test("a model on the Hub is read by ranges, with the user's token, through a passing failure", async () => {
  const state = await run("org/model");
  for (const [key, value] of BASE) expect(state.get(key)).toEqual(value);
  const ranged = requests.filter(({ url }) => url.endsWith("model.safetensors"));
  expect(ranged.length).toBeGreaterThan(1);
  expect(ranged.every(({ range }) => range !== undefined)).toBe(true);
  expect(requests.every(({ token }) => token === "Bearer secret")).toBe(true);
  expect((await stat(at("out/config.json"))).isFile()).toBe(true);
});

test("a name that is neither here nor on the Hub is said to be missing", async () => {
  await expect(run("org/nothing")).rejects.toThrow(
    /There is no file or folder org\/nothing, and on the Hub .* answers 404/,
  );
});
