import type { LabResults, StageTimings } from "../results.js";

/**
 * The report: one HTML page that holds all it shows, asks no server for anything, and is whole without its script.
 * The same results and timings give the same bytes.
 *
 * What draws is loaded when the first report is made; who merges never loads it.
 */
export async function renderReport(results: LabResults, timings: StageTimings): Promise<string> {
  const { renderPage } = await import("./page.js");
  return renderPage(results, timings);
}
