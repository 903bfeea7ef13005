import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { derivePermutationSpec } from "../../src/align/spec/derive-spec.js";
import { applyPermutation } from "../../src/align/unit-maps/apply-permutation.js";
import { randomPermutation } from "../../src/align/unit-maps/random-permutation.js";
import { createInitialState } from "../../src/network/initial-state.js";
import { parseArchitecture } from "../../src/network/parse-architecture.js";
import { save, toStateDict } from "../../src/node/index.js";
import { openRecipe, saveRecipe } from "../../src/node/merge-recipe.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../../src/tensor/tensor.js";

let folder: string;
const at = (name: string): string => join(folder, name);
const { network } = parseArchitecture("lenet5");
let first: StateDict;

/** The network with its units in another order, which computes the same. */
function shuffled(state: StateDict): StateDict {
  const spec = derivePermutationSpec(network);
  return applyPermutation(state, randomPermutation(spec, { seed: 4 }), { spec });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-align-"));
  first = createInitialState(network, { seed: 1 });
  await save(first, at("first.safetensors"));
  await save(shuffled(first), at("other.pth"));
  const chain = new Map([
    ["0.weight", createTensor("f32", [3, 2], [1, 2, 3, 4, 5, 6])],
    ["0.bias", createTensor("f32", [3], [1, 2, 3])],
    ["2.weight", createTensor("f32", [2, 3], [1, 2, 3, 4, 5, 6])],
  ]);
  const turned = new Map([
    ["0.weight", createTensor("f32", [3, 2], [5, 6, 1, 2, 3, 4])],
    ["0.bias", createTensor("f32", [3], [3, 1, 2])],
    ["2.weight", createTensor("f32", [2, 3], [3, 1, 2, 6, 4, 5])],
  ]);
  await save(chain, at("chain.npz"));
  await save(turned, at("turned.npz"));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
async function run(text: string) {
  const name = `recipe${count++}`;
  await writeFile(at(`${name}.yml`), text);
  const opened = await openRecipe(at(`${name}.yml`));
  const { notes } = await saveRecipe(opened, at(name), { threads: 1 });
  return { state: await toStateDict(at(name)), notes, planned: opened.plan.notes };
}

function expectSame(found: StateDict, expected: StateDict): void {
  for (const [key, tensor] of expected) {
    const [got, wanted] = [found.get(key) as Tensor, tensor].map(tensorNumbers);
    for (const [i, value] of wanted.entries()) expect(got[i], key).toBeCloseTo(value, 5);
  }
}

const MEAN =
  "merge_method: linear\nmodels:\n  - model: first.safetensors\n    parameters: { weight: 1 }\n  - model: other.pth\n    parameters: { weight: 1 }\n";

describe("align", () => {
  test("by weights, the network told by the keys, undoes another order of units", async () => {
    const { state, notes, planned } = await run(`${MEAN}align: weights\n`);
    expectSame(state, first);
    expect(planned.join()).toContain('units are put in the order of first.safetensors by "weights"');
    expect(notes.join()).toMatch(/Aligned by weights: ‖first\.safetensors − other\.pth‖ \d+\.\d+, now 0\.000\./);
    // Without it, the mean is another network.
    const [key] = [...first.keys()];
    const plain = tensorNumbers((await run(MEAN)).state.get(key) as Tensor);
    expect(plain).not.toEqual(tensorNumbers(first.get(key) as Tensor));
  });

  test("by activations, on images, with the network and the parameters named", async () => {
    const { state, notes } = await run(
      `${MEAN}align: { using: activations }\narch: lenet5\ndata: [pen, plate]\nimages: 200\nseed: 3\n`,
    );
    expect(state.size).toBe(first.size);
    // An untrained network has units that no image wakes, whose order nothing tells; the others find theirs.
    const [, before, after] = /Aligned by activations: .* (\d+\.\d+), now (\d+\.\d+)\./.exec(notes.join()) ?? [];
    expect(Number(after)).toBeLessThan(Number(before) / 2);
  });

  test("of a plain chain of layers needs to know no network", async () => {
    const chain =
      "merge_method: slerp\nbase_model: chain.npz\nmodels: [{ model: chain.npz }, { model: turned.npz }]\nparameters: { t: 0.4 }\n";
    const { state } = await run(`${chain}align: weights\n`);
    expectSame(state, await toStateDict(at("chain.npz")));
  });
});

async function failure(text: string): Promise<string> {
  const path = at("wrong.yml");
  await writeFile(path, text);
  return openRecipe(path).then(
    () => "accepted",
    (error: Error) => error.message.replaceAll(folder, ""),
  );
}

test("everything that is wrong with it is said with line and column, with all that is wrong besides", async () => {
  expect(
    await failure(
      `merge_method: slurp\nmodels: [{ model: first.safetensors }]\nalign: { using: wieghts }\narch: ./evil.ts\ndata: [pen, mnits]\nimages: many\nrules: ["*.bias"]\n`,
    ),
  ).toMatchInlineSnapshot(`
    "6 problems with /wrong.yml:
      - /wrong.yml:6:9: images must be a whole number of at least 0.
      - /wrong.yml:1:15: There is no merge method "slurp".
      - /wrong.yml:7:9: "*.bias" is not a rule: it needs a pattern, a colon and an action.
      - /wrong.yml:3:17: There is no matcher called "wieghts".
      - /wrong.yml:5:13: There is no dataset "mnits".
      - /wrong.yml:4:7: There is no architecture called "./evil.ts"."
  `);
  expect(await failure(`${MEAN}arch: lenet5\n`)).toMatchInlineSnapshot(
    `"/wrong.yml:7:1: "arch" does nothing without "align"."`,
  );
  expect(await failure(`${MEAN}align: { using: weights, stars: 3 }\n`)).toMatchInlineSnapshot(
    `"/wrong.yml:7:17: There is no parameter of matcher "weights" called "stars"."`,
  );
  expect(await failure(`${MEAN}align: activations\n`)).toMatchInlineSnapshot(
    `"/wrong.yml:7:8: The matcher "activations" compares what units do on images."`,
  );
  expect(await failure(`${MEAN}align: weights\narch: vgg16\n`)).toContain(
    '/first.safetensors lacks key "block_1.0.weight" [64, 1, 3, 3] of vgg16.',
  );
  expect(
    await failure(
      "merge_method: passthrough\nslices: [{ sources: [{ model: first.safetensors, layer_range: [0, 1] }] }]\nalign: weights\n",
    ),
  ).toMatchInlineSnapshot(`
    "2 problems with /wrong.yml:
      - /wrong.yml:3:1: Whole models are aligned, not their slices.
      - /wrong.yml:3:8: The matcher "weights" takes 2 models; /wrong.yml has 1."
  `);
});
