/** Lends memory for what passes leave to later ones. */
export interface KeptStore {
  take(bytes: number): Uint8Array;
  /** Of what was given back the next is taken, so that a long merge leaves no garbage behind. */
  giveBack(kept: readonly Uint8Array[]): void;
}

/** The memory is shared between threads where there is such a thing: then nothing is copied from one to another. */
export function createKeptStore(): KeptStore {
  const free = new Map<number, Uint8Array[]>();
  return {
    take: (bytes) => {
      const known = free.get(bytes)?.pop();
      if (known !== undefined) return known;
      return new Uint8Array(
        typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes),
      );
    },
    giveBack: (kept) => {
      for (const one of kept) {
        const same = free.get(one.byteLength);
        if (same === undefined) free.set(one.byteLength, [one]);
        else same.push(one);
      }
    },
  };
}
