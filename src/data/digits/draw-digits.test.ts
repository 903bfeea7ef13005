import { describe, expect, test } from "vitest";
import { loadDataset } from "../load-dataset.js";
import { drawDigits } from "./draw-digits.js";

describe.each(["pen", "plate"] as const)("%s", (style) => {
  const draw = (options = {}) => drawDigits({ style, count: 40, seed: 1, split: "train", ...options });

  test("an image does not depend on how many are drawn", () => {
    const few = draw({ count: 5 });
    expect([...few.images]).toEqual([...draw().images.subarray(0, few.images.length)]);
    expect([...few.labels]).toEqual([...draw().labels.subarray(0, 5)]);
  });

  test("another seed and the other split hold other images", () => {
    expect(draw({ seed: 2 }).images).not.toEqual(draw().images);
    expect(draw({ split: "test" }).images).not.toEqual(draw().images);
  });

  test("all classes, about as often", () => {
    const counts = new Array(10).fill(0);
    for (const label of draw({ count: 500 }).labels) counts[label]++;
    expect(Math.min(...counts)).toBeGreaterThan(25);
  });

  test("something is drawn in the middle of every image", () => {
    const { images, channels, count } = draw();
    for (let image = 0; image < count; image++) {
      const middle: number[] = [];
      for (let row = 6; row < 26; row++) {
        for (let column = 6; column < 26; column++) middle.push(images[image * channels * 1024 + row * 32 + column]);
      }
      expect(Math.max(...middle) - Math.min(...middle)).toBeGreaterThan(20);
    }
  });
});

test("pen is black outside the strokes, plate seldom is", () => {
  const black = (style: "pen" | "plate"): number => {
    const { images } = drawDigits({ style, count: 40, seed: 1, split: "train" });
    return images.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0) / images.length;
  };
  expect(black("pen")).toBeGreaterThan(0.6);
  expect(black("plate")).toBeLessThan(0.2);
});

test("as datasets: the seed of the name goes before the seed of the call, the limit before the count", async () => {
  const named = await loadDataset("pen:seed=3", { split: "train", limit: 3, seed: 9 });
  const called = await loadDataset("pen", { split: "train", limit: 3, seed: 3 });
  expect(named.images).toEqual(called.images);
  expect(named.name).toBe("pen:seed=3");
  expect((await loadDataset("plate:count=10", { split: "test" })).count).toBe(2);
  expect((await loadDataset("plate:count=10", { split: "test", limit: 4 })).count).toBe(4);
});
