/**
 * Holds the folders of `src/` to their order: each imports only from those below it, portable ones know no Node, and
 * plug-ins do not know each other. Tests may import what they like.
 *
 * Run with `npm run check:imports`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PLUGIN_FOLDERS } from "./plugin-folders.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The engine that merges, from the ground up. */
const ENGINE = ["core", "tensor", "kernels", "linear-algebra", "checkpoint", "tokenizer", "merge"];
/** What knows networks and images too. */
const WORKBENCH = [...ENGINE, "network", "data"];
const TOOLS = ["train", "align", "repair", "evaluate", "statistics"];

/** What each folder may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  tensor: ["core"],
  kernels: ["core", "tensor"],
  "linear-algebra": ["core", "kernels"],
  checkpoint: ["core", "tensor"],
  tokenizer: ["core"],
  merge: ["core", "tensor", "kernels", "linear-algebra", "checkpoint", "tokenizer"],
  lora: ENGINE,
  hub: ["core", "checkpoint"],
  network: ["core", "tensor"],
  data: ["core", "tensor", "checkpoint", "network"],
  train: WORKBENCH,
  align: WORKBENCH,
  repair: WORKBENCH,
  evaluate: WORKBENCH,
  statistics: [...WORKBENCH, "repair"],
  library: [...WORKBENCH, ...TOOLS],
  lab: [...WORKBENCH, ...TOOLS, "library"],
  browser: [...WORKBENCH, ...TOOLS, "library"],
  node: [...WORKBENCH, ...TOOLS, "library", "lab", "lora", "hub"],
  cli: [...WORKBENCH, ...TOOLS, "library", "lab", "lora", "node"],
};

/** The only folders that know Node; all others run in a page as well. */
const KNOWS_NODE = ["node", "cli"];

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g;

interface Import {
  readonly line: number;
  readonly specifier: string;
}

function importsOf(text: string): Import[] {
  // Comments become blanks of the same length, so that lines keep their numbers; examples in them are no imports.
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, " "));
  return [...code.matchAll(IMPORT)].map((match) => ({
    line: code.slice(0, match.index).split("\n").length,
    specifier: match[1],
  }));
}

function problemWith(file: string, specifier: string): string | undefined {
  const folder = file.split("/")[1];
  if (specifier.startsWith("node:") && !KNOWS_NODE.includes(folder)) {
    return `${folder} runs in pages too and must not know Node: let ${KNOWS_NODE.join(" or ")} hand in what it needs`;
  }
  if (!specifier.startsWith(".")) return undefined;
  const target = join(dirname(file), specifier);
  const other = target.split("/")[1];
  const plugins = PLUGIN_FOLDERS.find((candidate) => candidate.folder === dirname(file));
  if (plugins !== undefined && dirname(target) === plugins.folder) {
    return "plug-ins do not know each other: put what they share one folder up";
  }
  if (!target.startsWith("src/") || other === folder || target === `src/${other}`) return undefined;
  if (MAY_IMPORT[folder].includes(other)) return undefined;
  return `${folder} may import only ${MAY_IMPORT[folder].join(", ") || "nothing"}`;
}

const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .map((name) => `src/${name.replaceAll("\\", "/")}`)
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.startsWith("src/kernels/assembly/"))
  .sort();
const unplaced = [...new Set(files.map((file) => file.split("/")[1]))].filter((folder) => !(folder in MAY_IMPORT));
const problems = [
  ...unplaced.map((folder) => `src/${folder} has no place in the order: add it to MAY_IMPORT.`),
  ...files
    .filter((file) => !unplaced.includes(file.split("/")[1]))
    .flatMap((file) =>
      importsOf(readFileSync(join(root, file), "utf8")).flatMap(({ line, specifier }) => {
        const problem = problemWith(file, specifier);
        return problem === undefined ? [] : [`${file}:${line} imports "${specifier}": ${problem}.`];
      }),
    ),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`${files.length} files import only what lies below them.`);
