import type { ByteSource } from "../../checkpoint/byte-source.js";
import { OnebasinError } from "../../core/errors.js";
import { type ByteStream, inflateStream, sourceStream } from "./byte-stream.js";
import { checkImageBytes } from "./image-bytes.js";

export interface IdxImages {
  /** `[kept, channels, height, width]` */
  readonly images: Uint8Array;
  /** Images in the file, of which the first `kept` are here. */
  readonly count: number;
  readonly kept: number;
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
}

/**
 * Reads the images of an idx file, gzipped or not: unsigned bytes, `[n, h, w]` or `[n, h, w, 3]`. The whole file is
 * read and checked even when only the first images are kept.
 *
 * @throws {OnebasinError} `bad-file`, `unsupported`, `limit`
 * @source Y. LeCun, "The MNIST database of handwritten digits", file formats
 */
export async function readIdxImages(source: ByteSource, limit = Number.POSITIVE_INFINITY): Promise<IdxImages> {
  return readIdx(source, async (stream, sizes) => {
    const [count, height, width, channels = 1] = sizes;
    if (sizes.length < 3 || sizes.length > 4 || (channels !== 1 && channels !== 3)) {
      throw new OnebasinError(
        "bad-file",
        `${source.name} holds [${sizes.join(", ")}]; images are [n, h, w] or [n, h, w, 3].`,
        { hint: "Check that this is the image file and not the label file.", details: { sizes } },
      );
    }
    const kept = Math.min(count, limit);
    checkImageBytes({ name: source.name, packedBytes: source.size, sizes: [count, channels, height, width] });
    const images = new Uint8Array(kept * channels * height * width);
    await stream.readInto(images);
    await stream.skip((count - kept) * channels * height * width);
    return { images: channels === 3 ? planar(images, height * width) : images, count, kept, channels, height, width };
  });
}

/**
 * Reads the labels of an idx file, gzipped or not: unsigned bytes, `[n]`; all of them, whatever their value.
 *
 * @throws {OnebasinError} `bad-file`, `unsupported`, `limit`
 */
export async function readIdxLabels(source: ByteSource): Promise<Int32Array> {
  return readIdx(source, async (stream, sizes) => {
    if (sizes.length !== 1) {
      throw new OnebasinError("bad-file", `${source.name} holds [${sizes.join(", ")}]; labels are [n].`, {
        hint: "Check that this is the label file and not the image file.",
        details: { sizes },
      });
    }
    checkImageBytes({ name: source.name, packedBytes: source.size, sizes });
    return Int32Array.from(await stream.read(sizes[0]));
  });
}

const GZIP_MAGIC = [0x1f, 0x8b] as const;
const UNSIGNED_BYTES = 0x08;

async function readIdx<T>(
  source: ByteSource,
  readData: (stream: ByteStream, sizes: readonly number[]) => Promise<T>,
): Promise<T> {
  const head = await source.read(0, Math.min(2, source.size));
  const gzipped = head[0] === GZIP_MAGIC[0] && head[1] === GZIP_MAGIC[1];
  const stream = gzipped ? inflateStream(source, { format: "gzip" }) : sourceStream(source);
  try {
    const magic = await stream.read(4);
    if (magic[0] !== 0 || magic[1] !== 0 || magic[3] === 0) {
      throw new OnebasinError("bad-file", `${source.name} is not an idx file: it starts with ${hex(magic)}.`, {
        hint: "An idx file starts with 00 00 08 and its number of dimensions, if need be inside gzip.",
        details: { name: source.name },
      });
    }
    if (magic[2] !== UNSIGNED_BYTES) {
      throw new OnebasinError(
        "unsupported",
        `${source.name} holds idx type 0x${hex(magic.subarray(2, 3))}, not bytes.`,
        {
          hint: "Images and labels are read as unsigned bytes (type 0x08).",
        },
      );
    }
    const sizeBytes = await stream.read(4 * magic[3]);
    const view = new DataView(sizeBytes.buffer);
    const sizes = Array.from({ length: magic[3] }, (_, axis) => view.getUint32(4 * axis));
    const data = await readData(stream, sizes);
    if (!(await stream.atEnd())) {
      throw new OnebasinError(
        "bad-file",
        `${source.name} goes on after the [${sizes.join(", ")}] that its header names.`,
        {
          hint: "The file is damaged, or two files were joined: fetch it again.",
          details: { name: source.name, sizes },
        },
      );
    }
    return data;
  } finally {
    await stream.close();
  }
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** `[n, h, w, 3]` to `[n, 3, h, w]`. */
function planar(interleaved: Uint8Array, pixels: number): Uint8Array {
  const out = new Uint8Array(interleaved.length);
  for (let start = 0; start < interleaved.length; start += 3 * pixels) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        out[start + channel * pixels + pixel] = interleaved[start + 3 * pixel + channel];
      }
    }
  }
  return out;
}
