import { OnebasinError } from "../../core/errors.js";
import type { Decode } from "../decoded-images.js";
import { unpackBzip2 } from "./bzip2.js";

const SIDE = 16;
const PIXELS = SIDE * SIDE;

/** Largest file that is read whole; USPS has 7 MB packed and 33 MB unpacked. */
const MAX_FILE_BYTES = 2 ** 27;

/**
 * Decodes USPS as text, packed with bzip2 or not: on each line a label from 1 for digit 0 and, for each of 16 × 16
 * pixels, `place:value` with places from 1 and values from −1 black to 1 white. A place that is left out is 0.
 */
export const decodeLibsvmImages: Decode = async ([source], { limit = Number.POSITIVE_INFINITY, classes }) => {
  if (source.size > MAX_FILE_BYTES) {
    throw new OnebasinError("limit", `${source.name} has ${source.size} bytes; at most ${MAX_FILE_BYTES} are read.`);
  }
  const bytes = await source.read(0, source.size);
  const packed = bytes[0] === 0x42 && bytes[1] === 0x5a;
  const text = new TextDecoder("latin1").decode(packed ? unpackBzip2(bytes, source.name) : bytes);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new OnebasinError("bad-file", `${source.name} holds no images.`);
  const kept = Math.min(lines.length, limit);
  const images = new Uint8Array(kept * PIXELS).fill(toByte(0));
  const labels = Int32Array.from({ length: lines.length }, (_, image) => {
    const label = Number.parseInt(lines[image], 10) - 1;
    if (label >= 0 && label < classes) return label;
    const shown = JSON.stringify(lines[image].slice(0, 20));
    throw new OnebasinError(
      "bad-file",
      `${source.name}: line ${image + 1} starts with ${shown}, not with a label from 1 to ${classes}.`,
    );
  });
  for (let image = 0; image < kept; image++) {
    for (const word of lines[image].trim().split(/\s+/).slice(1)) {
      const colon = word.indexOf(":");
      const place = Number(word.slice(0, colon));
      const value = Number(word.slice(colon + 1));
      if (colon < 1 || !Number.isInteger(place) || place < 1 || place > PIXELS || !(Math.abs(value) <= 1)) {
        const shown = JSON.stringify(word.slice(0, 20));
        throw new OnebasinError(
          "bad-file",
          `${source.name}: line ${image + 1} holds ${shown}, not a place from 1 to ${PIXELS} and a value from −1 to 1.`,
        );
      }
      images[image * PIXELS + place - 1] = toByte(value);
    }
  }
  return { images, labels, count: lines.length, kept, channels: 1, height: SIDE, width: SIDE };
};

const toByte = (value: number): number => Math.round(((value + 1) / 2) * 255);
