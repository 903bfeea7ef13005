import type { Params, ParamValues } from "../core/params.js";
import type { DatasetEnvironment, DatasetFile } from "./dataset-environment.js";
import type { ImageSet, Split } from "./image-set.js";

/** One way in which a dataset is published: which files hold each split. */
export interface Packing {
  /** Folder address that ends in `/`; absent when nobody serves these files for download. */
  readonly mirror?: string;
  readonly files: Readonly<Record<Split, readonly DatasetFile[]>>;
}

/** What a dataset is asked for. */
export interface LoadRequest<P extends Params = Params> {
  readonly name: string;
  readonly split: Split;
  /** The first so many images in file order; at least 1; all when absent. */
  readonly limit: number | undefined;
  /** For datasets that are drawn rather than read. */
  readonly seed: number;
  /** What follows the colon of the name and is not an option: `folder:DIR`. */
  readonly paths: readonly string[];
  readonly values: ParamValues<P>;
  readonly environment: DatasetEnvironment;
}

/** A dataset, described in one file of `data/datasets/`. */
export interface Dataset<P extends Params = Params> {
  /** The word for it in `--data`. */
  readonly id: string;
  readonly title: string;
  /** What the images look like, for help texts; one or two sentences. */
  readonly doc: string;
  /** On what terms the images may be used; absent for images that are the reader's own. */
  readonly licence?: string;
  /** Absent when only the files tell. */
  readonly classes?: number;
  readonly shape?: { readonly channels: 1 | 3; readonly height: number; readonly width: number };
  /** Images in each split; absent when only the files tell. */
  readonly counts?: Readonly<Record<Split, number>>;
  /** Ways in which the files may lie in the dataset's folder, the official one first; absent when there are none. */
  readonly packings?: readonly Packing[];
  /** Where to get the files when there is no mirror, as a sentence. */
  readonly source?: string;
  /** How many paths the name takes after its colon, and what they are. */
  readonly paths?: { readonly min: number; readonly max: number; readonly form: string };
  readonly params: P;
  /**
   * @throws `missing-data`, `bad-file`, `limit`, `io`, `unsupported`
   */
  readonly load: (request: LoadRequest<P>) => Promise<ImageSet>;
}

/** Keeps the types of a dataset's options while it is written down, and forgets them for the list of datasets. */
export const defineDataset = <const P extends Params>(dataset: Dataset<P>): Dataset => dataset as unknown as Dataset;
