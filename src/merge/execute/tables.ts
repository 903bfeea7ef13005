/** Tables of zeros that are used again: each tensor needs some, and new ones by the megabyte keep the collector busy. */
export interface Tables {
  take(length: number): Float64Array;
  giveBack(table: Float64Array): void;
}

export function createTables(): Tables {
  const spare: Float64Array[] = [];
  return {
    take: (length) => {
      const at = spare.findIndex((table) => table.length === length);
      return at < 0 ? new Float64Array(length) : spare.splice(at, 1)[0].fill(0);
    },
    giveBack: (table) => {
      spare.push(table);
    },
  };
}
