import type { Params, ParamValues } from "../core/params.js";
import type { GraphBuilder } from "../network/graph-builder.js";

/** What an optimizer makes of one parameter in one step. Values are names in the graph of the step. */
export interface OptimizerContext<P extends Params = Params> {
  readonly build: GraphBuilder;
  readonly values: ParamValues<P>;
  readonly parameter: string;
  readonly gradient: string;
  /** What the optimizer kept of this parameter from the step before; zeros at first. */
  readonly slots: Readonly<Record<string, string>>;
  /** The numbers of `scalars`, each of shape [1]. */
  readonly scalars: Readonly<Record<string, string>>;
}

/** What a schedule says of a step. */
export interface StepScalars {
  readonly rate: number;
  /** From 1. */
  readonly step: number;
  /** Goes before the optimizer's own. */
  readonly momentum?: number;
}

export interface OptimizerResult {
  readonly parameter: string;
  readonly slots: Readonly<Record<string, string>>;
}

/** A rule by which gradients change parameters, described in one file of `train/optimizers/`. */
export interface Optimizer<P extends Params = Params> {
  readonly id: string;
  readonly title: string;
  /** The rule as a formula. */
  readonly doc: string;
  readonly params: P;
  /** The rate when none is given. */
  readonly usualRate: number;
  /** Names of the tensors kept for each parameter, of its shape. */
  readonly slots: (values: ParamValues<P>) => readonly string[];
  /** Numbers that may differ from step to step. Computed in f64, fed as f32. */
  readonly scalars: (values: ParamValues<P>, at: StepScalars) => Record<string, number>;
  /** Adds the nodes of one parameter's update. */
  readonly emit: (context: OptimizerContext<P>) => OptimizerResult;
}

/** Keeps the types of the options while an optimizer is written down, and forgets them for the list. */
export const defineOptimizer = <const P extends Params>(optimizer: Optimizer<P>): Optimizer =>
  optimizer as unknown as Optimizer;
