import type { ByteSource } from "./byte-source.js";

/** What a file is that is no checkpoint: a noun phrase, and what to do about it. */
export interface Looks {
  readonly what: string;
  readonly hint?: string;
}

const FETCH = "The download probably got a page instead of the file: fetch it again, signed in if need be.";
const UNPACK = "Unpack it first.";
const RESAVE = "Load it with the program that wrote it and save a state dict: torch.save(model.state_dict(), path).";

interface Signature extends Looks {
  /** Latin-1 text at the beginning of the file. */
  readonly begins: string | RegExp;
}

/** The first file in a checkpoint of PyTorch's first year, which was a tar archive. */
const OLD_TORCH_MEMBERS = ["sys_info", "pickle", "storages", "tensors"];

const SIGNATURES: readonly Signature[] = [
  ...OLD_TORCH_MEMBERS.map((member) => ({
    begins: `${member}\0`,
    what: "a checkpoint from before PyTorch 0.2, in a layout that onebasin does not read",
    hint: "Load it in PyTorch and save it again: torch.save(torch.load(path, weights_only=False), new_path)",
  })),
  {
    begins: "version https://git-lfs.github.com/",
    what: "a git-lfs pointer, not the file it points at",
    hint: "Fetch the real file: git lfs pull",
  },
  { begins: /^\s*<(!doctype html|html|head)/i, what: "an HTML page", hint: FETCH },
  { begins: /^\s*<\?xml/, what: "an XML document", hint: FETCH },
  { begins: "\x89HDF\r\n", what: "an HDF5 file (Keras writes those)", hint: RESAVE },
  { begins: "GGUF", what: "a GGUF file, whose weights are quantised", hint: "Use the checkpoint it was made from." },
  { begins: "\x93NUMPY", what: "a single NumPy array (.npy)", hint: "Save named arrays: numpy.savez(path, **arrays)" },
  { begins: "\x1f\x8b", what: "a gzip archive", hint: UNPACK },
  { begins: "BZh", what: "a bzip2 archive", hint: UNPACK },
  { begins: "\xfd7zXZ", what: "an xz archive", hint: UNPACK },
  { begins: "7z\xbc\xaf", what: "a 7-Zip archive", hint: UNPACK },
  { begins: "Rar!", what: "a RAR archive", hint: UNPACK },
  { begins: "\x28\xb5\x2f\xfd", what: "a Zstandard archive", hint: UNPACK },
  { begins: "PK\x03\x04", what: "a zip archive" },
  { begins: "\x89PNG", what: "a PNG picture" },
  { begins: "\xff\xd8\xff", what: "a JPEG picture" },
  { begins: "\x7fELF", what: "a program" },
  { begins: "%PDF", what: "a PDF document" },
  { begins: "\x80", what: "a Python pickle that PyTorch did not write", hint: RESAVE },
  { begins: /^\s*[[{]/, what: "a JSON document" },
  { begins: "\0".repeat(16), what: "a file of zeros", hint: "The download or copy was probably interrupted." },
];

/** Says what a file looks like from its first bytes, or `undefined` when that is anybody's guess. */
export function looksLike(head: Uint8Array, source: ByteSource): Looks | undefined {
  if (source.size === 0) return { what: "an empty file", hint: "The download or copy was probably interrupted." };
  const text = latin1(head);
  const signature = SIGNATURES.find(({ begins }) =>
    typeof begins === "string" ? text.startsWith(begins) : begins.test(text),
  );
  if (signature !== undefined) return { what: signature.what, hint: signature.hint };
  if (latin1(head.subarray(257, 262)) === "ustar") return { what: "a tar archive", hint: UNPACK };
  if (/^[\x20-\x7e\s]+$/.test(text)) return { what: "a text file" };
  return undefined;
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
