/** Memory that is used again: each tensor needs some, and new memory by the megabyte keeps the collector busy. */
export interface Pool<T> {
  /** What was given back comes with what it held. */
  take(length: number): T;
  giveBack(one: T): void;
}

/** @param make gives something new of a length, where none was given back */
export function createPool<T extends { readonly length: number }>(make: (length: number) => T): Pool<T> {
  const spare = new Map<number, T[]>();
  return {
    take: (length) => spare.get(length)?.pop() ?? make(length),
    giveBack: (one) => {
      const same = spare.get(one.length);
      if (same === undefined) spare.set(one.length, [one]);
      else same.push(one);
    },
  };
}
