/** A step of long work, in units of the work itself (bytes of a merge, images of a training run). */
export interface ProgressEvent {
  /** What is being done, as a short phrase: `merging`. */
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly unit: "bytes" | "keys" | "steps" | "images";
  /** Facts to show beside the bar, such as the current loss. */
  readonly note?: string;
}

export type OnProgress = (event: ProgressEvent) => void;
