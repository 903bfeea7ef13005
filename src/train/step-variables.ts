import type { GraphBuilder } from "../network/graph-builder.js";
import type { StateLayout } from "../network/state-layout.js";
import { elementCount, type Shape } from "../tensor/shape.js";
import { createTensor } from "../tensor/tensor.js";

/** An entry of the state that is trained or kept up to date, possibly shared by several parts. */
export interface StateVariable {
  /** Unique in the step. */
  readonly name: string;
  readonly kind: "parameter" | "buffer";
  /** The first part that has it, and its key there. */
  readonly part: number;
  readonly key: string;
  /** Elements without filling. */
  readonly count: number;
  readonly layout: StateLayout;
  /** Parts that read it. */
  readonly users: ReadonlySet<number>;
}

/** Where one entry lies within a tensor of the step. */
export interface StepMember extends StateVariable {
  /** In elements. */
  readonly offset: number;
}

/**
 * A tensor that a step reads and replaces: one entry of the state, or many small ones one after the other, since
 * every tensor costs time of its own.
 */
export interface StepVariable {
  /** Name of the input. */
  readonly input: string;
  /** Name of the output that holds it after the step. */
  readonly output: string;
  readonly shape: Shape;
  readonly kind: StateVariable["kind"];
  readonly members: readonly StepMember[];
  /** Given when it belongs to the optimizer: which of its tensors. */
  readonly slot?: string;
}

/** Name of the output that replaces an input. */
export const nextName = (input: string): string => `${input}@next`;

/** Packs vectors of the same kind and parts together; everything else stands alone. */
export function groupVariables(variables: readonly StateVariable[]): StepVariable[] {
  const groups = new Map<string, StateVariable[]>();
  for (const variable of variables) {
    const packable = variable.layout.shape.length === 1;
    const id = packable ? ["@packed", variable.kind, ...variable.users].join(" ") : variable.name;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [variable]);
    else group.push(variable);
  }
  return [...groups].map(([id, group]) => {
    const [{ kind, name, layout }] = group;
    const input = group.length === 1 ? name : id;
    let end = 0;
    const members = group.map((variable) => {
      const offset = end;
      end += elementCount(variable.layout.shape);
      return { ...variable, offset };
    });
    return { input, output: nextName(input), shape: group.length === 1 ? layout.shape : [end], kind, members };
  });
}

/** The members of a tensor, by name. */
export function splitMembers(
  build: GraphBuilder,
  { members }: StepVariable,
  value: string,
): ReadonlyMap<string, string> {
  if (members.length === 1) return new Map([[members[0].name, value]]);
  const sizes = build.ints(...members.map(({ layout }) => elementCount(layout.shape)));
  const parts = build.nodes("Split", [value, sizes], members.length, { axis: { int: 0 } });
  return new Map(members.map(({ name }, index) => [name, parts[index]]));
}

/** The inverse of {@link splitMembers}. */
export const joinMembers = (build: GraphBuilder, parts: readonly string[]): string =>
  parts.length === 1 ? parts[0] : build.node("Concat", parts, { axis: { int: 0 } });

/** A list of one number per element: a member's number for each of its elements. */
export function perElement(
  build: GraphBuilder,
  { members }: StepVariable,
  numberOf: (member: StepMember) => number,
): string {
  const numbers = members.flatMap((member) =>
    new Array<number>(elementCount(member.layout.shape)).fill(numberOf(member)),
  );
  return build.constant(createTensor("f32", [numbers.length], numbers));
}
