import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where datasets live: `$ONEBASIN_DATA`, or `onebasin/data` in the platform's cache folder (`$XDG_CACHE_HOME` or
 * `~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`). Each dataset has a subfolder named after its id.
 */
export function dataFolder(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  if (env.ONEBASIN_DATA) return env.ONEBASIN_DATA;
  return join(cacheFolder(env, platform), "onebasin", "data");
}

function cacheFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (env.XDG_CACHE_HOME) return env.XDG_CACHE_HOME;
  if (platform === "darwin") return join(homedir(), "Library", "Caches");
  if (platform === "win32") return env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local");
  return join(homedir(), ".cache");
}
