import { dtypeBytes } from "../../tensor/dtype.js";
import { elementCount } from "../../tensor/shape.js";
import type { LayoutOptions, OutputLayout, OutputTensor } from "../layout.js";
import { layoutZip, type ZipContent } from "../zip/layout.js";
import { type StoredTensor, writeStateDict } from "./write-state-dict.js";

/** The folder inside the zip file. The same for every output, so that bytes do not depend on the file's name. */
const ROOT = "archive/";
/** Read back by onebasin; PyTorch passes over entries that it does not know. */
export const METADATA_NAME = "metadata.json";
/** PyTorch's version of the layout, not of itself. */
const VERSION = "3\n";
/** PyTorch derives an id from names and checksums, and only logs it. Checksums come last here, so it is constant. */
const SERIALIZATION_ID = "0".repeat(40);

/**
 * Plans a `.pth` file as `torch.save` lays it out since PyTorch 2: keys in the order given, tied tensors in one
 * storage, every storage aligned to 64 bytes.
 */
export function layoutTorch(tensors: readonly OutputTensor[], options: LayoutOptions): OutputLayout {
  const storageKeys = new Map<string, string>();
  const stored = tensors.map((tensor): StoredTensor => {
    const identity = storageIdentity(tensor);
    const storageKey = storageKeys.get(identity) ?? String(storageKeys.size);
    storageKeys.set(identity, storageKey);
    return { ...tensor, storageKey };
  });
  const firstOf = new Map<string, StoredTensor>();
  for (const tensor of stored) if (!firstOf.has(tensor.storageKey)) firstOf.set(tensor.storageKey, tensor);

  const { file, positions } = layoutZip(options.fileName, [
    known("data.pkl", writeStateDict(stored, options.moduleVersions)),
    known(".format_version", "1"),
    known(".storage_alignment", "64"),
    known("byteorder", "little"),
    ...[...firstOf.values()].map(
      ({ key, dtype, shape, storageKey }): ZipContent => ({
        name: `${ROOT}data/${storageKey}`,
        head: new Uint8Array(0),
        tensor: { key, bytes: elementCount(shape) * dtypeBytes(dtype) },
      }),
    ),
    ...(options.metadata === undefined ? [] : [known(METADATA_NAME, JSON.stringify(options.metadata))]),
    known("version", VERSION),
    known(".data/serialization_id", SERIALIZATION_ID),
  ]);
  const placements = new Map(
    stored.map(({ key, storageKey }) => {
      const first = firstOf.get(storageKey)?.key ?? key;
      return [key, { file: 0, position: positions.get(first) ?? 0 }];
    }),
  );
  return { files: [file], placements };
}

const known = (name: string, content: string | Uint8Array): ZipContent => ({
  name: `${ROOT}${name}`,
  head: typeof content === "string" ? new TextEncoder().encode(content) : content,
});

/** Tensors share a storage when they are tied and alike. */
function storageIdentity({ key, dtype, shape, tie }: OutputTensor): string {
  return tie === undefined ? `key ${key}` : `tie ${tie} ${dtype} ${shape.join("x")}`;
}
