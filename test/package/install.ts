import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** The project that the package is installed in. */
    readonly project: string;
  }
}

/** Packs the package as it is built, and installs it in a folder of its own, as a user does. */
export function setup(vitest: TestProject): () => void {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const project = mkdtempSync(join(tmpdir(), "onebasin-package-"));
  const npm = (args: readonly string[], cwd: string): void => {
    execFileSync("npm", args, { cwd, stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" });
  };
  npm(["pack", "--silent", "--pack-destination", project], root);
  const tarball = readdirSync(project).find((name) => name.endsWith(".tgz")) as string;
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
  // Install scripts of dependencies fetch what CPUs do not need.
  npm(["install", "--silent", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", tarball], project);
  vitest.provide("project", project);
  return () => rmSync(project, { recursive: true, force: true });
}
