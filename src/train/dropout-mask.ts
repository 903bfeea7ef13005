import { createRandom } from "../core/random.js";

export interface DropoutMaskOptions {
  readonly seed: number;
  /** Tells the masks of one step apart. */
  readonly name: string;
  readonly step: number;
  /** In [0, 1); share of elements that become 0, to the nearest 2⁻¹⁶. */
  readonly ratio: number;
}

/** Fills a mask with 0 (share `ratio`) and 1/(1 − ratio), as a function of seed, name, step and place alone. */
export function drawDropoutMask(out: Float32Array, { seed, name, step, ratio }: DropoutMaskOptions): void {
  const random = createRandom(seed, "dropout", name, step);
  const kept = 1 / (1 - ratio);
  // One byte decides where that is exact, which makes a quarter of the words.
  const bits = Number.isInteger(ratio * 256) ? 8 : 16;
  const bound = Math.round(ratio * 2 ** bits);
  const mask = 2 ** bits - 1;
  for (let i = 0; i < out.length; ) {
    let word = random.word();
    for (let used = 0; used < 32 && i < out.length; used += bits) {
      out[i++] = (word & mask) < bound ? 0 : kept;
      word >>>= bits;
    }
  }
}
