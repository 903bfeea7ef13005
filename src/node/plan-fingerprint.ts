import { createHash } from "node:crypto";
import type { OutputLayout } from "../checkpoint/layout.js";
import type { TensorPlan } from "../merge/plan.js";

/**
 * A hash of what a plan does: keys, formulas, and where in their files the inputs lie. The same on every machine;
 * file names do not count.
 */
export function planFingerprint(plan: TensorPlan): string {
  const hash = createHash("sha256");
  for (const { key, dtype, shape, how, inputs, action } of plan.tensors) {
    const places = inputs.map(({ entry, source, rows }) => [
      source,
      entry.offset,
      entry.dtype,
      entry.shape,
      entry.strides,
      rows,
    ]);
    hash.update(JSON.stringify([key, dtype, shape, how, action.kind, places]));
  }
  hash.update(JSON.stringify([plan.sources.map(({ size }) => size), plan.allowNonFinite]));
  return hash.digest("hex");
}

/** A hash of a plan and of the files it is written to. */
export function outputFingerprint(plan: TensorPlan, layout: OutputLayout): string {
  const hash = createHash("sha256").update(planFingerprint(plan));
  for (const { name, size, segments } of layout.files) {
    hash.update(JSON.stringify([name, size]));
    for (const { bytes } of segments) hash.update(bytes);
  }
  return hash.digest("hex");
}
