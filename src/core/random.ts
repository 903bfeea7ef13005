import { philox4x32Into } from "./philox.js";

/**
 * A stream of random numbers that depends on nothing but its names: the same (seed, purpose, key, model) gives
 * the same numbers on any machine and for any order of use.
 *
 * @param seed any integer; its low 32 bits are used
 * @param names purpose first, then whatever tells streams apart: `("init", "block_1.0.weight")`
 */
export function createRandom(seed: number, ...names: readonly (string | number)[]): Random {
  return new Random(randomStream(seed, ...names));
}

/** What tells one stream from the others, as words of Philox: plain data that a kernel can draw from at any place. */
export interface RandomStream {
  readonly key: readonly [number, number];
  /** The third word of every counter. */
  readonly stream: number;
}

/** The stream of `createRandom` with the same arguments. */
export function randomStream(seed: number, ...names: readonly (string | number)[]): RandomStream {
  const [low, high] = hashNames(names);
  return { key: [seed >>> 0, low], stream: high };
}

/** Numbers drawn one after the other from one Philox stream. Owns four words of state. */
export class Random {
  readonly #key: readonly [number, number];
  readonly #stream: number;
  readonly #block = new Uint32Array(4);
  #next = 0;

  constructor({ key, stream }: RandomStream) {
    this.#key = key;
    this.#stream = stream;
  }

  /** An unsigned 32-bit word. */
  word(): number {
    const lane = this.#next & 3;
    if (lane === 0) {
      const index = this.#next / 4;
      const counter = [index >>> 0, Math.floor(index / 2 ** 32), this.#stream, 0] as const;
      philox4x32Into(this.#block, counter, this.#key);
    }
    this.#next++;
    return this.#block[lane];
  }

  /** Uniform in [0, 1), 24 bits, exact in f32. */
  uniform(): number {
    return (this.word() >>> 8) * 2 ** -24;
  }

  /** Standard normal by Box–Muller; draws two words. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.word() + 1) * 2 ** -32));
    return radius * Math.cos(2 * Math.PI * this.word() * 2 ** -32);
  }

  /** A whole number in [0, below), below ≤ 2³²; unbiased. */
  integer(below: number): number {
    const limit = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      const word = this.word();
      if (word < limit) return word % below;
    }
  }

  /** Fisher–Yates, in place. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = items[i];
      items[i] = items[j];
      items[j] = held;
    }
    return items;
  }
}

/** 64 bits of FNV-1a over the names, as two words; a separator keeps ("ab", "c") apart from ("a", "bc"). */
function hashNames(names: readonly (string | number)[]): [number, number] {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(names.join("\u0000"))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
}
