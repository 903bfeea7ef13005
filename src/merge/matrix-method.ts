import type { Params, ParamValues } from "../core/params.js";
import type { Multiply } from "../linear-algebra/load-multiply.js";
import type { Matrix } from "../linear-algebra/matrix.js";
import type { None } from "./method.js";

/** The size of a matrix-wise problem, as far as headers tell. */
export interface MatrixSize {
  /** Elements of the tensor's first axis: units that a layer gives. */
  readonly rows: number;
  /** Elements of all other axes together: what each of them hears, in a convolution [in, kh, kw]. */
  readonly cols: number;
  /** How many models there are, the base not counted. */
  readonly models: number;
}

/** What a method combines for one matrix. Tensors are read when they are asked for, so that few are held at once. */
export interface MatrixContext<P extends Params, E extends Params = None> extends MatrixSize {
  readonly key: string;
  readonly weights: readonly number[];
  readonly params: ParamValues<P>;
  readonly each: readonly ParamValues<E>[];
  /** What the result needs: f64 where an input or the output is, else f32. All else is computed in f64. */
  readonly precision: "f32" | "f64";
  readonly multiply: Multiply;
  /** Tensor i, as a matrix of its own that may be changed. */
  readonly model: (i: number) => Promise<Matrix>;
  readonly base: () => Promise<Matrix>;
  /** Tensor i minus the base. */
  readonly taskVector: (i: number) => Promise<Matrix>;
  /** The statistics of model i. */
  readonly statistic: (i: number) => Promise<Matrix>;
  /** The file that the statistics of model i are from, for messages. */
  readonly statisticsName: (i: number) => string;
}

/** A method on whole matrices, in f64: for what needs singular vectors or products of matrices. */
export interface MatrixMethod<P extends Params, E extends Params = None> {
  /** In a few words, what becomes of all other tensors, by the method's `combine`: `mean of the task vectors`. */
  readonly others: string;
  /** Which matrices are taken as such; all with two rows and columns or more unless told. */
  readonly takes?: (size: MatrixSize) => boolean;
  /** Numbers of f64 that are held at once while a matrix is combined: for the budget of memory. */
  readonly numbers: (size: MatrixSize) => number;
  /** The combined matrix, [rows, cols]. */
  readonly combine: (context: MatrixContext<P, E>) => Promise<Matrix>;
}
