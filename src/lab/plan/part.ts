import type { Scores } from "../judge.js";
import type { NetworkGroup, RepairKind } from "../results.js";
import type { StageKind } from "../stage.js";

/** A network that is judged: a row of the table, and where its scores are found. */
export interface Row {
  readonly id: string;
  readonly group: NetworkGroup;
  readonly title: string;
  readonly detail: string;
  readonly repair: RepairKind;
  readonly isMerged: boolean;
  /** Id of the stage that judges it, without the seed. */
  readonly stage: string;
  /** Absent where a network lacks what the row is about. */
  readonly scores: (facts: unknown) => Scores | undefined;
}

/** A stage of every seed, before the seed is put in. */
export interface Template {
  readonly id: string;
  readonly title: string;
  readonly kind: StageKind;
  readonly settings: (seed: number) => unknown;
  readonly inputs: Readonly<Record<string, string>>;
  readonly cost: number;
  /** Only for the first seed: what is shown rather than counted. */
  readonly once?: boolean;
}

/** What a family of ways to one network adds to the experiment. */
export interface Part {
  readonly templates: readonly Template[];
  readonly rows: readonly Row[];
}
