import type { DType } from "../tensor/dtype.js";
import type { Shape } from "../tensor/shape.js";
import type { AxisTie } from "./axis-tie.js";
import type { Attributes, GraphNode } from "./graph.js";
import type { GraphBuilder } from "./graph-builder.js";
import type { TrainingServices } from "./unit.js";

/** What an operator's rules know about a node: attributes and concrete shapes. */
export interface NodeFacts {
  readonly node: GraphNode;
  readonly inputShapes: readonly Shape[];
  /**
   * The numbers of an input that is a constant (a target shape, a list of axes).
   *
   * @throws `unsupported` when they are known only when the graph runs
   */
  readonly constantInput: (index: number) => readonly number[];
}

/** What a rule that adds nodes works with. Values are names in the graph that is being built. */
export interface EmitContext extends NodeFacts {
  readonly build: GraphBuilder;
  /** Values of the node's inputs; `""` for one that is left out. */
  readonly inputs: readonly string[];
  readonly outputShapes: readonly Shape[];
}

export interface TrainingContext extends EmitContext, TrainingServices {}

export interface TrainingOutputs {
  readonly outputs: readonly string[];
  /** Values that the gradient rule will want. */
  readonly saved?: Readonly<Record<string, string>>;
}

export interface GradientContext extends EmitContext {
  readonly outputs: readonly string[];
  readonly saved: Readonly<Record<string, string>>;
  /** By output; `undefined` where the loss does not depend on it. At least one is given. */
  readonly outputGradients: readonly (string | undefined)[];
  /** Whether the gradient with respect to an input is asked for. */
  readonly wants: (input: number) => boolean;
}

/** One input of a conformance case. */
export interface CaseInput {
  readonly shape: Shape;
  /** Exact numbers instead of random ones. */
  readonly values?: readonly number[];
  readonly dtype?: DType;
  /** A constant of the graph (a shape, a list of axes), not something to differentiate. */
  readonly constant?: boolean;
  /** Keeps random numbers positive, as a divisor or a variance must be. */
  readonly positive?: boolean;
}

export interface OperatorCase {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  readonly attributes?: Attributes;
}

/**
 * An operator of ONNX: the shape of its outputs, its gradient, and how its axes are tied. The rules describe the
 * operator as of opset {@link OPSET}.
 */
export interface Operator {
  /** ONNX's name. */
  readonly type: string;
  readonly inputs: { readonly min: number; readonly max: number };
  /** Shapes and dtypes of the outputs; without `dtype` the first input's. */
  readonly shape: (facts: NodeFacts) => readonly Shape[];
  /**
   * Adds nodes for the gradient with respect to each input, and gives their names. Absent when the operator
   * cannot be differentiated.
   */
  readonly gradient?: (context: GradientContext) => readonly (string | undefined)[];
  /** How a permutation of one axis moves others; axes left unmentioned cannot be permuted. */
  readonly axes?: (facts: NodeFacts & { readonly outputShapes: readonly Shape[] }) => readonly AxisTie[];
  /** Adds the operator as it runs in training, where that is another computation than in inference. */
  readonly training?: (context: TrainingContext) => TrainingOutputs;
  /** Examples that the conformance suite runs. */
  readonly cases: readonly OperatorCase[];
}

/** The version of ONNX's operator set that graphs are written in. */
export const OPSET = 21;

export const defineOperator = (operator: Operator): Operator => operator;
