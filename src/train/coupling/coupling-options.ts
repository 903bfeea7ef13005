import type { ImageSet } from "../../data/image-set.js";
import type { Network } from "../../network/graph.js";
import type { CouplingStep, TiedStep } from "./coupling-pull.js";
import type { DepthSchedule } from "./depth-schedule.js";
import type { StrengthOverTime } from "./strength-over-time.js";

/** One of the networks that are trained together. */
export interface CoupledNetwork {
  readonly network: Network;
  /** What it learns from. */
  readonly images: ImageSet;
  /** For its order of images and its dropout; default the seed of the run plus its place among the networks. */
  readonly seed?: number;
}

export interface CouplingOptions {
  /** λ, in [0, ∞]: 0 trains apart, infinity keeps equal. */
  readonly lambda: number;
  /** How strength changes from layer to layer; default constant. */
  readonly depth?: DepthSchedule;
  /** How strength changes during the run; default constant. */
  readonly over?: StrengthOverTime;
  /** Default proximal. */
  readonly step?: CouplingStep;
  /** Default mean, which is where ever larger λ lead. */
  readonly tied?: TiedStep;
}
