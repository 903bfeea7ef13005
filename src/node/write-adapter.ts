import type { OutputFile, OutputLayout } from "../checkpoint/layout.js";
import { layoutSafetensors } from "../checkpoint/safetensors/layout.js";
import { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import type { AdapterPlan, Coverage } from "../lora/adapter-plan.js";
import { createFileTarget } from "./file-target.js";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS } from "./open-adapter.js";

export interface WriteAdapterOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** What was written, and how much of each change it holds. */
export interface AdapterReport {
  readonly files: readonly string[];
  readonly bytesWritten: number;
  /** How many modules have factors. */
  readonly modules: number;
  /** Plain sentences for the user. */
  readonly notes: readonly string[];
  /** By module, where factors were cut to a rank. */
  readonly coverage: ReadonlyMap<string, Coverage>;
  /** What was changed and is not in the adapter. */
  readonly leftOut: readonly { readonly key: string; readonly why: string; readonly change: number }[];
  /** The part of the whole change, in sums of squares, that the adapter holds; 1 where nothing was cut. */
  readonly share: number;
}

/**
 * Carries out a plan of an adapter into a folder that PEFT loads, one module after the other. The files appear when
 * all is complete.
 *
 * @throws `non-finite`, `mismatch`, `io`, `aborted`
 */
export async function writeAdapter(
  plan: AdapterPlan,
  folder: string,
  { signal, onProgress }: WriteAdapterOptions = {},
): Promise<AdapterReport> {
  const weights = layoutSafetensors(
    plan.steps.flatMap(({ tensors }) => tensors),
    { fileName: ADAPTER_WEIGHTS[0], metadata: { format: "pt" } },
  );
  const layout: OutputLayout = { ...weights, files: [...weights.files, configFile(plan)] };
  const inputs = plan.sources.flatMap(({ path }) => path ?? []);
  const target = await createFileTarget(folder, layout.files, { inputs });
  const coverage = new Map<string, Coverage>();
  const leftOut: { key: string; why: string; change: number }[] = [];
  try {
    for (const [file, { segments }] of layout.files.entries()) {
      for (const { position, bytes } of segments) await target.write(file, position, bytes);
    }
    for (const [done, step] of plan.steps.entries()) {
      onProgress?.({ stage: "factoring", done, total: plan.steps.length, unit: "keys", note: step.module });
      if (signal?.aborted) throw new OnebasinError("aborted", "Stopped; nothing was written.");
      const made = await step.make();
      if (made.coverage !== undefined) coverage.set(step.module, made.coverage);
      for (const [i, { key }] of step.tensors.entries()) {
        const { file, position } = placementOf(layout, key);
        await target.write(file, position, made.tensors[i].bytes);
      }
    }
    for (const { key, why, change } of plan.leftOut) {
      const size = await change();
      if (size > 0) leftOut.push({ key, why, change: size });
    }
    await target.commit();
  } catch (error) {
    await target.abort();
    throw error;
  } finally {
    await Promise.all(plan.sources.map((source) => source.close?.()));
  }
  return {
    files: layout.files.map(({ name }) => name),
    bytesWritten: layout.files.reduce((total, { size }) => total + size, 0),
    modules: new Set(plan.steps.map(({ module }) => module)).size,
    notes: plan.notes,
    coverage,
    leftOut,
    share: shareOf([...coverage.values()], leftOut),
  };
}

function shareOf(held: readonly Coverage[], leftOut: readonly { readonly change: number }[]): number {
  const covered = held.reduce((sum, one) => sum + one.covered, 0);
  const total = held.reduce((sum, one) => sum + one.total, 0) + leftOut.reduce((sum, { change }) => sum + change, 0);
  return total === 0 ? 1 : covered / total;
}

function configFile({ config }: AdapterPlan): OutputFile {
  const bytes = new TextEncoder().encode(`${JSON.stringify(config, undefined, 2)}\n`);
  return { name: ADAPTER_CONFIG, size: bytes.byteLength, segments: [{ position: 0, bytes }] };
}

function placementOf({ placements }: OutputLayout, key: string): { readonly file: number; readonly position: number } {
  const placement = placements.get(key);
  if (placement === undefined) throw new Error(`no place was laid out for ${key}`);
  return placement;
}
