import type { Shape } from "../tensor/shape.js";
import type { GraphBuilder } from "./graph-builder.js";
import type { Layout } from "./layout.js";

/** What a network asks of the training step that runs it. */
export interface TrainingServices {
  /** Says that a buffer becomes share.old · its value + share.now · `now`. */
  readonly updateRunning: (key: string, now: string, share: { readonly old: number; readonly now: number }) => void;
  /** A value of 0 (share `ratio`) and 1/(1 − ratio), drawn anew each step. */
  readonly dropoutMask: (shape: Shape, ratio: number) => string;
}

/** How a unit reaches values and gradients of the network while it adds its nodes. */
export interface UnitContext extends TrainingServices {
  readonly build: GraphBuilder;
  /** A value of the network, turned into the layout that is asked for. */
  readonly read: (value: string, layout?: Layout) => string;
  /** Says where an output of the unit is to be found. */
  readonly write: (value: string, emitted: string, layout?: Layout) => void;
  /** Whether the gradient with respect to a value is asked for. */
  readonly wants: (value: string) => boolean;
  /** The gradient with respect to an output of the unit; `undefined` where the loss does not depend on it. */
  readonly gradientOf: (value: string, layout?: Layout) => string | undefined;
  /** Adds to the gradient with respect to an input of the unit. */
  readonly addGradient: (value: string, gradient: string, layout?: Layout) => void;
}

/**
 * Nodes of a network that are run and differentiated as one: a single node by its operator's rules, or several that
 * have a faster form together. Holds between the two calls what the gradient needs.
 */
export interface Unit {
  /** Values it reads, entries of the state among them. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly forward: (context: UnitContext) => void;
  /** Called after `forward`, and only when some output has a gradient and some input wants one. */
  readonly backward: (context: UnitContext) => void;
}
