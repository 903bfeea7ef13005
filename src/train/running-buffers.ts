import type { GraphBuilder } from "../network/graph-builder.js";
import { joinMembers, perElement, type StepVariable } from "./step-variables.js";

/** A buffer becomes share.old · its value + share.now · `now`. */
export interface RunningUpdate {
  readonly now: string;
  readonly share: { readonly old: number; readonly now: number };
}

/** What a tensor of buffers holds after the step: each changed as often as a part has asked for. */
export function updatedBuffers(
  build: GraphBuilder,
  group: StepVariable,
  {
    views,
    running,
  }: {
    readonly views: ReadonlyMap<string, string>;
    readonly running: ReadonlyMap<string, readonly RunningUpdate[]>;
  },
): string {
  const updates = group.members.map(({ name }) => running.get(name) ?? []);
  const scaled = (value: string, factor: string): string => build.node("Mul", [value, factor]);
  if (updates.every((list) => list.length === 1)) {
    const share = (which: "old" | "now"): string =>
      perElement(build, group, (member) => running.get(member.name)![0].share[which]);
    const now = joinMembers(
      build,
      updates.map(([{ now }]) => now),
    );
    return build.node("Add", [scaled(group.input, share("old")), scaled(now, share("now"))]);
  }
  const values = group.members.map(({ name }, index) => {
    let value = views.get(name)!;
    for (const { now, share } of updates[index]) {
      value = build.node("Add", [scaled(value, build.scalar(share.old)), scaled(now, build.scalar(share.now))]);
    }
    return value;
  });
  return joinMembers(build, values);
}
