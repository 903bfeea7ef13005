import { OnebasinError } from "../../core/errors.js";
import { integer } from "../../core/params.js";
import { defineDataset, type LoadRequest } from "../dataset.js";
import { decodeIdxPair } from "../decode/idx-pair.js";
import type { Split } from "../image-set.js";
import { loadOwnFiles } from "../load-own-files.js";

const FORM = "idx:TRAIN-IMAGES,TRAIN-LABELS,TEST-IMAGES,TEST-LABELS";

export const idx = defineDataset({
  id: "idx",
  title: "idx files",
  doc: "Your own files in MNIST's format, gzipped or not: a folder, or images and labels of each split in turn.",
  paths: { min: 1, max: 4, form: `idx:DIR or ${FORM}` },
  params: { classes: integer({ doc: "How many classes there are.", min: 1, max: 256, default: 10 }) },
  load: async (request) => {
    const { split, paths } = request;
    const pair = split === "train" ? [paths[0], paths[1]] : [paths[2], paths[3]];
    return loadOwnFiles(request, {
      paths: paths.length === 1 ? await pairInFolder(request) : pair,
      form: FORM,
      classes: request.values.classes,
      decode: decodeIdxPair,
    });
  },
});

const SPLIT_WORDS: Readonly<Record<Split, RegExp>> = { train: /train/i, test: /t10k|test/i };

/** The one file of images and the one of labels whose names speak of the split. */
async function pairInFolder({
  paths: [folder],
  split,
  environment,
}: Pick<LoadRequest, "paths" | "split" | "environment">) {
  const { files } = await environment.listFolder(folder);
  return [/images/i, /labels/i].map((kind) => {
    const found = files.filter((name) => SPLIT_WORDS[split].test(name) && kind.test(name) && /idx|ubyte/i.test(name));
    if (found.length === 1) return environment.joinPath(folder, found[0]);
    const what = `${kind.source} of the ${split} split`;
    throw new OnebasinError(
      "missing-data",
      found.length === 0
        ? `${folder} holds no idx file with ${what}.`
        : `${folder} holds several idx files with ${what}: ${found.join(", ")}.`,
      { hint: `Name the four files: ${FORM}.` },
    );
  });
}
