import type { Output } from "./output.js";

/** An option of a command: commander's flags (`--dtype <dtype>`) and one line of help. */
export interface CliOption {
  readonly flags: string;
  readonly doc: string;
  /** May be given several times; the command gets a list. */
  readonly repeatable?: boolean;
}

/** What a command is run with. */
export interface CliCall {
  readonly args: readonly string[];
  /** By long name in camel case, as text unless the flag takes no value. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly output: Output;
  /** Fires when the user interrupts. */
  readonly signal: AbortSignal;
}

/**
 * A command, described in one file of `cli/commands/`. The file itself imports nothing heavy: `run` loads what it
 * needs, so that `--help` stays quick.
 */
export interface CliCommand {
  readonly name: string;
  /** Commander's notation: `<models...>`, `[id]`. */
  readonly args: string;
  readonly doc: string;
  readonly options: readonly CliOption[];
  /** Command lines worth copying. */
  readonly examples: readonly string[];
  readonly run: (call: CliCall) => Promise<void>;
}

export const defineCommand = (command: CliCommand): CliCommand => command;
