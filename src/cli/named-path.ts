import { existsSync } from "node:fs";

/** `name=path`, unless a file is really called that. A name may hold hyphens, as those of datasets do. */
export function namedPath(argument: string): { readonly name?: string; readonly path: string } {
  const match = /^([A-Za-z_][\w-]*)=(.+)$/.exec(argument);
  return match === null || existsSync(argument) ? { path: argument } : { name: match[1], path: match[2] };
}
