import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OnebasinError } from "../core/errors.js";
import type { StageStore } from "../lab/run-stages.js";
import type { HashedStage } from "../lab/stage.js";
import { open, save, toStateDict } from "./index.js";
import { ARCHITECTURE_KEY } from "./load-architecture.js";

/** What a stage found, and what it depends on. */
const FACTS = "stage.json";
/** How long it took: no part of what it found. */
const TIMING = "timing.json";
/** Digits of a hash that tell results of one stage apart. */
const HASH_DIGITS = 12;

/** What folders are called that are not complete yet. */
export const PARTIAL = ".partial-";

export interface LabStore extends StageStore {
  /** Seconds that a stage took when it ran; `undefined` when nobody wrote it down. */
  readonly seconds: (stage: HashedStage) => Promise<number | undefined>;
  /** Where a stage keeps its result. */
  readonly folderOf: (stage: HashedStage) => string;
}

/**
 * Keeps results of stages in a folder each, `train-a-0.1f3c…`: facts as JSON, networks as safetensors that every
 * command reads. A folder appears when it is complete, so that an interrupted stage leaves nothing, and several
 * processes may run stages of one experiment.
 *
 * @param options.architecture of the networks, for the files' metadata
 */
export function createLabStore(folder: string, { architecture }: { readonly architecture: string }): LabStore {
  const folderOf = ({ id, hash }: HashedStage): string => join(folder, `${id}.${hash.slice(0, HASH_DIGITS)}`);
  const has = (stage: HashedStage): Promise<boolean> =>
    access(join(folderOf(stage), FACTS)).then(
      () => true,
      () => false,
    );
  return {
    folderOf,
    has,
    async read(stage) {
      const path = join(folderOf(stage), FACTS);
      const { facts } = await readJson<{ readonly facts: unknown }>(path);
      return {
        facts,
        state: async (name) => toStateDict(await open(join(folderOf(stage), `${name}.safetensors`))),
      };
    },
    async write(stage, { facts, states = {}, files = {} }, { seconds }) {
      const final = folderOf(stage);
      try {
        await mkdir(folder, { recursive: true });
        const temporary = await mkdtemp(join(folder, PARTIAL));
        for (const [name, state] of Object.entries(states)) {
          const metadata = { [ARCHITECTURE_KEY]: architecture };
          await save(state, join(temporary, `${name}.safetensors`), { metadata });
        }
        for (const [name, bytes] of Object.entries(files)) await writeFile(join(temporary, name), bytes);
        const { id, title, hash, settings, inputs, kind } = stage;
        await writeJson(join(temporary, TIMING), { seconds });
        await writeJson(join(temporary, FACTS), { id, title, kind: kind.id, hash, settings, inputs, facts });
        await rename(temporary, final).catch(async (error: NodeJS.ErrnoException) => {
          // Another process was quicker with the same result.
          if (!(await has(stage))) throw error;
          await rm(temporary, { recursive: true, force: true });
        });
      } catch (cause) {
        if (cause instanceof OnebasinError) throw cause;
        throw new OnebasinError(
          "io",
          `The result of stage ${stage.id} cannot be kept in ${folder}: ${(cause as Error).message}.`,
          { cause },
        );
      }
    },
    seconds: async (stage) => {
      const timing = await readJson<{ readonly seconds?: number }>(join(folderOf(stage), TIMING)).catch(
        () => undefined,
      );
      return timing?.seconds;
    },
  };
}

const writeJson = (path: string, value: unknown): Promise<void> =>
  writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`);

async function readJson<T>(path: string): Promise<T> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch (cause) {
    throw new OnebasinError("bad-file", `${path} cannot be read: ${(cause as Error).message}.`, {
      hint: `Remove ${dirname(path)}, and its stage runs again.`,
      cause,
    });
  }
}
