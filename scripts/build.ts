/** Builds everything that is published: plug-in lists, kernels, JavaScript and type declarations in `dist/`. */
import { execFileSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const at = (path: string): string => join(root, path);

await import("./generate.js");
await import("./build-kernels.js");
rmSync(at("dist"), { recursive: true, force: true });
execFileSync(at("node_modules/.bin/tsc"), ["-p", at("tsconfig.build.json")], { stdio: "inherit" });

// Programs start faster from few files than from many: the command line and the worker are bundled, each command in a
// piece of its own. The library stays as it was compiled.
rmSync(at("dist/cli"), { recursive: true });
await build({
  entryPoints: { "cli/main": at("src/cli/main.ts"), "node/merge-worker": at("src/node/merge-worker.ts") },
  chunkNames: "cli/[name]-[hash]",
  outdir: at("dist"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  logLevel: "warning",
});
chmodSync(at("dist/cli/main.js"), 0o755);
