import { describe, expect, test } from "vitest";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { couplingLines, planCoupling } from "./coupling-plan.js";
import { pullShare } from "./coupling-pull.js";
import { parseDepthSchedule } from "./depth-schedule.js";
import { layerDistances } from "./layer-distances.js";

const networkOf = (name: string) => parseArchitecture(name).network;
const mlp = networkOf("mlp:layers=16-8-8-8-4");

async function linesOf(text: string, table = "") {
  const schedule = await parseDepthSchedule(text, { readTable: async () => table });
  const plan = planCoupling([mlp, mlp], schedule);
  return Object.fromEntries(couplingLines(plan).map(({ layer, strength }) => [layer, strength]));
}

describe("depth schedules", () => {
  test.each([
    ["constant", { "0": 1, "2": 1, "4": 1, "6": 1 }],
    ["linear", { "0": 1, "2": 2 / 3, "4": 1 / 3, "6": 0 }],
    ["exponential:0.5", { "0": 1, "2": 0.5, "4": 0.25, "6": 0.125 }],
    ["cut:4", { "0": Number.POSITIVE_INFINITY, "2": Number.POSITIVE_INFINITY, "4": 0, "6": 0 }],
  ])("%s", async (text, expected) => {
    expect(await linesOf(text)).toEqual(expected);
  });

  test("a table gives values by pattern; the first that matches decides, the rest is free", async () => {
    const table = "# upstream\n0.*  inf   # tied\n2.bias 0.5\r\n2.* 0.25\n\n";
    expect(await linesOf("strengths.txt", table)).toEqual({
      "0": Number.POSITIVE_INFINITY,
      "2.weight": 0.25,
      "2.bias": 0.5,
      "4": 0,
      "6": 0,
    });
  });

  test.each([
    ["constant:3", "", 'The depth schedule "constant:3" takes no value.'],
    ["exponential", "", 'The depth schedule "exponential" lacks a value.'],
    ["exponential:2", "", 'The ratio of the exponential depth schedule is "2".'],
    ["cut:", "", 'The depth schedule "cut:" lacks a value.'],
    ["cut:3", "", 'There is no layer of mlp called "3"'],
    ["t.txt", "0.* 1\n2.* x", "t.txt, line 2: expected a pattern and a value from 0 to inf."],
    ["t.txt", "0.* -1", "t.txt, line 1: expected a pattern and a value from 0 to inf."],
    ["t.txt", "# nothing", "t.txt holds no pattern."],
    ["t.txt", "conv* 1", "The depth schedule couples no parameter of mlp."],
  ])("%s %j is refused", async (text, table, message) => {
    await expect(linesOf(text, table)).rejects.toThrow(message);
  });
});

describe("plans", () => {
  test("hold parameters and no buffer, in the order of the network", () => {
    const network = networkOf("vgg16:width=0.03125");
    const { parameters, own } = planCoupling([network, network], { kind: "constant" });
    expect(parameters.map(({ key }) => key)).toEqual(
      [...network.state].flatMap(([key, { kind }]) => (kind === "parameter" ? [key] : [])),
    );
    expect(parameters[2]).toEqual({ key: "block_1.1.weight", layer: "block_1.1", strength: 1 });
    expect(own).toEqual([]);
  });

  test("leave out what one of the networks lacks or has in another shape", () => {
    const wide = networkOf("mlp:layers=16-8-6-4");
    const plan = planCoupling([mlp, mlp, wide], { kind: "constant" });
    expect(plan.parameters.map(({ key }) => key)).toEqual(["0.weight", "0.bias"]);
    expect(plan.own).toEqual(["2.weight", "2.bias", "4.weight", "4.bias", "6.weight", "6.bias"]);
    expect(() => planCoupling([mlp, networkOf("lenet5")], { kind: "constant" })).toThrow(
      "mlp and lenet5 share no parameter.",
    );
  });
});

test("the share of a proximal step runs from 0 to the whole way, that of an explicit one further", () => {
  const proximal = (s: number, count: number) => pullShare(s, { count, step: "proximal" });
  expect(proximal(0, 2)).toBe(0);
  expect(proximal(0.5, 2)).toBeCloseTo((2 * 0.5) / (1 + 2 * 0.5), 15);
  expect(proximal(Number.POSITIVE_INFINITY, 2)).toBe(1);
  expect(proximal(1, 3)).toBeCloseTo(1.5 / 2.5, 15);
  expect(pullShare(1, { count: 2, step: "explicit" })).toBe(2);
});

test("distances are those of all pairs, by layer and in all", () => {
  const tensor = (...values: number[]) => ({
    dtype: "f32" as const,
    shape: [values.length],
    bytes: new Uint8Array(Float32Array.from(values).buffer),
  });
  const states = [
    new Map([
      ["a.w", tensor(0, 3)],
      ["b.w", tensor(1)],
    ]),
    new Map([
      ["a.w", tensor(4, 0)],
      ["b.w", tensor(1)],
    ]),
  ];
  const parameters = [
    { key: "a.w", layer: "a" },
    { key: "b.w", layer: "b" },
  ];
  expect(layerDistances(states, parameters)).toEqual({
    distance: 5,
    relative: Math.sqrt(25 / 13.5),
    layers: { a: { distance: 5, relative: Math.sqrt(2) }, b: { distance: 0, relative: 0 } },
  });
  const third = new Map([
    ["a.w", tensor(0, 0)],
    ["b.w", tensor(1)],
  ]);
  expect(layerDistances([...states, third], parameters).distance).toBeCloseTo(Math.sqrt((25 + 9 + 16) / 3), 12);
});
