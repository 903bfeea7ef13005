import type { Params, ParamValues } from "../core/params.js";
import type { Shape } from "../tensor/shape.js";
import type { Expression } from "./expression/expression.js";
import type { MatrixMethod } from "./matrix-method.js";

/** The tensor that a formula is made for, as far as headers tell. */
export interface TensorContext {
  readonly key: string;
  readonly shape: Shape;
  /** Of every random choice, which also depends on the key and on the model's place. */
  readonly seed: number;
  /** Whether every model has statistics of this tensor. */
  readonly hasStatistics: boolean;
}

/** No parameter at all. */
export type None = Readonly<Record<never, never>>;

/** What a method combines for one key. */
export interface MethodContext<P extends Params, E extends Params = None> extends TensorContext {
  /** The models' tensors, in the order given; without the base model. */
  readonly models: readonly Expression[];
  /** Present when the method needs a base, or may use one and got it. */
  readonly base?: Expression;
  /** The statistics of each model, where the method takes some and there are some of this tensor. */
  readonly statistics?: readonly Expression[];
  /** One mixing weight a model; `defaultWeight` where none were given. */
  readonly weights: readonly number[];
  readonly params: ParamValues<P>;
  /** Values of `perModel`, one record a model. */
  readonly each: readonly ParamValues<E>[];
}

/** A worked example: documentation, and a test of the method. Each tensor is given by its elements. */
export interface MethodCase {
  readonly name: string;
  /** Of each tensor; one axis unless told. */
  readonly shape?: Shape;
  readonly models: readonly (readonly number[])[];
  readonly base?: readonly number[];
  readonly statistics?: readonly (readonly number[])[];
  readonly weights?: readonly number[];
  /** A parameter that each model has may be a list, one value a model. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly expected: readonly number[];
}

/** What was measured of each model beforehand, and is given beside it under the same keys. */
export interface StatisticsNeed {
  /** Of `onebasin statistics --kind`. */
  readonly kind: string;
  /** What they are, as messages say it: `Fisher information`. */
  readonly title: string;
  /** Their shape for a parameter of this shape; `undefined` where the method has no use for any. */
  readonly shapeFor: (shape: Shape) => Shape | undefined;
  /** Whether each parameter must have them; without, it is otherwise combined as if the method took none. */
  readonly isRequired: boolean;
  /** Whether a number below 0 cannot be right. */
  readonly isNonNegative: boolean;
}

/** A way to make one tensor of several, described in one file of `merge/methods/`. */
export interface MergeMethod<P extends Params = Params, E extends Params = Params> {
  readonly id: string;
  readonly title: string;
  /** One sentence: what it does. */
  readonly doc: string;
  /** In plain text; a, b, … are the models, δ a task vector (model − base). */
  readonly formula: string;
  /** When it is the right choice, and when it is not. */
  readonly use: string;
  readonly paper?: string;
  /** How many models it takes, the base not counted. */
  readonly models: { readonly min: number; readonly max?: number };
  readonly base: "none" | "optional" | "required";
  readonly statistics?: StatisticsNeed;
  /** The weight of a model that was given none; absent when the method has no weights. */
  readonly defaultWeight?: number;
  /** What comes out: a model, or a task vector (a difference of models). */
  readonly gives: "model" | "task vector";
  readonly params: P;
  /** Parameters that each model has of its own; one value given stands for all models. */
  readonly perModel?: E;
  /** What is wrong with these weights and parameters, as a sentence; absent or `undefined` when nothing is. */
  readonly problem?: (given: {
    readonly models: number;
    readonly weights: readonly number[];
    readonly params: ParamValues<P>;
    readonly each: readonly ParamValues<E>[];
  }) => string | undefined;
  readonly combine: (context: MethodContext<P, E>) => Expression;
  /** How parameters with two axes or more are combined instead, each as one matrix. */
  readonly matrix?: MatrixMethod<P, E>;
  readonly cases: readonly MethodCase[];
}

/** Keeps the parameters' types while a method is written, and forgets them for the list of methods. */
export function defineMergeMethod<const P extends Params, const E extends Params = None>(
  method: MergeMethod<P, E>,
): MergeMethod {
  return method as unknown as MergeMethod;
}
