import { formatTable } from "../core/format-table.js";
import type { TensorPlan } from "../merge/plan.js";

/** How many keys become what, in words and as data. */
export function describePlan(plan: TensorPlan): { readonly text: string; readonly json: object } {
  const counts = new Map<string, number>();
  for (const { how } of plan.tensors) counts.set(how, (counts.get(how) ?? 0) + 1);
  const parts = [...counts].sort((x, y) => y[1] - x[1]).map(([how, count]) => `${count} ${how}`);
  return {
    text: `${plan.tensors.length} keys (${parts.join("; ")})`,
    json: { keys: plan.tensors.length, actions: Object.fromEntries(counts), notes: plan.notes },
  };
}

/** One line a key. */
export function planTable(plan: TensorPlan): string {
  const rows = plan.tensors.map(({ key, shape, dtype, role, how }) => [key, `[${shape.join(", ")}]`, dtype, role, how]);
  return formatTable([["key", "shape", "dtype", "role", "becomes"], ...rows]);
}

export function plannedJson({ key, shape, dtype, role, how }: TensorPlan["tensors"][number]): object {
  return { key, shape, dtype, role, how };
}
