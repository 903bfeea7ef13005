import { OnebasinError } from "../core/errors.js";
import { type Dataset, defineDataset, type LoadRequest, type Packing } from "./dataset.js";
import type { OpenedFile } from "./dataset-environment.js";
import { type Decode, type DecodedImages, decodedSet } from "./decoded-images.js";
import type { ImageSet } from "./image-set.js";

type FileDatasetSpec = Pick<Dataset, "id" | "title" | "doc" | "licence" | "counts" | "source"> &
  Required<Pick<Dataset, "classes" | "shape">> & {
    readonly packings: readonly (Packing & { readonly decode: Decode })[];
  };

/**
 * A dataset that is published as files. Its own copies are held to their published MD5; a copy with another one
 * counts as good, with a note, when it decodes to the right shape and count.
 */
export function defineFileDataset(spec: FileDatasetSpec): Dataset {
  return defineDataset({ ...spec, params: {}, load: (request) => loadFiles(spec, request) });
}

async function loadFiles(spec: FileDatasetSpec, request: LoadRequest): Promise<ImageSet> {
  const { split, limit, environment } = request;
  const opened = await environment.openDatasetFiles({
    dataset: spec.id,
    title: spec.title,
    source: spec.source,
    groups: spec.packings.map(({ mirror, files }) => ({ mirror, files: files[split] })),
  });
  const { decode } = spec.packings[opened.group];
  const complete = opened.files.some((file) => file.check === "other");
  try {
    const sources = opened.files.map((file) => file.source);
    const decoded = await decode(sources, { classes: spec.classes, limit, complete });
    checkDecoded(spec, { decoded, request, files: opened.files });
    return decodedSet(decoded, {
      sources,
      name: request.name,
      split,
      classes: spec.classes,
      notes: opened.files.filter((file) => file.check === "other").map((file) => otherFileNote(file, decoded)),
    });
  } catch (error) {
    throw withChecksums(error, opened.files);
  } finally {
    await Promise.all(opened.files.map((file) => file.source.close?.()));
  }
}

function checkDecoded(
  spec: FileDatasetSpec,
  { decoded, request, files }: { decoded: DecodedImages; request: LoadRequest; files: readonly OpenedFile[] },
): void {
  const { channels, height, width, count } = decoded;
  const found = [count, channels, height, width];
  const wanted = [spec.counts?.[request.split] ?? count, spec.shape.channels, spec.shape.height, spec.shape.width];
  if (found.join() === wanted.join()) return;
  throw new OnebasinError(
    "bad-file",
    `${files.map((file) => file.source.name).join(", ")}: ${spec.title} (${request.split}) is [${wanted.join(", ")}], the file holds [${found.join(", ")}].`,
    {
      hint: "Remove the file, so that the right one is fetched, or name it as idx: or mat: if it is another dataset.",
      details: { found, wanted },
    },
  );
}

const otherFileNote = ({ source, md5 }: OpenedFile, { count, channels, height, width }: DecodedImages): string =>
  `${source.name} is not the file that was published (its MD5 is ${md5}), but it decodes to what it should: the files hold ${count} images of ${channels} × ${height} × ${width}.`;

/** Adds to an error about bad contents that the checksum was wrong already. */
function withChecksums(error: unknown, files: readonly OpenedFile[]): unknown {
  const others = files.filter((file) => file.check === "other");
  if (!(error instanceof OnebasinError) || error.code !== "bad-file" || others.length === 0) return error;
  const checksums = others.map((file) => `${file.source.name} has MD5 ${file.md5}, which is not the published one`);
  return new OnebasinError("bad-file", `${error.message} (${checksums.join("; ")}.)`, {
    hint: `Remove ${others.map((file) => file.source.name).join(" and ")}, so that it is fetched again.`,
    details: error.details,
    cause: error,
  });
}
