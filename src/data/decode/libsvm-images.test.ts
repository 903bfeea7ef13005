import { expect, test } from "vitest";
import { bytesSource } from "../../checkpoint/byte-source.js";
import { decodeLibsvmImages } from "./libsvm-images.js";

const decode = (text: string, limit?: number) =>
  decodeLibsvmImages([bytesSource("usps.t", new TextEncoder().encode(text))], { limit, classes: 10, complete: true });

test("labels from 1 stand for digits from 0, values from −1 to 1 for bytes", async () => {
  const found = await decode("10 1:-1 2:1 256:0.2 \n1 3:-0.5\n");
  expect(found).toMatchObject({ count: 2, kept: 2, channels: 1, height: 16, width: 16 });
  expect([...found.labels]).toEqual([9, 0]);
  expect([...found.images.subarray(0, 3)]).toEqual([0, 255, 128]);
  expect([found.images[255], found.images[258]]).toEqual([153, 64]);
});

test("the first images are kept, all are counted", async () => {
  const found = await decode("1 1:0\n2 1:0\n3 1:0\n", 2);
  expect([found.count, found.kept, found.images.length]).toEqual([3, 2, 512]);
});

test.each([
  ["11 1:0", 'usps.t: line 1 starts with "11 1:0", not with a label from 1 to 10.'],
  ["1 257:0", 'usps.t: line 1 holds "257:0", not a place from 1 to 256 and a value from −1 to 1.'],
  ["1 5:3", 'usps.t: line 1 holds "5:3", not a place'],
  ["1 5", 'usps.t: line 1 holds "5", not a place'],
  ["<html>", 'usps.t: line 1 starts with "<html>", not with a label'],
  ["", "usps.t holds no images."],
])("%j is one clear error", async (text, message) => {
  await expect(decode(text)).rejects.toThrow(message);
});
