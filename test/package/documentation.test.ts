import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { beforeAll, describe, expect, inject, test } from "vitest";

/** Runs every command and every program of the documentation, with the package installed as a user has it. */

const project = inject("project");
const root = fileURLToPath(new URL("../..", import.meta.url));
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs")).flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : [])),
];

interface Snippet {
  readonly language: string;
  readonly code: string;
}

/** Fenced blocks in order, but those after `<!-- not run: why -->`. */
function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/(<!-- not run:[^\n]*-->\n)?^```(\w+)\n([\s\S]*?)^```/gm)]
    .filter(([, notRun]) => notRun === undefined)
    .map(([, , language, code]) => ({ language, code }));
}

/** The code of `@example` in the doc comments of a file. */
const examplesOf = (path: string): string[] =>
  [...readFileSync(path, "utf8").matchAll(/^ *\* @example\n((?: *\*(?!\/).*\n)+)/gm)].map(([, block]) =>
    block.replace(/^ *\* ?/gm, ""),
  );

/** A folder that has what the documentation's commands work on, made by the package itself. */
function folderFor(name: string): string {
  const folder = join(project, name.replaceAll(/\W/g, "-"));
  mkdirSync(folder);
  symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const { status, stderr } = node(readFileSync(new URL("make-checkpoints.js", import.meta.url), "utf8"), folder);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return folder;
}

function node(program: string, cwd: string) {
  const { code } = transformSync(program, { loader: "ts", format: "esm", target: "node20" });
  return spawnSync(process.execPath, ["--input-type=module", "-e", code], { cwd, encoding: "utf8" });
}

const commandsOf = (page: string): string[] =>
  snippetsOf(page)
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => code.replaceAll("\\\n", " ").split("\n"))
    .filter((line) => line.startsWith("npx onebasin "));

const programsOf = (page: string): string[] =>
  snippetsOf(page)
    .filter(({ language }) => language === "ts")
    .map(({ code }) => code);

// One page after the other, each in one folder: later commands use what earlier ones wrote.
describe.each(pages.filter((page) => commandsOf(page).length + programsOf(page).length > 0))("%s", (page) => {
  let folder: string;
  beforeAll(() => {
    folder = folderFor(basename(page));
  });

  for (const command of commandsOf(page)) {
    test(command, () => {
      const { status, stderr } = spawnSync("bash", ["-c", command.replace("npx ", "npx --offline ")], {
        cwd: folder,
        encoding: "utf8",
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringMatching(/error/i) });
    });
  }

  for (const [i, program] of programsOf(page).entries()) {
    test(`program ${i + 1}`, () => {
      const { status, stderr } = node(program, folder);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    });
  }
});

describe("examples in doc comments", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !name.endsWith(".test.ts"),
  );
  const examples = sources
    .flatMap((name) => examplesOf(join(root, "src", name)).map((code) => ({ name, code })))
    .filter(({ code }) => /from "onebasin/.test(code));
  let folder: string;
  beforeAll(() => {
    folder = folderFor("examples");
  });

  for (const [i, { name, code }] of examples.entries()) {
    test(`${name}, example ${i + 1}`, () => {
      const { status, stderr } = node(code, folder);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    });
  }

  test("all of them fit the types", () => {
    for (const [i, { code }] of examples.entries())
      writeFileSync(join(folder, `example-${i}.ts`), `export {};\n${code}`);
    const flags = [
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--skipLibCheck",
      "--types",
      "node",
    ];
    const { status, stdout } = spawnSync(
      join(root, "node_modules/.bin/tsc"),
      [...flags, "--typeRoots", join(root, "node_modules/@types"), ...examples.map((_, i) => `example-${i}.ts`)],
      { cwd: folder, encoding: "utf8" },
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });
});
