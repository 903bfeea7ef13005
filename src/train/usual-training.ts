/** What training uses unless told, in a program, on the command line and in the lab: the reference runs' settings. */
export const USUAL_TRAINING = {
  epochs: 10,
  /** Images per step. */
  batch: 64,
  optimizer: "sgd:weight-decay=0.0005",
  schedule: "one-cycle",
} as const;
