import type { Network } from "../../network/graph.js";
import type { Head } from "../../network/join-heads.js";
import type { StateDict } from "../../tensor/tensor.js";
import { type DerivedAxes, deriveAxes, derivePermutationSpec } from "../spec/derive-spec.js";
import type { PermutationSpec } from "../spec/permutation-spec.js";
import { absorbScales } from "./absorb-scales.js";
import { type SplitNetwork, splitTrunk } from "./split-trunk.js";

/** A network with its numbers. */
export interface Model {
  readonly network: Network;
  readonly state: StateDict;
}

/** A model that is cut in two, and what is known of its trunk. */
export interface ZipPart extends Head {
  readonly split: SplitNetwork;
  /** The trunk alone, without outputs, its layers scaled as they are behind their normalisations. */
  readonly trunk: Model;
  /** Which axes of the trunk move together: only what is in the trunk ties them. */
  readonly spec: PermutationSpec;
  readonly derived: DerivedAxes;
  /** What values of the first model are called in this one. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * Cuts a model behind its first layers.
 *
 * @param first the first model, of the same structure
 */
export function zipPart(model: Head, { depth, first }: { readonly depth: number; readonly first: Network }): ZipPart {
  const split = splitTrunk(model.network, depth);
  const state = new Map([...split.trunk.state.keys()].map((key) => [key, model.state.get(key)!]));
  return {
    ...model,
    split,
    trunk: { network: split.trunk, state: absorbScales(split.trunk, state) },
    spec: derivePermutationSpec(split.trunk),
    derived: deriveAxes(split.trunk),
    names: new Map([
      [first.inputs[0].name, model.network.inputs[0].name],
      ...first.nodes.flatMap(({ outputs }, index) =>
        outputs.map((value, i): [string, string] => [value, model.network.nodes[index].outputs[i]]),
      ),
    ]),
  };
}
