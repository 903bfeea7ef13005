import { formatTable } from "../../core/format-table.js";
import type { DiffReport } from "../../merge/diff/diff.js";
import { parseCount } from "../arguments.js";
import { defineCommand } from "../command.js";

/** Keys listed of each kind of difference in structure; the JSON has all. */
const MAX_LISTED = 10;

export const diff = defineCommand({
  name: "diff",
  args: "<a> <b>",
  doc: "Whether two models can be averaged: structure, distance key by key, order of the units, and one verdict.",
  options: [],
  examples: ["onebasin diff mnist.pth svhn.pth", "onebasin diff base.safetensors tuned.safetensors --json"],
  run: async ({ args: [a, b], options, output }) => {
    const { diff: compare } = await import("../../node/diff-checkpoints.js");
    const report = await compare(a, b, { threads: parseCount("--threads", options.threads) });
    output.result(describe(report), report);
  },
});

function describe(report: DiffReport): string {
  const { names, onlyInA, onlyInB, otherShape, renamed, keys, distance, cosine, verdict } = report;
  const lines: string[] = [];
  if (keys.length > 0) {
    const rows = keys.map(({ key, norms, distance: moved, cosine: direction, units }) => [
      key,
      number(norms[0]),
      number(norms[1]),
      number(moved),
      direction.toFixed(4),
      units === undefined ? "" : `${Math.round(units.same * 100)} %`,
    ]);
    lines.push(
      formatTable([["key", "‖a‖", "‖b‖", "‖a − b‖", "cosine", "units in order"], ...rows], [1, 2, 3, 4, 5]),
      "",
    );
  }
  if (renamed !== undefined) lines.push(`Keys of ${names[1]} were taken ${renamed}.`);
  lines.push(...listed(`Only in ${names[0]}`, onlyInA), ...listed(`Only in ${names[1]}`, onlyInB));
  lines.push(
    ...listed(
      "Of other shape",
      otherShape.map(({ key, shapes }) => `${key} ([${shapes[0].join(", ")}] and [${shapes[1].join(", ")}])`),
    ),
  );
  if (keys.length > 0) lines.push(`All parameters: ‖a − b‖ ${number(distance)}, cosine ${cosine.toFixed(4)}.`);
  return [...lines, verdict.text].join("\n");
}

const number = (value: number): string => value.toPrecision(4);

function listed(title: string, keys: readonly string[]): string[] {
  if (keys.length === 0) return [];
  const more = keys.length > MAX_LISTED ? `, and ${keys.length - MAX_LISTED} more` : "";
  return [`${title}: ${keys.slice(0, MAX_LISTED).join(", ")}${more}.`];
}
