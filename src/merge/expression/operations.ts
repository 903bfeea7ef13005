/**
 * Everything an expression may apply, as data: the parser takes names and arities from here, the compiler the
 * kernels, and scalars are computed with `evaluate`.
 */
export interface Operation {
  readonly arity: number;
  readonly doc: string;
  readonly evaluate: (...args: number[]) => number;
}

const truth = (condition: boolean): number => (condition ? 1 : 0);

/** Half-way cases go to the even neighbour, as in WebAssembly and IEEE 754. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Applied element by element to tensors, or to numbers. Every one has a kernel of the same name. */
export const ELEMENTWISE = {
  neg: { arity: 1, doc: "−x", evaluate: (x) => -x },
  abs: { arity: 1, doc: "|x|", evaluate: Math.abs },
  sqrt: { arity: 1, doc: "square root", evaluate: Math.sqrt },
  sign: { arity: 1, doc: "−1, 0 or 1", evaluate: Math.sign },
  floor: { arity: 1, doc: "largest whole number ≤ x", evaluate: Math.floor },
  ceil: { arity: 1, doc: "smallest whole number ≥ x", evaluate: Math.ceil },
  round: { arity: 1, doc: "nearest whole number, ties to even", evaluate: roundHalfEven },
  exp: { arity: 1, doc: "eˣ", evaluate: Math.exp },
  log: { arity: 1, doc: "natural logarithm", evaluate: Math.log },
  tanh: { arity: 1, doc: "hyperbolic tangent", evaluate: Math.tanh },
  add: { arity: 2, doc: "x + y", evaluate: (x, y) => x + y },
  sub: { arity: 2, doc: "x − y", evaluate: (x, y) => x - y },
  mul: { arity: 2, doc: "x · y", evaluate: (x, y) => x * y },
  div: { arity: 2, doc: "x / y", evaluate: (x, y) => x / y },
  pow: { arity: 2, doc: "x to the power y", evaluate: (x, y) => x ** y },
  min: { arity: 2, doc: "the smaller", evaluate: Math.min },
  max: { arity: 2, doc: "the larger", evaluate: Math.max },
  lt: { arity: 2, doc: "1 where x < y, else 0", evaluate: (x, y) => truth(x < y) },
  le: { arity: 2, doc: "1 where x ≤ y, else 0", evaluate: (x, y) => truth(x <= y) },
  eq: { arity: 2, doc: "1 where x = y, else 0", evaluate: (x, y) => truth(x === y) },
  ne: { arity: 2, doc: "1 where x ≠ y, else 0", evaluate: (x, y) => truth(x !== y) },
  agree: {
    arity: 2,
    doc: "x where its sign is that of y (0 counts as +), else 0",
    evaluate: (x, y) => ((y < 0 ? x < 0 : x > 0) ? x : 0),
  },
  where: { arity: 3, doc: "y where x is not 0, else z", evaluate: (x, y, z) => (x !== 0 ? y : z) },
} as const satisfies Record<string, Operation>;

export type ElementwiseName = keyof typeof ELEMENTWISE;

/** Applied to numbers only. */
export const SCALAR_ONLY = {
  acos: { arity: 1, doc: "arc cosine, of numbers only", evaluate: Math.acos },
  sin: { arity: 1, doc: "sine, of numbers only", evaluate: Math.sin },
  cos: { arity: 1, doc: "cosine, of numbers only", evaluate: Math.cos },
} as const satisfies Record<string, Operation>;

export type ScalarOnlyName = keyof typeof SCALAR_ONLY;

/**
 * From whole tensors to one number, in f64. `join` combines the partial results of consecutive blocks, from
 * `start`.
 */
export const REDUCTIONS = {
  sum: { arity: 1, start: 0, join: (a: number, b: number) => a + b },
  dot: { arity: 2, start: 0, join: (a: number, b: number) => a + b },
  largest: { arity: 1, start: Number.NEGATIVE_INFINITY, join: Math.max },
  smallest: { arity: 1, start: Number.POSITIVE_INFINITY, join: Math.min },
} as const;

export type ReductionName = keyof typeof REDUCTIONS;

/** Reductions that also exist row by row. */
export const ROW_REDUCTIONS = { sum: "rowSum", dot: "rowDot", largest: "rowLargest" } as const satisfies Partial<
  Record<ReductionName, string>
>;

export type RowReductionName = keyof typeof ROW_REDUCTIONS;

/**
 * Tables that count how often each digit occurs among the bits of |x| as f32: the upper 15 bits, or the lower 16 of
 * those elements that have a given upper part. Found in two sweeps, the k-th largest magnitude is exact.
 */
export const TALLIES = { high: { bins: 32768 }, low: { bins: 65536 } } as const;

export type TallyName = keyof typeof TALLIES;
