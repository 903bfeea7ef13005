/**
 * Writes docs/results.md, and the pictures beside it, from folders of finished experiments (see docs/lab.md).
 *
 *     npx tsx scripts/write-results.ts lab mnist-lab
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LabResults } from "../src/lab/results.js";

const docs = join(dirname(fileURLToPath(import.meta.url)), "../docs");

const INTRODUCTION = `# Results

Made by \`onebasin lab\` and written here by \`scripts/write-results.ts\`. Accuracy is in percent of the test images; with several
seeds, the median and in brackets the range. Networks with "statistics per dataset", zipped ones with "each its head" and the
one with two heads are told which dataset they look at; all others are not. Files of settings are in \`examples/\`.
`;

function sectionOf(folder: string): string {
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const { experiment, summary, expectations } = JSON.parse(read("results.json")) as LabResults;
  const { datasets, architecture, trainImages, testImages, seeds, settings, command } = experiment;
  const { training } = settings as { readonly training: { readonly epochs: number } };
  const picture = `pictures/${datasets.join("-")}.svg`;
  mkdirSync(join(docs, "pictures"), { recursive: true });
  copyFileSync(join(folder, "results.svg"), join(docs, picture));
  const name = datasets.join(" and ");
  return [
    `## ${name}`,
    `\`${architecture}\`, ${trainImages.join(" and ")} training images, ${training.epochs} epochs, ${testImages.join(" and ")} test images, ${seeds.length === 1 ? "one seed" : `${seeds.length} seeds`}. Made again by:`,
    `    ${command}`,
    summary,
    `![Accuracy on ${name} of every network](${picture})`,
    read("results.md").trimEnd(),
    "What was expected, and whether it was seen:",
    expectations
      .map(({ text, held, explanation }) => `- ${held ? "Held" : "Not held"}: ${text} ${explanation}`)
      .join("\n"),
  ].join("\n\n");
}

const folders = process.argv.slice(2);
if (folders.length === 0) throw new Error("Name the folders of finished experiments.");
writeFileSync(join(docs, "results.md"), `${[INTRODUCTION.trimEnd(), ...folders.map(sectionOf)].join("\n\n")}\n`);
console.log(`docs/results.md: ${folders.join(", ")}`);
