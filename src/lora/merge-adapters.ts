import { type OnebasinError, throwProblems } from "../core/errors.js";
import { type Adapter, sidesOf } from "./adapter.js";
import type { AdapterMethod } from "./adapter-methods.js";
import type { AdapterPart } from "./adapter-part.js";
import type { AdapterPlan } from "./adapter-plan.js";
import { optionProblems, partsProblem } from "./check-adapter-merge.js";
import { findAdapterMethod } from "./find-adapter-method.js";
import type { MergeAdaptersOptions } from "./merge-adapters-options.js";
import { mergeModule } from "./merge-module.js";
import { serializeAdapterConfig } from "./serialize-adapter-config.js";
import { wholeSteps } from "./whole-steps.js";

/**
 * Plans one adapter out of several, as PEFT's `add_weighted_adapter` combines them. The scale of each adapter goes into
 * the result's factors, whose own scale is 1. A module that only some adapters have is made of those.
 *
 * Cost: that of the method; `svd` never forms a whole change, the other methods that end in `_svd` do, one module's at a
 * time.
 *
 * @throws `bad-argument`, `unknown-name`, `mismatch`: all problems together, before any number is read
 * @source PEFT 0.21, `LoraModel.add_weighted_adapter`
 */
export function mergeAdapters(adapters: readonly Adapter[], options: MergeAdaptersOptions = {}): AdapterPlan {
  const method = findAdapterMethod(options.method ?? "svd");
  const problems: OnebasinError[] = optionProblems(adapters, method, options);
  throwProblems(problems, "the merge of adapters");
  const weights = options.weights ?? adapters.map(() => 1);
  const parts = new Map<string, AdapterPart[]>();
  for (const [i, adapter] of adapters.entries()) {
    for (const module of adapter.modules.values()) {
      parts.set(module.name, [...(parts.get(module.name) ?? []), { adapter, module, weight: weights[i] }]);
    }
  }
  const ranks = new Map<string, number>();
  for (const [name, list] of parts) {
    const problem = partsProblem(name, list, method);
    if (problem === undefined) ranks.set(name, rankOf(list, method, options.rank));
    else problems.push(problem);
  }
  const whole = wholeSteps(adapters, (module) => parts.has(module));
  throwProblems([...problems, ...whole.problems], "the merge of adapters");
  const steps = [...parts].map(([name, list]) =>
    mergeModule(name, list, { ...options, method, rank: ranks.get(name) as number }),
  );
  return {
    config: configOf(adapters, {
      ranks,
      whole: whole.steps.map(({ module }) => module).filter((module) => !parts.has(module)),
    }),
    steps: [...steps, ...whole.steps],
    leftOut: [],
    sources: adapters.flatMap(({ checkpoint }) => checkpoint.sources),
    notes: notesOf(adapters, parts, method),
  };
}

function rankOf(parts: readonly AdapterPart[], method: AdapterMethod, wanted: number | undefined): number {
  const ranks = parts.map(({ module }) => module.rank);
  if (method.on === "stacked") return ranks.reduce((total, rank) => total + rank, 0);
  const { rows, columns } = sidesOf(parts[0].module);
  return method.on === "factors" ? ranks[0] : Math.min(wanted ?? Math.max(...ranks), rows, columns);
}

function configOf(
  adapters: readonly Adapter[],
  { ranks, whole }: { readonly ranks: ReadonlyMap<string, number>; readonly whole: readonly string[] },
): Record<string, unknown> {
  const targets = adapters.map(({ config }) => config.targets);
  const isListed = targets.every((list) => list !== undefined);
  return serializeAdapterConfig({
    ranks,
    whole: [...new Set(whole)],
    targets: isListed ? targets.flatMap((list) => list ?? []) : undefined,
    baseModel: adapters.map(({ config }) => config.baseModel).find((base) => base !== undefined),
    isTransposed: adapters.some(({ config }) => config.isTransposed),
    taskType: adapters[0].config.raw.task_type,
  });
}

function notesOf(
  adapters: readonly Adapter[],
  parts: ReadonlyMap<string, readonly AdapterPart[]>,
  method: AdapterMethod,
): string[] {
  const notes = adapters.flatMap(({ checkpoint }) => checkpoint.notes.map((note) => `${checkpoint.name}: ${note}`));
  const bases = [...new Set(adapters.flatMap(({ config }) => config.baseModel ?? []))];
  if (bases.length > 1) notes.push(`The adapters name different base models: ${bases.join(", ")}.`);
  const partial = [...parts.values()].filter((list) => list.length < adapters.length).length;
  if (partial > 0)
    notes.push(`${partial} of ${parts.size} modules are not in all adapters; they are made of those that have them.`);
  if (method.on === "factors" && adapters.length > 1) {
    const exact = method.id === "linear" ? "cat or svd" : `${method.id}_svd`;
    notes.push(
      `"${method.id}" merges A with A and B with B, whose product is not the merge of the changes; ${exact} is.`,
    );
  }
  return notes;
}
