import { runStages, type StageEvent } from "../lab/run-stages.js";
import { givenValue } from "../lab/settings/given.js";
import type { LabSettings } from "../lab/settings/lab-settings.js";
import type { FinishedLab } from "./lab-folder.js";
import { type PrepareLabOptions, prepareLab } from "./prepare-lab.js";

/** Settings as a `lab.yml` holds them: any of them, sections in part. */
export type GivenLabSettings = { readonly [K in keyof LabSettings]?: unknown };

export interface RunLabOptions extends PrepareLabOptions {
  readonly settings?: GivenLabSettings;
  /** The command that the report says makes it again; default that of the command line without options. */
  readonly command?: string;
  readonly onEvent?: (event: StageEvent) => void;
}

/**
 * Runs the whole experiment: two networks are trained, merged in every way there is, and judged; results and report lie in
 * the folder. Stages that have run there before are not run again.
 *
 * @throws as `prepareLab` and the stages do; `aborted`
 */
export async function runLab(path: string, options: RunLabOptions = {}): Promise<FinishedLab> {
  const { settings = {}, command = `onebasin lab -o ${path}`, onEvent, onProgress, signal } = options;
  const { lab, folder } = await prepareLab(path, givenValue(settings, "the settings"), options);
  for await (const event of runStages(lab.stages, { store: folder.store, context: lab.context, signal, onProgress })) {
    onEvent?.(event);
  }
  return folder.finish(lab, { whole: command, stage: ({ id }) => `${command} --stage ${id}` });
}
