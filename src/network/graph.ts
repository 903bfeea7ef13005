import type { DType } from "../tensor/dtype.js";
import type { Shape } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";

/** A size, or the name of a size that is known only when the graph runs (`"n"`, the batch). */
export type Dim = number | string;

/** An attribute of a node, tagged with the type ONNX stores it as. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly tensor: Tensor };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One operation. Inputs and outputs are names of values; `""` stands for an optional one that is left out. */
export interface GraphNode {
  /** ONNX's name of the operator: `Conv`. */
  readonly op: string;
  /** Absent for ONNX's own operators; `com.microsoft` for the runtime's. */
  readonly domain?: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** A value that is fed to a graph or taken from it. */
export interface GraphValue {
  readonly name: string;
  readonly dtype: DType;
  /** Absent on an output whose shape follows from the graph. */
  readonly shape?: readonly Dim[];
}

/** Operations in an order in which they can run. Plain data, never changed once built. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly nodes: readonly GraphNode[];
  /** Values that never change, by name. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

/** How a tensor of a network just built is filled. */
export type Initial =
  | { readonly kind: "constant"; readonly value: number }
  /** Uniform in [−bound, bound]. */
  | { readonly kind: "uniform"; readonly bound: number }
  /** Normal with mean 0. */
  | { readonly kind: "normal"; readonly deviation: number };

/** A tensor of a network's state dict. */
export interface StateEntry {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly kind: "parameter" | "buffer";
  readonly initial: Initial;
}

/**
 * A graph whose learned values are left open: it says what is computed, not how. Nodes refer to the entries of
 * its state by their keys, which are PyTorch's, in PyTorch's order. An entry that no node reads
 * (`num_batches_tracked`) is carried along.
 */
export interface Network extends Graph {
  readonly state: ReadonlyMap<string, StateEntry>;
}
