/** Builds everything that is published: plug-in lists, kernels, JavaScript and type declarations in `dist/`. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = (name: string): string => join(root, "node_modules", ".bin", name);

await import("./generate.js");
await import("./build-kernels.js");
rmSync(join(root, "dist"), { recursive: true, force: true });
execFileSync(bin("tsc"), ["-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
const main = join(root, "dist/cli/main.js");
if (existsSync(main)) chmodSync(main, 0o755);
