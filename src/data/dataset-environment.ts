import type { ByteSource } from "../checkpoint/byte-source.js";

/** A file as its makers published it. */
export interface DatasetFile {
  readonly name: string;
  /** Of the file as published, in lower-case hexadecimal; absent when no official one is known. */
  readonly md5?: string;
  /** Roughly, to tell the reader what a download costs. */
  readonly megabytes?: number;
}

/** A dataset's file that was found or fetched. */
export interface OpenedFile {
  readonly source: ByteSource;
  /**
   * - `official`: its MD5 is the published one
   * - `other`: it is not, so that only its contents can tell whether it is good
   * - `unknown`: no MD5 is published, or the file lies there unpacked
   */
  readonly check: "official" | "other" | "unknown";
  /** In lower-case hexadecimal, where it was computed. */
  readonly md5?: string;
}

/** Which files of which dataset are wanted: the first group that is there is enough. */
export interface FilesRequest {
  /** The dataset's id, which is also the name of its folder. */
  readonly dataset: string;
  readonly title: string;
  /** Where to get the files when there is no mirror, as a sentence. */
  readonly source?: string;
  readonly groups: readonly { readonly mirror?: string; readonly files: readonly DatasetFile[] }[];
}

/** The names in a folder, each list sorted by code units. */
export interface FolderListing {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** Where datasets get their bytes: files, folders and downloads, injected from the edge. */
export interface DatasetEnvironment {
  /**
   * Opens the files of the first group that lies in the dataset's folder complete; if none does, fetches the
   * first group that has a mirror. A file may also lie there unpacked, without its `.gz` or `.bz2`.
   *
   * @returns the group's place in the request, and its files in order; the caller closes them
   * @throws `missing-data` with every place looked in and where to get the files, `bad-file` when what came from
   * the mirror has the wrong checksum, `io`, `aborted`
   */
  readonly openDatasetFiles: (
    request: FilesRequest,
  ) => Promise<{ readonly group: number; readonly files: readonly OpenedFile[] }>;
  /**
   * Opens the reader's own file.
   *
   * @throws `missing-data` when there is none
   */
  readonly openFile: (path: string) => Promise<ByteSource>;
  /**
   * Lists the reader's own folder; hidden names (with a dot first) are left out.
   *
   * @throws `missing-data` when there is none
   */
  readonly listFolder: (path: string) => Promise<FolderListing>;
  /** Joins the way this environment writes paths. */
  readonly joinPath: (folder: string, name: string) => string;
}
