import { Command, CommanderError, Option } from "commander";
import { OnebasinError } from "../core/errors.js";
import { version } from "../node/version.js";
import type { CliCommand } from "./command.js";
import { commands } from "./commands.gen.js";
import { createOutput } from "./output.js";

const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const;

const GLOBAL_OPTIONS = [
  ["--json", "print one JSON object on standard output, and nothing else there"],
  ["--quiet", "no notes and no progress"],
  ["--threads <n>", "threads at most (default: the machine's cores)"],
  ["--seed <n>", "seed of every random choice (default: 0)"],
] as const;

const collect = (value: string, previous: string[] | undefined): string[] => [...(previous ?? []), value];

/** @param isCalled whether it is the one that will run; of the others nobody asks for options */
function addCommand(program: Command, command: CliCommand, isCalled: boolean): void {
  const sub = program.command(`${command.name} ${command.args}`.trim()).description(command.doc);
  if (!isCalled) return;
  for (const { flags, doc, repeatable } of command.options) {
    const option = new Option(flags, doc);
    if (repeatable) option.argParser(collect);
    sub.addOption(option);
  }
  for (const [flags, doc] of GLOBAL_OPTIONS) sub.addOption(new Option(flags, doc));
  sub.addHelpText("after", `\nExamples:\n${command.examples.map((line) => `  ${line}`).join("\n")}`);
  sub.action(async (...parameters: unknown[]) => {
    const args = (parameters.slice(0, -2) as (string | string[] | undefined)[])
      .flat()
      .filter((arg) => arg !== undefined);
    await run(command, args, sub.opts());
  });
}

async function run(command: CliCommand, args: readonly string[], options: Record<string, unknown>): Promise<void> {
  const output = createOutput({ json: options.json === true, quiet: options.quiet === true });
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    await command.run({ args, options, output, signal: interruption.signal });
  } catch (error) {
    output.endProgress();
    process.exitCode = report(error, output);
  } finally {
    output.endProgress();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

function report(error: unknown, output: ReturnType<typeof createOutput>): number {
  if (error instanceof OnebasinError) {
    output.error(error);
    if (error.code === "aborted") return EXIT.interrupted;
    return error.code === "usage" ? EXIT.usage : EXIT.failed;
  }
  const { message } = error as Error;
  output.error({
    message: `onebasin itself failed: ${message ?? String(error)}`,
    hint: "This is a bug. Run again with ONEBASIN_DEBUG=1 to see where, and report it with the command line.",
  });
  if (process.env.ONEBASIN_DEBUG) console.error(error);
  return EXIT.failed;
}

function createProgram(words: readonly string[]): Command {
  const program = new Command("onebasin")
    .description("Make one neural network out of the weights of several, and make the result work.")
    .version(version)
    .showHelpAfterError("(see --help)")
    .exitOverride()
    .configureHelp({ sortSubcommands: false });
  const called = commands.filter(({ name }) => words.includes(name));
  for (const command of commands) addCommand(program, command, called.length === 0 || called.includes(command));
  program.addHelpText(
    "after",
    `
Two files, one network, and whether it works; or the whole experiment on two kinds of digits that need no files:
  onebasin diff a.pth b.pth
  onebasin merge a.pth b.pth --method sum -o sum.pth
  onebasin merge a.pth b.pth -o merged.pth --align activations --repair --data mnist svhn --evaluate
  onebasin lab --open

More on each command: onebasin merge --help. Exit status: 0 done, 1 the input is at fault, 2 the command line, 130 stopped.`,
  );
  for (const sub of program.commands) sub.exitOverride().showHelpAfterError("(see --help)");
  return program;
}

/** Runs what the words of the command line ask for; the process's exit code says how it went. */
export async function runProgram(words: readonly string[]): Promise<void> {
  // Whoever reads may have read enough (`| head`): what the command is there for is done all the same.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  try {
    await createProgram(words).parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  }
}
