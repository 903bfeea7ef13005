import type { LabResults } from "../results.js";

/**
 * The results as one small drawing, for a page about them: networks that were not merged and the best of each kind of
 * merging, as bars for both datasets. SVG that needs nothing else, in the colours that the reader's system asks for.
 */
export async function renderPicture(results: LabResults): Promise<string> {
  const { drawPicture } = await import("./picture.js");
  return drawPicture(results);
}
