import { spawn } from "node:child_process";
import { resolve } from "node:path";

/** The program of each platform that opens a file as a double click does. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Opens a file in the user's browser; where there is none, nothing happens. */
export function openInBrowser(path: string): void {
  const [program, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const child = spawn(program, [...args, resolve(path)], { stdio: "ignore", detached: true });
  // A machine without a desktop has no such program; the path was printed.
  child.on("error", () => {});
  child.unref();
}
