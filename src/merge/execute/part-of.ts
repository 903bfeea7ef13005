import type { OutputFile, OutputLayout } from "../../checkpoint/layout.js";
import type { PlannedTensor } from "../plan.js";

/** One share of a merge that several processes make together, counted from 1. */
export interface Part {
  readonly part: number;
  readonly parts: number;
}

/** A layout of some of the files of another, and the tensors that lie in them. */
export interface PartialOutput {
  readonly layout: OutputLayout;
  readonly tensors: readonly PlannedTensor[];
}

/** The files that hold tensors: every n-th of them from the i-th on for part i of n. */
export function partOf(layout: OutputLayout, tensors: readonly PlannedTensor[], { part, parts }: Part): PartialOutput {
  const mine = shardsOf(layout).filter((_, i) => i % parts === part - 1);
  const number = new Map(mine.map((file, i) => [file, i]));
  const placements = new Map(
    [...layout.placements].flatMap(([key, { file, position }]) => {
      const own = number.get(file);
      return own === undefined ? [] : [[key, { file: own, position }] as const];
    }),
  );
  return {
    layout: { files: mine.map((file) => layout.files[file]), placements },
    tensors: tensors.filter(({ key }) => placements.has(key)),
  };
}

/** The files of a layout that hold tensors, by number. */
export function shardsOf({ placements }: OutputLayout): number[] {
  return [...new Set([...placements.values()].map(({ file }) => file))].sort((a, b) => a - b);
}

/** The files that hold none: the index, and what lies beside the weights. */
export function companionsOf(layout: OutputLayout): OutputFile[] {
  const shards = new Set(shardsOf(layout));
  return layout.files.filter((_, i) => !shards.has(i));
}
