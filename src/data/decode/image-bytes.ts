import { OnebasinError } from "../../core/errors.js";

/** Largest number of bytes of images taken from one file: over ten times SVHN, and what one typed array holds everywhere. */
const MAX_IMAGE_BYTES = 2 ** 31;

/** Deflate cannot make more than this many bytes of one, so that a header that claims more lies. */
const MAX_INFLATION = 1032;

/**
 * Checks what a header claims before memory is set aside for it.
 *
 * @param packedBytes size of the file, packed or not
 * @throws {OnebasinError} `limit` above the cap, `bad-file` when the file cannot hold so much
 */
export function checkImageBytes(claim: {
  readonly name: string;
  readonly packedBytes: number;
  readonly sizes: readonly number[];
}): void {
  const { name, packedBytes, sizes } = claim;
  const bytes = sizes.reduce((product, size) => product * size, 1);
  if (bytes === 0) {
    throw new OnebasinError("bad-file", `${name} holds no images: its header says [${sizes.join(", ")}].`, {
      details: { name, sizes },
    });
  }
  if (bytes > packedBytes * MAX_INFLATION) {
    throw new OnebasinError(
      "bad-file",
      `${name} ends early: its header says [${sizes.join(", ")}], ${bytes} bytes, which ${packedBytes} bytes cannot hold.`,
      {
        hint: "The file was probably cut short while it was copied or downloaded: fetch it again.",
        details: { name, sizes },
      },
    );
  }
  if (bytes > MAX_IMAGE_BYTES) {
    throw new OnebasinError(
      "limit",
      `${name} holds [${sizes.join(", ")}], ${bytes} bytes of images; at most ${MAX_IMAGE_BYTES} are read from one file.`,
      { hint: "Split the file into smaller ones.", details: { name, sizes } },
    );
  }
}
