import { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import type { Artifact, HashedStage, StageContext, StoredArtifact } from "./stage.js";

/** Where results of stages are kept. */
export interface StageStore {
  has(stage: HashedStage): Promise<boolean>;
  read(stage: HashedStage): Promise<StoredArtifact>;
  /** Keeps a result so that it is there whole or not at all. */
  write(stage: HashedStage, artifact: Artifact, run: { readonly seconds: number }): Promise<void>;
}

/** What happens while stages run. */
export interface StageEvent {
  readonly kind: "kept" | "ran";
  readonly stage: HashedStage;
  readonly seconds: number;
}

export interface RunStagesOptions {
  readonly store: StageStore;
  readonly context: Omit<StageContext, "report">;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Runs the stages that have no result yet, each after its inputs; the results of the others are taken as they are.
 *
 * @throws `aborted`; and as the stages do
 */
export async function* runStages(
  stages: readonly HashedStage[],
  options: RunStagesOptions,
): AsyncGenerator<StageEvent, void> {
  const { store, signal, onProgress } = options;
  const kept = new Set<string>();
  for (const stage of stages) {
    if (!(await store.has(stage))) continue;
    kept.add(stage.id);
    yield { kind: "kept", stage, seconds: 0 };
  }
  const missing = stages.filter(({ id }) => !kept.has(id));
  const total = Math.round(missing.reduce((sum, { cost }) => sum + cost, 0));
  let done = 0;
  for (const [index, stage] of missing.entries()) {
    if (signal?.aborted) throw new OnebasinError("aborted", `The experiment was stopped before "${stage.title}".`);
    const report = (share: number): void =>
      onProgress?.({
        stage: "experiment",
        done: Math.round(done + Math.min(1, share) * stage.cost),
        total,
        unit: "images",
        note: `stage ${index + 1} of ${missing.length}: ${stage.title}`,
      });
    report(0);
    const seconds = await runStage(stage, { ...options, stages, report });
    done += stage.cost;
    yield { kind: "ran", stage, seconds };
  }
}

/**
 * Runs one stage whose inputs are there, and keeps its result.
 *
 * @returns seconds it took
 * @throws `missing-data` naming the inputs that are not there
 */
export async function runStage(
  stage: HashedStage,
  options: RunStagesOptions & { readonly stages: readonly HashedStage[]; readonly report?: (share: number) => void },
): Promise<number> {
  const { store, stages, context, report = () => {} } = options;
  const inputs: Record<string, StoredArtifact> = {};
  const missing: string[] = [];
  for (const [role, id] of Object.entries(stage.inputs)) {
    const input = stages.find((it) => it.id === id) as HashedStage;
    if (await store.has(input)) inputs[role] = await store.read(input);
    else missing.push(id);
  }
  if (missing.length > 0) {
    throw new OnebasinError(
      "missing-data",
      `Stage ${stage.id} works on what ${missing.join(", ")} left; not run yet.`,
      {
        hint: `Run first: ${missing.map((id) => `--stage ${id}`).join(", ")}`,
      },
    );
  }
  const started = performance.now();
  const artifact = await stage.kind.run(stage.settings, inputs, { ...context, report });
  const seconds = (performance.now() - started) / 1000;
  await store.write(stage, artifact, { seconds });
  return seconds;
}
