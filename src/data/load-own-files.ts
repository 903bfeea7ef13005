import type { ByteSource } from "../checkpoint/byte-source.js";
import { OnebasinError } from "../core/errors.js";
import type { LoadRequest } from "./dataset.js";
import { type Decode, decodedSet } from "./decoded-images.js";
import type { ImageSet } from "./image-set.js";

/** Loads one split from files that the reader named. */
export async function loadOwnFiles(
  { name, split, limit, environment }: Pick<LoadRequest, "name" | "split" | "limit" | "environment">,
  {
    paths,
    form,
    classes,
    decode,
  }: {
    readonly paths: readonly (string | undefined)[];
    /** How the files of both splits are named. */
    readonly form: string;
    readonly classes: number;
    readonly decode: Decode;
  },
): Promise<ImageSet> {
  const sources: ByteSource[] = [];
  try {
    for (const path of paths) {
      if (path === undefined) {
        throw new OnebasinError("missing-data", `Dataset "${name}" names no files for the ${split} split.`, {
          hint: `Name the files of both splits: ${form}.`,
        });
      }
      sources.push(await environment.openFile(path));
    }
    const decoded = await decode(sources, { limit, classes, complete: false });
    return decodedSet(decoded, { sources, name, split, classes, notes: [] });
  } finally {
    await Promise.all(sources.map((source) => source.close?.()));
  }
}
