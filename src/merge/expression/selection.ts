import { add, constant, type Expression, extentOf, mul, type Solver, solve } from "./expression.js";

interface Place {
  /** Of the k-th largest magnitude, as bits of an f32. */
  readonly bits: Expression;
  /** How many elements of that magnitude are among the k largest. */
  readonly quota: Expression;
  readonly lowTally: Expression;
}

/** Where the k-th largest |x| stands, by two sweeps that count digits; numbers are compared as f32. */
function locate(x: Expression, k: Expression): Place {
  const high: Expression = { kind: "tally", digit: "high", args: [x] };
  const nth = (gives: "digit" | "place", tally: Expression, rank: Expression): Expression => ({
    kind: "nth",
    gives,
    args: [tally, rank],
  });
  const upper = nth("digit", high, k);
  const among = nth("place", high, k);
  const lowTally: Expression = { kind: "tally", digit: "low", args: [x, upper] };
  const lower = nth("digit", lowTally, among);
  return { bits: add(mul(upper, LOW_BINS), lower), quota: nth("place", lowTally, among), lowTally };
}

const LOW_BINS = 65536;

/**
 * x at the k elements of largest magnitude, 0 elsewhere: exactly k of them, equal ones in the order of their index.
 *
 * @param x a tensor; compared as f32
 * @param k 0 or less takes nothing, the count of elements or more takes all
 */
export function takeLargest(x: Expression, k: Expression | number): Expression {
  if (extentOf(x) !== "tensor") throw new Error("elements are taken of a tensor");
  const { bits, quota, lowTally } = locate(x, typeof k === "number" ? constant(k) : k);
  return { kind: "take", args: [x, bits, quota, lowTally] };
}

/** The k-th largest |x|, counted from 1, as f32: a number. */
export function kthLargest(x: Expression, k: Expression | number): Expression {
  const { bits } = locate(x, typeof k === "number" ? constant(k) : k);
  return solve(numberOfBits, [bits], 1)[0];
}

const numberOfBits: Solver = ([bits]) => [new Float32Array(Uint32Array.of(bits).buffer)[0]];
