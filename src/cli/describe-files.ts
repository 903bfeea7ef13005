import { dirname, join } from "node:path";

/** What was written, for a person: the path, or the index and the number of its shards. */
export function describeFiles(path: string, files: readonly string[]): string {
  if (files.length <= 1) return path;
  const index = files.find((name) => name.endsWith(".json")) ?? files[0];
  return `${join(dirname(path), index)} (${files.length - 1} shards)`;
}
