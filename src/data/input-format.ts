import { OnebasinError } from "../core/errors.js";

/** The one form in which a network sees images, whatever dataset they come from. */
export interface InputFormat {
  /** 1 for grey, 3 for red, green, blue. */
  readonly channels: 1 | 3;
  /** Height and width in pixels; 1 to 1024. */
  readonly size: number;
  /** What black and white become: −1 and 1, or 0 and 1. */
  readonly normalise: "[-1,1]" | "[0,1]";
}

/** Grey, 32 × 32, −1 black to 1 white: what MNIST and SVHN can both be brought to. */
export const GREY_32: InputFormat = { channels: 1, size: 32, normalise: "[-1,1]" };

const MAX_SIZE = 1024;

/** @throws {OnebasinError} `bad-argument` */
export function checkInputFormat({ channels, size }: InputFormat): void {
  if ((channels === 1 || channels === 3) && Number.isInteger(size) && size >= 1 && size <= MAX_SIZE) return;
  throw new OnebasinError(
    "bad-argument",
    `Images cannot be brought to ${channels} channels of ${size} × ${size}; expected 1 or 3 channels and a size of 1 to ${MAX_SIZE}.`,
  );
}
