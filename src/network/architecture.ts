import type { Params, ParamValues } from "../core/params.js";
import type { Shape } from "../tensor/shape.js";
import type { Network } from "./graph.js";

/** A family of networks, described in one file of `network/architectures/`. */
export interface Architecture<P extends Params = Params> {
  /** The word for it in `--arch`. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences: layers, input, where the keys come from. */
  readonly doc: string;
  readonly params: P;
  /**
   * @throws `bad-argument` when the options make no network
   */
  readonly build: (values: ParamValues<P>) => Network;
  /**
   * Options under which the shapes of a state dict could be this architecture's; `undefined` when a key it needs
   * is not there. Need not be sure: whoever asks builds the network and compares.
   */
  readonly guess: (shapes: ReadonlyMap<string, Shape>) => Partial<ParamValues<P>> | undefined;
}

/** Keeps the types of the options while an architecture is written down, and forgets them for the list. */
export const defineArchitecture = <const P extends Params>(architecture: Architecture<P>): Architecture =>
  architecture as unknown as Architecture;
