import { describe, expect, test } from "vitest";
import { loadDataset } from "../data/load-dataset.js";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../node/onnx-runtime.js";
import { createTensor, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { interpolate } from "./interpolate.js";
import { barrierOf, evaluatePath } from "./path.js";
import { pathChart } from "./path-chart.js";
import { searchPath } from "./search-path.js";

const { network } = parseArchitecture("mlp:layers=784-16-10");
const [a, b] = [1, 2].map((seed) => createInitialState(network, { seed }));
const images = [
  await loadDataset("pen", { split: "test", limit: 40 }),
  await loadDataset("plate", { split: "test", limit: 40 }),
];

describe("a path", () => {
  test("is measured from one end to the other, as it is and repaired", async () => {
    const options = { runtime, threads: 1, points: 5, repair: async () => a };
    const { t, curves } = await evaluatePath({ network, a, b }, images, options);
    expect(t).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(curves.map(({ dataset, repaired }) => [dataset, repaired])).toEqual([
      ["pen", false],
      ["pen", true],
      ["plate", false],
      ["plate", true],
    ]);
    expect(curves[0].loss[0]).toBe(curves[1].loss[0]);
    expect(new Set(curves[1].loss).size).toBe(1);
    expect(curves[0].loss[4]).not.toBe(curves[0].loss[0]);
    expect(curves[0].barrier).toBe(barrierOf(t, curves[0].loss));
  });

  test("has the barrier of its definition", () => {
    expect(barrierOf([0, 0.25, 0.5, 0.75, 1], [1, 1, 4, 3, 2])).toBe(2.5);
    expect(barrierOf([0, 0.5, 1], [1, 1, 2])).toBe(0);
  });

  test("is drawn with names that are safe in SVG", async () => {
    const report = await evaluatePath({ network, a, b }, images, { runtime, threads: 1, points: 3 });
    const svg = pathChart(report, { names: ['<a>&"', "b"] });
    expect(svg).toContain("&#60;a&#62;&#38;&#34; (0)");
    expect(pathChart(report, { names: [`${"long/".repeat(20)}a.pth`, "b"] })).toContain("long/a.pth (0)");
    expect(svg.match(/<polyline/g)).toHaveLength(4);
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  test("refuses a single point", async () => {
    await expect(evaluatePath({ network, a, b }, images, { runtime, points: 1 })).rejects.toThrow("A path of 1 points");
  });
});

describe("interpolation", () => {
  test("gives the ends, mixes between, and leaves integers alone", () => {
    const x = new Map([
      ["w", createTensor("f32", [2], [0, 4])],
      ["n", createTensor("i64", [], [7])],
    ]);
    const y = new Map([
      ["w", createTensor("f32", [2], [8, 0])],
      ["n", createTensor("i64", [], [9])],
    ]);
    const numbers = (t: number) => [...tensorNumbers(interpolate(x, y, t).get("w") as Tensor)];
    expect([numbers(0), numbers(0.25), numbers(1)]).toEqual([
      [0, 4],
      [2, 3],
      [8, 0],
    ]);
    expect(interpolate(x, y, 1).get("n")).toBe(x.get("n"));
  });
});

describe("the search for the best point", () => {
  test("one t a layer is at least as good as one for all", async () => {
    const layers = ["0", "2"].map((name) => ({ name, keys: [`${name}.weight`, `${name}.bias`] }));
    const best = await searchPath({ network, a, b }, images, { runtime, threads: 1, points: 5, layers });
    const { curves } = await evaluatePath({ network, a, b }, images, { runtime, threads: 1, points: 5 });
    const means = curves[0].loss.map((loss, i) => (loss + curves[1].loss[i]) / 2);
    expect(best.loss).toBe(Math.min(...means));
    expect(best.t).toBe(means.indexOf(best.loss) / 4);
    expect(best.perLayer?.loss).toBeLessThanOrEqual(best.loss);
    expect(Object.keys(best.perLayer?.t ?? {})).toEqual(["0", "2"]);
  });
});
