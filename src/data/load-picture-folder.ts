import { OnebasinError } from "../core/errors.js";
import type { LoadRequest } from "./dataset.js";
import { type DecodedPicture, decodePicture } from "./decode/decode-picture.js";
import type { ImageSet, Split } from "./image-set.js";
import { createResample } from "./resample.js";

/** Of each class every fifth picture is kept for testing where the folder knows no splits. */
const TEST_EVERY = 5;

/** Largest picture file; photographs straight from a camera stay below it. */
const MAX_FILE_BYTES = 2 ** 26;

const PICTURE_NAME = /\.(png|jpe?g)$/i;

/**
 * Loads pictures that lie in one folder for each class, classes numbered in the order of their names. Pictures come in
 * turns, the first of each class, then the second, so that the first so many hold all classes. Each is brought to a
 * square: the shorter side to the size, the longer one cut off on both ends.
 *
 * @throws {OnebasinError} `missing-data`, `bad-file`, `unsupported`, `limit`
 */
export async function loadPictureFolder(
  { name, split, limit, environment }: Pick<LoadRequest, "name" | "split" | "limit" | "environment">,
  { folder, size }: { folder: string; size: number },
): Promise<ImageSet> {
  const { root, classNames, present, hasSplits } = await findClasses(folder, split, environment);
  const classes = await Promise.all(
    classNames.map(async (className) => {
      if (!present.includes(className)) return [];
      const path = environment.joinPath(root, className);
      const names = (await environment.listFolder(path)).files.filter((file) => PICTURE_NAME.test(file));
      const kept = hasSplits
        ? names
        : names.filter((_, i) => (i % TEST_EVERY === TEST_EVERY - 1) === (split === "test"));
      return kept.map((file) => environment.joinPath(path, file));
    }),
  );
  const order = inTurns(classes).slice(0, limit);
  if (order.length === 0) throw noPictures(root, split);
  const squares: Uint8Array[][] = [];
  for (const { path } of order) squares.push(toSquare(await readPicture(path, environment), size));
  const channels = squares.some((planes) => planes.length === 3) ? 3 : 1;
  const images = new Uint8Array(order.length * channels * size * size);
  squares.forEach((planes, image) => {
    for (let channel = 0; channel < channels; channel++) {
      images.set(planes[planes.length === 1 ? 0 : channel], (image * channels + channel) * size * size);
    }
  });
  return {
    name,
    split,
    images,
    labels: Int32Array.from(order, ({ label }) => label),
    count: order.length,
    channels,
    height: size,
    width: size,
    classes: classNames.length,
    classNames,
    notes: hasSplits
      ? []
      : [`${folder} has no train/ and test/: every fifth picture of each class is kept for testing.`],
  };
}

async function findClasses(folder: string, split: Split, environment: LoadRequest["environment"]) {
  const top = await environment.listFolder(folder);
  const hasSplits = top.folders.includes("train") && top.folders.includes("test");
  const root = hasSplits ? environment.joinPath(folder, split) : folder;
  // Of the training split for both, so that a class that is not tested does not shift the numbers of the others.
  const classNames = hasSplits
    ? (await environment.listFolder(environment.joinPath(folder, "train"))).folders
    : top.folders;
  if (classNames.length === 0) throw noPictures(root, split);
  const present = hasSplits ? (await environment.listFolder(root)).folders : classNames;
  const unknown = present.filter((className) => !classNames.includes(className));
  if (unknown.length > 0) {
    throw new OnebasinError("bad-file", `${root} has classes that train/ has not: ${unknown.join(", ")}.`, {
      hint: "Name the folders of both splits alike.",
    });
  }
  return { root, classNames, present, hasSplits };
}

interface LabelledPath {
  readonly path: string;
  readonly label: number;
}

/** The first of each class, then the second of each, and so on. */
function inTurns(classes: readonly (readonly string[])[]): LabelledPath[] {
  const most = Math.max(0, ...classes.map((paths) => paths.length));
  return Array.from({ length: most }, (_, turn) =>
    classes.flatMap((paths, label) => (turn < paths.length ? [{ path: paths[turn], label }] : [])),
  ).flat();
}

async function readPicture(path: string, environment: LoadRequest["environment"]): Promise<DecodedPicture> {
  const source = await environment.openFile(path);
  try {
    if (source.size > MAX_FILE_BYTES) {
      throw new OnebasinError(
        "limit",
        `${path} has ${source.size} bytes; pictures of up to ${MAX_FILE_BYTES} are read.`,
      );
    }
    return await decodePicture(await source.read(0, source.size), path);
  } finally {
    await source.close?.();
  }
}

/** Planes of `[size, size]` bytes: the middle square, resized. */
function toSquare({ planes, height, width }: DecodedPicture, size: number): Uint8Array[] {
  const side = Math.min(height, width);
  const top = Math.floor((height - side) / 2);
  const left = Math.floor((width - side) / 2);
  const resample = createResample({ height: side, width: side }, { height: size, width: size });
  const square = new Float32Array(side * side);
  const resized = new Float32Array(size * size);
  return planes.map((plane) => {
    for (let row = 0; row < side; row++) {
      const start = (top + row) * width + left;
      square.set(plane.subarray(start, start + side), row * side);
    }
    resample(resized, square);
    return Uint8Array.from(resized, Math.round);
  });
}

function noPictures(root: string, split: Split): OnebasinError {
  return new OnebasinError("missing-data", `${root} holds no pictures for the ${split} split.`, {
    hint: "Put PNG or JPEG files into one folder for each class: DIR/cat/1.png, or DIR/train/cat/1.png and DIR/test/cat/1.png.",
    details: { root, split },
  });
}
