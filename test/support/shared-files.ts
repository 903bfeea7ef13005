import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url));

/** Folder of real checkpoints and data beside the repository, for tests that run only where it exists. */
export const sharedFolder: string = process.env.ONEBASIN_SHARED ?? join(repositoryRoot, "..", "shared");

export const sharedCheckpoint = (name: string): string => join(sharedFolder, "checkpoints", name);

export const hasSharedCheckpoints: boolean = existsSync(join(sharedFolder, "checkpoints"));
