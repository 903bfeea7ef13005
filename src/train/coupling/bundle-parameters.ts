import type { GraphBuilder } from "../../network/graph-builder.js";
import { joinMembers, type StepMember, splitMembers } from "../step-variables.js";
import type { Updated } from "../training-step.js";
import type { CoupledParameter } from "./coupling-plan.js";

/** Values that belong together: of one parameter, or of several stored one after the other, in every network. */
export interface Bundle {
  /** c of all of it. */
  readonly strength: number;
  /** At the step's begin, by network; adds nodes. */
  readonly before: () => readonly string[];
  /** After the optimizer, by network. */
  readonly after: readonly string[];
  /** Sets other values, by network. */
  readonly replace: (values: readonly string[]) => void;
}

/** Bundles, and what became of the tensors that they are parts of. */
export interface BundledParameters {
  readonly bundles: readonly Bundle[];
  /** New values by input; adds nodes. */
  readonly replaced: () => ReadonlyMap<string, string>;
}

/** A tensor of the step that is taken apart. */
interface Opened {
  readonly tensor: Updated;
  readonly before: () => ReadonlyMap<string, string>;
  readonly after: () => ReadonlyMap<string, string>;
  readonly changed: Map<string, string>;
}

/**
 * Finds what networks in one training step have in common. A tensor that holds several parameters stays whole where
 * all networks store the same ones in it and the plan couples them equally, and is taken apart elsewhere.
 */
export function bundleParameters(
  build: GraphBuilder,
  updated: readonly Updated[],
  { count, parameters }: { readonly count: number; readonly parameters: readonly CoupledParameter[] },
): BundledParameters {
  const strengths = new Map(parameters.map(({ key, strength }) => [key, strength]));
  const places = new Map<string, { readonly tensor: Updated; readonly member: StepMember }>();
  for (const tensor of updated) {
    for (const member of tensor.variable.members) places.set(`${member.part} ${member.key}`, { tensor, member });
  }
  const placesOf = (key: string) => Array.from({ length: count }, (_, part) => places.get(`${part} ${key}`)!);
  const whole = new Map<string, string>();
  const opened = new Map<Updated, Opened>();
  const open = (tensor: Updated): Opened => {
    const known = opened.get(tensor) ?? openTensor(build, tensor);
    opened.set(tensor, known);
    return known;
  };

  const bundles: Bundle[] = [];
  const done = new Set<string>();
  for (const { key, strength } of parameters) {
    if (done.has(key)) continue;
    const found = placesOf(key);
    const { members } = found[0].tensor.variable;
    const alike = found.every(({ tensor }) => sameMembers(tensor.variable.members, members));
    if (alike && members.every((it) => strengths.get(it.key) === strength)) {
      for (const member of members) done.add(member.key);
      bundles.push({
        strength,
        before: () => found.map(({ tensor }) => tensor.variable.input),
        after: found.map(({ tensor }) => tensor.value),
        replace: (values) => {
          for (const [index, { tensor }] of found.entries()) whole.set(tensor.variable.input, values[index]);
        },
      });
    } else if (strength > 0) {
      const parts = found.map(({ tensor, member }) => ({ name: member.name, from: open(tensor) }));
      bundles.push({
        strength,
        before: () => parts.map(({ name, from }) => from.before().get(name)!),
        after: parts.map(({ name, from }) => from.after().get(name)!),
        replace: (values) => {
          for (const [index, { name, from }] of parts.entries()) from.changed.set(name, values[index]);
        },
      });
    }
  }
  return {
    bundles,
    replaced() {
      for (const { tensor, after, changed } of opened.values()) {
        const values = tensor.variable.members.map(({ name }) => changed.get(name) ?? after().get(name)!);
        whole.set(tensor.variable.input, joinMembers(build, values));
      }
      return whole;
    },
  };
}

const sameMembers = (a: readonly StepMember[], b: readonly StepMember[]): boolean =>
  a.length === b.length &&
  a.every((member, index) => member.key === b[index].key && member.layout.id === b[index].layout.id);

function openTensor(build: GraphBuilder, tensor: Updated): Opened {
  const once = (value: string): (() => ReadonlyMap<string, string>) => {
    let split: ReadonlyMap<string, string> | undefined;
    return () => {
      split ??= splitMembers(build, tensor.variable, value);
      return split;
    };
  };
  return { tensor, before: once(tensor.variable.input), after: once(tensor.value), changed: new Map() };
}
