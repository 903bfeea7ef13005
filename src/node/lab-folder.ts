import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Lab, LabCommands } from "../lab/open-lab.js";
import type { LabResults, StageTimings } from "../lab/results.js";
import { createLabStore, type LabStore, PARTIAL } from "./lab-store.js";
import { makeFolder } from "./make-folder.js";
import { writeText } from "./training-files.js";

/** Files of an experiment in its folder. */
const FILES = {
  results: "results.json",
  table: "results.csv",
  markdown: "results.md",
  picture: "results.svg",
  timings: "timings.json",
  report: "report.html",
} as const;
const STAGES = "stages";

/** The folder of an experiment: results of stages, and what they came to. */
export interface LabFolder {
  readonly store: LabStore;
  /** Writes results, table and report, once all stages have run. */
  readonly finish: (lab: Lab, commands: LabCommands) => Promise<FinishedLab>;
}

export interface FinishedLab {
  readonly results: LabResults;
  readonly timings: StageTimings;
  readonly paths: Readonly<Record<keyof typeof FILES, string>>;
}

/**
 * Opens the folder of an experiment.
 *
 * @throws `io`
 */
export async function openLabFolder(
  folder: string,
  { architecture }: { readonly architecture: string },
): Promise<LabFolder> {
  const stages = join(folder, STAGES);
  await makeFolder(stages);
  const store = createLabStore(stages, { architecture });
  return {
    store,
    finish: async (lab, commands) => {
      const results = await lab.results(store, commands);
      const timings = await timingsOf(lab, store);
      const { renderReport } = await import("../lab/report/render-report.js");
      const { resultsCsv } = await import("../lab/report/results-csv.js");
      const { resultsMarkdown } = await import("../lab/report/results-markdown.js");
      const { renderPicture } = await import("../lab/report/render-picture.js");
      const paths = {
        results: join(folder, FILES.results),
        table: join(folder, FILES.table),
        markdown: join(folder, FILES.markdown),
        picture: join(folder, FILES.picture),
        timings: join(folder, FILES.timings),
        report: join(folder, FILES.report),
      };
      await writeText(paths.results, `${JSON.stringify(results, undefined, 1)}\n`);
      await writeText(paths.table, resultsCsv(results));
      await writeText(paths.markdown, resultsMarkdown(results));
      await writeText(paths.picture, await renderPicture(results));
      await writeText(paths.timings, `${JSON.stringify(timings, undefined, 2)}\n`);
      await writeText(paths.report, await renderReport(results, timings));
      await clearPartial(stages);
      return { results, timings, paths };
    },
  };
}

/** Removes what interrupted stages left; to be called when no stage runs any more. */
async function clearPartial(stages: string): Promise<void> {
  for (const name of await readdir(stages)) {
    if (name.startsWith(PARTIAL)) await rm(join(stages, name), { recursive: true, force: true });
  }
}

async function timingsOf({ stages }: Lab, store: LabStore): Promise<StageTimings> {
  const timings: Record<string, number> = {};
  for (const stage of stages) {
    const seconds = await store.seconds(stage);
    if (seconds !== undefined) timings[stage.id] = Number(seconds.toFixed(3));
  }
  return timings;
}
