import { OnebasinError } from "../../core/errors.js";
import { formatTable } from "../../core/format-table.js";
import { defineCommand } from "../command.js";

export const data = defineCommand({
  name: "data",
  args: "[action] [datasets...]",
  doc: "The datasets, and where they live; 'data fetch mnist' downloads and verifies.",
  options: [],
  examples: ["onebasin data", "onebasin data fetch mnist usps"],
  run: async ({ args: [action, ...names], output, signal }) => {
    const { datasets } = await import("../../data/datasets.gen.js");
    const { dataFolder } = await import("../../node/data-folder.js");
    if (action === undefined) {
      const described = datasets.map(({ id, title, doc, licence, classes, counts }) => ({
        id,
        title,
        doc,
        licence,
        classes,
        counts,
      }));
      const rows = described.map(({ id, title, counts, doc }) => [
        id,
        title,
        counts === undefined ? "" : `${counts.train} + ${counts.test}`,
        doc,
      ]);
      output.result(
        `${formatTable([["dataset", "title", "images", "what"], ...rows])}\n\nFiles live in ${dataFolder()} (ONEBASIN_DATA).`,
        {
          folder: dataFolder(),
          datasets: described,
        },
      );
      return;
    }
    if (action !== "fetch")
      throw new OnebasinError("usage", `There is no action "${action}".`, { hint: "Use: onebasin data fetch NAME…" });
    if (names.length === 0)
      throw new OnebasinError("usage", "data fetch needs the name of a dataset: onebasin data fetch mnist");
    const { loadDataset } = await import("../../data/load-dataset.js");
    const { createDatasetCache } = await import("../../node/dataset-cache.js");
    const environment = createDatasetCache({ onProgress: output.onProgress, signal });
    const fetched: object[] = [];
    const lines: string[] = [];
    for (const name of names) {
      for (const split of ["train", "test"] as const) {
        const { count, channels, height, width, classes, notes } = await loadDataset(name, { split, environment });
        for (const note of notes) output.note(note);
        lines.push(`${name} ${split}: ${count} images of ${channels} × ${height} × ${width}, ${classes} classes`);
        fetched.push({ dataset: name, split, count, channels, height, width, classes, notes });
      }
    }
    output.result(lines.join("\n"), { folder: dataFolder(), fetched });
  },
});
