import type { ByteSource } from "../../checkpoint/byte-source.js";
import { OnebasinError } from "../../core/errors.js";
import type { Decode } from "../decoded-images.js";
import { checkImageBytes } from "./image-bytes.js";
import { listMatArrays, type MatArray, type StoredType, storedBytes } from "./mat.js";

/**
 * Decodes a file in SVHN's format: `X` of unsigned bytes, `[h, w, 3, n]` or `[h, w, n]`, and `y` with n labels from 1
 * to `classes`, the last of which stands for class 0. Labels from 0 are taken too.
 *
 * Unpacks no further than the last image that is kept, unless the file is to be checked.
 */
export const decodeMatImages: Decode = async ([source], { limit = Number.POSITIVE_INFINITY, classes, complete }) => {
  const arrays = await listMatArrays(source);
  const stored = await readLabels(source, find(source, arrays, "y"));
  const array = find(source, arrays, "X");
  const { height, width, channels, count } = imageShape(source, array, stored.length);
  const kept = Math.min(count, limit);
  const images = new Uint8Array(kept * channels * height * width);
  const stream = await array.open();
  try {
    const imageBytes = channels * height * width;
    for (let image = 0; image < kept; image += BLOCK) {
      const columns = await stream.read(Math.min(BLOCK, kept - image) * imageBytes);
      transposePlanesInto(images.subarray(image * imageBytes), columns, { height, width });
    }
    if (complete) {
      await stream.skip((count - kept) * imageBytes);
      for (let padding = 0; padding < MAX_PADDING && !(await stream.atEnd()); padding++) await stream.skip(1);
    }
  } finally {
    await stream.close();
  }
  return { images, labels: fromOne(source, stored, classes), count, kept, channels, height, width };
};

/** Images transposed at a time. */
const BLOCK = 256;
/** Elements are filled up to a multiple of eight bytes; behind that comes only the checksum of the packing. */
const MAX_PADDING = 8;

function find(source: ByteSource, arrays: readonly MatArray[], name: string): MatArray {
  const array = arrays.find((candidate) => candidate.name === name);
  if (array !== undefined) return array;
  throw new OnebasinError(
    "bad-file",
    `${source.name} has no array "${name}"; it holds ${arrays.map((found) => `"${found.name}"`).join(", ") || "none"}.`,
    { hint: "Images are expected as X, [h, w, 3, n], and labels as y." },
  );
}

function imageShape(source: ByteSource, { sizes, stored }: MatArray, labelCount: number) {
  // MATLAB drops a last axis of length 1: a single coloured image is [h, w, 3].
  const single = sizes.length === 3 && sizes[2] === 3 && labelCount === 1;
  const [height, width, channels, count] =
    sizes.length === 4 ? sizes : single ? [...sizes, 1] : [sizes[0], sizes[1], 1, sizes[2] ?? 1];
  if (sizes.length > 4 || (channels !== 1 && channels !== 3) || stored !== "u8") {
    throw new OnebasinError(
      "bad-file",
      `${source.name}: X is [${sizes.join(", ")}] of ${stored}; images are [h, w, 3, n] or [h, w, n] of u8.`,
      { details: { sizes, stored } },
    );
  }
  if (count !== labelCount) {
    throw new OnebasinError("bad-file", `${source.name}: X holds ${count} images, y ${labelCount} labels.`);
  }
  checkImageBytes({ name: source.name, packedBytes: source.size, sizes: [count, channels, height, width] });
  return { height, width, channels: channels as 1 | 3, count };
}

/** Planes that lie column by column, written row by row. */
function transposePlanesInto(
  out: Uint8Array,
  columns: Uint8Array,
  { height, width }: { height: number; width: number },
): void {
  for (let plane = 0; plane < columns.length; plane += height * width) {
    for (let row = 0; row < height; row++) {
      for (
        let column = 0, to = plane + row * width, from = plane + row;
        column < width;
        column++, to++, from += height
      ) {
        out[to] = columns[from];
      }
    }
  }
}

async function readLabels(source: ByteSource, array: MatArray): Promise<Float64Array> {
  const count = array.sizes.reduce((product, size) => product * size, 1);
  checkImageBytes({ name: `${source.name}: y`, packedBytes: source.size, sizes: array.sizes });
  const stream = await array.open();
  try {
    const bytes = await stream.read(count * storedBytes(array.stored));
    const view = new DataView(bytes.buffer);
    const read = READERS[array.stored];
    return Float64Array.from({ length: count }, (_, i) =>
      read(view, i * storedBytes(array.stored), array.littleEndian),
    );
  } finally {
    await stream.close();
  }
}

type Reader = (view: DataView, offset: number, littleEndian: boolean) => number;
const READERS: Readonly<Record<StoredType, Reader>> = {
  i8: (view, offset) => view.getInt8(offset),
  u8: (view, offset) => view.getUint8(offset),
  i16: (view, offset, littleEndian) => view.getInt16(offset, littleEndian),
  u16: (view, offset, littleEndian) => view.getUint16(offset, littleEndian),
  i32: (view, offset, littleEndian) => view.getInt32(offset, littleEndian),
  u32: (view, offset, littleEndian) => view.getUint32(offset, littleEndian),
  f32: (view, offset, littleEndian) => view.getFloat32(offset, littleEndian),
  f64: (view, offset, littleEndian) => view.getFloat64(offset, littleEndian),
};

/** Labels as class numbers: `classes` is 0. */
function fromOne(source: ByteSource, stored: Float64Array, classes: number): Int32Array {
  const wrong = stored.findIndex((label) => !(Number.isInteger(label) && label >= 0 && label <= classes));
  if (wrong !== -1 || (stored.includes(0) && stored.includes(classes))) {
    const what =
      wrong === -1 ? `y holds both 0 and ${classes}` : `label ${stored[wrong]} of image ${wrong} is out of range`;
    throw new OnebasinError(
      "bad-file",
      `${source.name}: ${what}; labels are 1 to ${classes}, ${classes} standing for 0.`,
      {
        hint: "Say how many classes there are if it is not 10: mat:TRAIN,TEST,classes=N.",
        details: { classes },
      },
    );
  }
  return Int32Array.from(stored, (label) => label % classes);
}
