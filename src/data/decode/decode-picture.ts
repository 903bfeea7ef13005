import { OnebasinError } from "../../core/errors.js";

/** A decoded picture, bytes `[channels, height, width]`. */
export interface DecodedPicture {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly planes: Float32Array[];
}

/** Largest side of a picture: classes are told apart on far smaller ones, and a header can claim anything. */
const MAX_SIDE = 8192;
/** Memory that the JPEG decoder may take for one picture, in MB. */
const MAX_JPEG_MEGABYTES = 512;

/**
 * Decodes a PNG or a JPEG, told apart by their first bytes. What is transparent is laid on black; 16-bit samples are
 * rounded to bytes.
 *
 * @param name how messages name it
 * @returns planes of `[height, width]`, one of grey or three of red, green, blue, 0 to 255
 * @throws {OnebasinError} `bad-file`, `unsupported`, `limit`
 */
export async function decodePicture(bytes: Uint8Array, name: string): Promise<DecodedPicture> {
  const png = bytes[0] === 0x89 && bytes[1] === 0x50;
  const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  if (!png && !jpeg) {
    throw new OnebasinError("unsupported", `${name} is neither a PNG nor a JPEG.`, {
      hint: "Convert it, or take it out of the folder.",
      details: { name },
    });
  }
  try {
    return png ? await decodePng(bytes, name) : await decodeJpeg(bytes, name);
  } catch (cause) {
    if (cause instanceof OnebasinError) throw cause;
    throw new OnebasinError("bad-file", `${name} cannot be decoded: ${(cause as Error).message}.`.replace("..", "."), {
      hint: "The file was probably cut short or damaged: copy it again, or take it out of the folder.",
      details: { name },
      cause,
    });
  }
}

async function decodePng(bytes: Uint8Array, name: string): Promise<DecodedPicture> {
  const { decode, convertIndexedToRgb } = await import("fast-png");
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 24) checkSides(header.getUint32(16), header.getUint32(20), name);
  const image = decode(bytes);
  const { width, height, palette } = image;
  const unpacked = palette
    ? convertIndexedToRgb(image)
    : image.depth < 8
      ? expandBits(image.data as Uint8Array, image)
      : image.data;
  const samples = unpacked.length / (width * height);
  return toPlanes(unpacked, { width, height, samples, range: image.depth === 16 ? 65_535 : 255 });
}

async function decodeJpeg(bytes: Uint8Array, name: string): Promise<DecodedPicture> {
  const { decode } = await import("jpeg-js");
  const { width, height, data } = decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: (MAX_SIDE * MAX_SIDE) / 1e6,
    maxMemoryUsageInMB: MAX_JPEG_MEGABYTES,
  });
  checkSides(width, height, name);
  return toPlanes(data, { width, height, samples: 3, range: 255 });
}

function checkSides(width: number, height: number, name: string): void {
  if (width >= 1 && height >= 1 && width <= MAX_SIDE && height <= MAX_SIDE) return;
  throw new OnebasinError(
    "limit",
    `${name} is ${width} × ${height}; pictures of 1 to ${MAX_SIDE} on each side are read.`,
  );
}

/** Grey of one, two or four bits, rows filled up to whole bytes, as bytes. */
function expandBits(packed: Uint8Array, { width, height, depth }: { width: number; height: number; depth: number }) {
  const rowBytes = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  return Uint8Array.from({ length: width * height }, (_, pixel) => {
    const bit = (pixel % width) * depth;
    const byte = packed[Math.floor(pixel / width) * rowBytes + (bit >> 3)];
    return (255 * ((byte >> (8 - depth - (bit & 7))) & most)) / most;
  });
}

/** Interleaved samples — grey, grey and alpha, colours, colours and alpha — as planes. */
function toPlanes(
  data: ArrayLike<number>,
  { width, height, samples, range }: { width: number; height: number; samples: number; range: number },
): DecodedPicture {
  const channels = samples >= 3 ? 3 : 1;
  const hasAlpha = samples === 2 || samples === 4;
  const planes = Array.from({ length: channels }, () => new Float32Array(width * height));
  for (let pixel = 0; pixel < width * height; pixel++) {
    const alpha = hasAlpha ? data[pixel * samples + samples - 1] / range : 1;
    for (let channel = 0; channel < channels; channel++) {
      planes[channel][pixel] = Math.round((255 * data[pixel * samples + channel] * alpha) / range);
    }
  }
  return { channels, height, width, planes };
}
