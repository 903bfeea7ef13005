import { expect, test } from "vitest";
import {
  bf16ToNumber,
  f8E4m3ToNumber,
  f8E5m2ToNumber,
  f16ToNumber,
  numberToBf16,
  numberToF8E4m3,
  numberToF8E5m2,
  numberToF16,
} from "./small-floats.js";

test.each([
  ["f16", 0x10000, f16ToNumber, numberToF16],
  ["bf16", 0x10000, bf16ToNumber, numberToBf16],
  ["f8_e4m3", 0x100, f8E4m3ToNumber, numberToF8E4m3],
  ["f8_e5m2", 0x100, f8E5m2ToNumber, numberToF8E5m2],
] as const)("every %s value survives a round trip", (_, count, decode, encode) => {
  for (let bits = 0; bits < count; bits++) {
    const value = decode(bits);
    if (Number.isNaN(value)) expect(decode(encode(value))).toBeNaN();
    else if (encode(value) !== bits) expect(encode(value)).toBe(bits);
  }
});

test.each([
  ["f16", f16ToNumber, numberToF16, 0x7bff],
  ["f8_e4m3", f8E4m3ToNumber, numberToF8E4m3, 0x7e],
  ["f8_e5m2", f8E5m2ToNumber, numberToF8E5m2, 0x7b],
] as const)("%s rounds ties to the even neighbour", (_, decode, encode, largest) => {
  for (let bits = 0; bits < largest; bits++) {
    const middle = (decode(bits) + decode(bits + 1)) / 2;
    expect(encode(middle) & 1).toBe(0);
    expect(Math.abs(encode(middle) - bits - 0.5)).toBe(0.5);
  }
});

test("what a format cannot hold becomes infinity, or NaN where there is none", () => {
  expect(f16ToNumber(numberToF16(65520))).toBe(Number.POSITIVE_INFINITY);
  expect(f16ToNumber(numberToF16(65519))).toBe(65504);
  expect(f8E4m3ToNumber(numberToF8E4m3(464))).toBe(448);
  expect(f8E4m3ToNumber(numberToF8E4m3(465))).toBeNaN();
  expect(f8E5m2ToNumber(numberToF8E5m2(-61440))).toBe(Number.NEGATIVE_INFINITY);
  expect(bf16ToNumber(numberToBf16(3.4e38))).toBe(Number.POSITIVE_INFINITY);
});
