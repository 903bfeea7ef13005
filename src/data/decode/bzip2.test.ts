import { expect, test } from "vitest";
import { unpackBzip2 } from "./bzip2.js";

const bytes = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));
const text = (unpacked: Uint8Array): string => Buffer.from(unpacked).toString("latin1");

// Packed by Python's bz2 module.
const EMPTY = bytes("QlpoORdyRThQkAAAAAA=");
const SHORT = bytes("QlpoOTFBWSZTWeW18wkAAARRAAAQQAACRKAAIbUYDAKQacKjC7kinChIctr5hIA=");
const RUNS = bytes("QlpoOTFBWSZTWdIykkAAABdRAOAAACA4AAAIoAAhFR6J6hDAiSqhvsZHcbehAE+LuSKcKEhpGUkgAA==");

test("what bzip2 packed", () => {
  expect(text(unpackBzip2(EMPTY, "a.bz2"))).toBe("");
  expect(text(unpackBzip2(SHORT, "a.bz2"))).toBe("hello hello hello\n");
  expect(text(unpackBzip2(RUNS, "a.bz2"))).toBe(`aaaabbbbb${"c".repeat(300)}${"\u0000\u00ff".repeat(40)}`);
});

test("a file cut short anywhere is one clear error", () => {
  for (let length = 0; length < SHORT.length; length++) {
    expect(() => unpackBzip2(SHORT.subarray(0, length), "a.bz2")).toThrow("a.bz2 cannot be unpacked: it ends early.");
  }
});

test("every bit flipped gives an error of ours or the same bytes", () => {
  const good = text(unpackBzip2(RUNS, "a.bz2"));
  for (let bit = 0; bit < 8 * RUNS.length; bit++) {
    const bad = Uint8Array.from(RUNS);
    bad[bit >> 3] ^= 1 << (bit & 7);
    try {
      expect(text(unpackBzip2(bad, "a.bz2"))).toBe(good);
    } catch (error) {
      expect((error as Error).name).toBe("OnebasinError");
    }
  }
});
