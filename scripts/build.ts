/** Builds everything that is published: plug-in lists, kernels, JavaScript and type declarations in `dist/`. */
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const at = (path: string): string => join(root, path);

/** Packages that nearly every command loads, small ones: they are part of the program. */
const BUNDLED = ["commander", "jsep"];

/**
 * What is loaded together, with all that it needs and no piece before it holds: what starts threads, what everything
 * stands on, what the list of commands says, what a thread runs, and the rest of a merge.
 */
const PIECES = [
  ["threads", /[/\\]cli[/\\]early-workers\.ts$/],
  ["core", /[/\\]src[/\\](core|tensor)[/\\]/],
  ["commands", /[/\\]cli[/\\]commands\.gen\.ts$/],
  ["jobs", /[/\\](run-job|job-io|worker-messages)\.ts$/],
  ["merging", /[/\\]cli[/\\]merge-models\.ts$/],
] as const;

// The lists are made from the methods, some of which are loaded together with the kernels.
await import("./build-kernels.js");
await import("./generate.js");
rmSync(at("dist"), { recursive: true, force: true });
execFileSync(at("node_modules/.bin/tsc"), ["-p", at("tsconfig.build.json")], { stdio: "inherit" });

// Programs start faster from few files than from many: the command line and the worker are bundled, what only some
// commands need in pieces of its own. The library stays as it was compiled.
const manifest = JSON.parse(readFileSync(at("package.json"), "utf8"));
const external = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).filter(
  (name) => !BUNDLED.includes(name),
);
rmSync(at("dist/cli"), { recursive: true });
const program = await rolldown({
  input: { "cli/main": at("src/cli/main.ts"), "node/merge-worker": at("src/node/merge-worker.ts") },
  external: external.map((name) => new RegExp(`^${name}(/|$)`)),
  platform: "node",
  // Where there is no piece to be saved by loading later, the loader is none the worse.
  checks: { ineffectiveDynamicImport: false },
});
await program.write({
  dir: at("dist"),
  chunkFileNames: "cli/[name]-[hash].js",
  codeSplitting: { groups: PIECES.map(([name, test], i) => ({ name, test, priority: PIECES.length - i })) },
});
await program.close();
writeFileSync(at("dist/cli/LICENSES.txt"), BUNDLED.map(licenceOf).join("\n"));
chmodSync(at("dist/cli/main.js"), 0o755);

function licenceOf(name: string): string {
  return `${name}\n\n${readFileSync(at(`node_modules/${name}/LICENSE`), "utf8")}`;
}
