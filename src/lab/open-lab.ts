import { OnebasinError, throwProblems } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import type { DatasetEnvironment } from "../data/dataset-environment.js";
import type { ImageSet, Split } from "../data/image-set.js";
import { loadDataset } from "../data/load-dataset.js";
import type { Network } from "../network/graph.js";
import { outputClasses } from "../network/output-classes.js";
import type { Runtime } from "../network/runtime.js";
import { elementCount } from "../tensor/shape.js";
import { hashImages, hashNetwork, hashStages, sha256 } from "./hash.js";
import { type LabPlan, planLab } from "./plan/plan-lab.js";
import type { ExperimentFacts, LabResults } from "./results.js";
import type { StageStore } from "./run-stages.js";
import type { LabSettings } from "./settings/lab-settings.js";
import type { HashedStage, StageContext } from "./stage.js";
import { buildResults } from "./summary/build-results.js";

export interface OpenLabOptions {
  readonly settings: LabSettings;
  readonly network: Network;
  readonly runtime: Runtime;
  readonly environment: DatasetEnvironment;
  /** Of onebasin. */
  readonly version: string;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** An experiment with its images loaded and every stage hashed: all that can be checked was. */
export interface Lab {
  readonly plan: LabPlan;
  readonly stages: readonly HashedStage[];
  readonly context: Omit<StageContext, "report">;
  /** What the datasets want the reader to know. */
  readonly notes: readonly string[];
  /** Everything that was found, once all stages have run. */
  readonly results: (store: StageStore, commands: LabCommands) => Promise<LabResults>;
}

/** How the experiment and its stages are run from the command line. */
export interface LabCommands {
  readonly whole: string;
  readonly stage: (stage: HashedStage) => string;
}

/**
 * Plans an experiment and loads its images.
 *
 * @throws as loading datasets does; `mismatch` when datasets and network do not fit each other
 */
export async function openLab(options: OpenLabOptions): Promise<Lab> {
  const { settings, network, runtime, environment, version, threads, signal } = options;
  const plan = planLab(settings, network);
  const load = (split: Split, dataset: 0 | 1): Promise<ImageSet> =>
    loadDataset(settings.data[dataset], {
      split,
      limit: split === "train" ? settings.images : settings["test-images"],
      seed: settings.seed,
      environment,
    });
  const images = new Map<string, ImageSet>();
  const hashes = new Map<string, string>();
  for (const split of ["train", "test"] as const) {
    for (const dataset of [0, 1] as const) {
      const set = await load(split, dataset);
      images.set(`${split} ${dataset}`, set);
      hashes.set(`${split} ${dataset}`, await hashImages(set));
    }
  }
  checkFit(network, [...images.values()]);
  const stages = await hashStages(plan.stages, {
    version,
    network: await hashNetwork(network),
    images: ({ split, dataset }) => hashes.get(`${split} ${dataset}`) as string,
  });
  return {
    plan,
    stages,
    context: {
      network,
      runtime,
      threads,
      signal,
      images: async (split, dataset) => images.get(`${split} ${dataset}`) as ImageSet,
    },
    notes: [...new Set([...images.values()].flatMap(({ notes }) => notes))],
    results: async (store, commands) => {
      const facts = new Map<string, unknown>();
      for (const stage of stages) facts.set(stage.id, (await store.read(stage)).facts);
      const [first, second] = ["train 0", "train 1"].map((key) => images.get(key) as ImageSet);
      const [firstTest, secondTest] = ["test 0", "test 1"].map((key) => images.get(key) as ImageSet);
      const experiment: ExperimentFacts = {
        preset: settings.preset,
        datasets: settings.data,
        classes: first.classNames ?? Array.from({ length: first.classes }, (_, index) => String(index)),
        architecture: settings.arch,
        parameters: [...network.state.values()]
          .filter(({ kind }) => kind === "parameter")
          .reduce((sum, { shape }) => sum + elementCount(shape), 0),
        seeds: Array.from({ length: settings.seeds }, (_, index) => settings.seed + 2 * index),
        trainImages: [first.count, second.count],
        testImages: [firstTest.count, secondTest.count],
        settings: { ...settings },
        command: commands.whole,
        hash: await sha256(stages.map(({ hash }) => hash).join()),
      };
      return buildResults({ plan, stages, facts, experiment, version, commandOf: commands.stage });
    },
  };
}

/** Both parents are one architecture: they must tell the same classes apart. */
function checkFit(network: Network, sets: readonly ImageSet[]): void {
  const problems: OnebasinError[] = [];
  const classes = [...new Set(sets.map((set) => set.classes))];
  if (classes.length > 1) {
    const told = sets.slice(0, 2).map((set) => `${set.name} has ${set.classes}`);
    problems.push(
      new OnebasinError("mismatch", `The datasets have different numbers of classes: ${told.join(", ")}.`, {
        hint: "Weights can be added only where both networks tell the same classes apart. For others, see onebasin zip and onebasin couple.",
      }),
    );
  }
  if (outputClasses(network) < Math.max(...classes)) {
    problems.push(
      new OnebasinError(
        "mismatch",
        `${network.name} tells ${outputClasses(network)} classes apart; ${sets[0].name} has ${Math.max(...classes)}.`,
        { hint: `Give the architecture as many: classes=${Math.max(...classes)}.` },
      ),
    );
  }
  throwProblems(problems, "the experiment");
}
