import { OnebasinError } from "../../core/errors.js";
import { formatTable } from "../../core/format-table.js";
import type { Lab } from "../../lab/open-lab.js";
import type { Given } from "../../lab/settings/given.js";
import type { HashedStage } from "../../lab/stage.js";
import type { LabFolder } from "../../node/lab-folder.js";
import { parseCount } from "../arguments.js";
import { type CliCall, defineCommand } from "../command.js";

const USUAL_FOLDER = "lab";

export const lab = defineCommand({
  name: "lab",
  args: "[settings]",
  doc: "The whole experiment: train two networks, merge them in every way there is, measure all of it, and write one report.",
  options: [
    { flags: "--data <datasets...>", doc: "two datasets: mnist svhn (default: pen plate, which need no files)" },
    { flags: "-o, --output <folder>", doc: `folder for results and report (default: ${USUAL_FOLDER})` },
    { flags: "--preset <preset>", doc: "quick, minutes; or full, an hour or two (default: quick)" },
    { flags: "--seeds <n>", doc: "do everything n times, each with other seeds" },
    { flags: "--arch <architecture>", doc: "of both networks: vgg16:width=0.25 (see: onebasin archs)" },
    { flags: "--images <n>", doc: "training images of each dataset" },
    { flags: "--test-images <n>", doc: "test images of each dataset" },
    { flags: "--epochs <n>", doc: "times through the images" },
    { flags: "--lambda <strengths>", doc: "strengths of coupling to try: 0,0.05,0.5,inf" },
    { flags: "--plan", doc: "list the stages with their commands, and do nothing else" },
    { flags: "--stage <id>", doc: "run only this stage; those it builds on must have run" },
    { flags: "--open", doc: "open the report when it is written" },
  ],
  examples: [
    "onebasin lab --open",
    "onebasin lab --data mnist svhn --preset full -o mnist-svhn",
    "onebasin lab lab.yml -o lab --seeds 3",
    "onebasin lab --plan",
  ],
  run: async (call) => {
    const { options, output, signal } = call;
    const { prepareLab } = await import("../../node/prepare-lab.js");
    const { lab: opened, folder } = await prepareLab(
      (options.output as string | undefined) ?? USUAL_FOLDER,
      await settingsOf(call),
      { threads: parseCount("--threads", options.threads), onProgress: output.onProgress, signal },
    );
    for (const note of opened.notes) output.note(note);
    const commands = commandsOf(call);
    if (options.plan === true) await printPlan(call, { opened, folder, commands });
    else if (options.stage !== undefined) await runOne(call, { opened, folder });
    else await runAll(call, { opened, folder, commands });
  },
});

/** Options that are settings, by their name in a file. */
const FLAGS = {
  preset: "--preset",
  data: "--data",
  arch: "--arch",
  images: "--images",
  "test-images": "--test-images",
  epochs: "--epochs",
  lambda: "--lambda",
  seeds: "--seeds",
  seed: "--seed",
} as const;

type Flag = keyof typeof FLAGS;

const toldOf = (options: CliCall["options"], name: Flag): unknown =>
  options[name === "test-images" ? "testImages" : name];

/** Settings of the file and, over them, of the command line. */
async function settingsOf({ args, options }: CliCall): Promise<Given> {
  const { givenOver, givenValue } = await import("../../lab/settings/given.js");
  const { readLabFile } = await import("../../lab/settings/read-lab-file.js");
  const [path] = args;
  const given = (name: Flag, read = (value: unknown) => value): [string, Given][] => {
    const value = toldOf(options, name);
    return value === undefined ? [] : [[name, givenValue(read(value), FLAGS[name])]];
  };
  const section = (name: string, members: [string, Given][]): [string, Given][] =>
    members.length === 0 ? [] : [[name, { place: members[0][1].place, members: new Map(members) }]];
  const told: Given = {
    place: "the command line",
    members: new Map([
      ...(["preset", "data", "seeds", "seed", "arch", "images", "test-images"] as const).flatMap((name) => given(name)),
      ...section("training", given("epochs")),
      ...section(
        "couple",
        given("lambda", (value) => String(value).split(",")),
      ),
    ]),
  };
  if (path === undefined) return told;
  return givenOver(readLabFile(await readSettings(path), { name: path }), told);
}

async function readSettings(path: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  return readFile(path, "utf8").catch((cause: unknown) => {
    const isFolder = (cause as NodeJS.ErrnoException).code === "EISDIR";
    const problem = isFolder
      ? `${path} is a folder, and no file of settings.`
      : `There is no file of settings ${path}.`;
    throw new OnebasinError("missing-data", problem, {
      hint: "Leave it out for the usual settings, or see docs/lab.md for what it may hold.",
      cause,
    });
  });
}

/** Command lines that make it again, in words that a shell takes. */
function commandsOf({ args, options }: CliCall) {
  const words = ["onebasin", "lab", ...args];
  const flags: readonly (readonly [string, unknown])[] = [
    ...(Object.keys(FLAGS) as Flag[]).map((name) => [FLAGS[name], toldOf(options, name)] as const),
    ["-o", options.output],
  ];
  for (const [flag, value] of flags) {
    if (value !== undefined) words.push(flag, ...(Array.isArray(value) ? value.map(String) : [String(value)]));
  }
  const whole = words.map(shellWord).join(" ");
  return { whole, stage: ({ id }: HashedStage): string => `${whole} --stage ${id}` };
}

const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

interface Opened {
  readonly opened: Lab;
  readonly folder: LabFolder;
}

type Commands = ReturnType<typeof commandsOf>;

async function printPlan({ output }: CliCall, { opened, folder, commands }: Opened & { readonly commands: Commands }) {
  const stages = [];
  for (const stage of opened.stages) {
    const { id, title, hash, inputs } = stage;
    stages.push({
      id,
      title,
      hash,
      inputs: [...new Set(Object.values(inputs))],
      done: await folder.store.has(stage),
      folder: folder.store.folderOf(stage),
      command: commands.stage(stage),
    });
  }
  const rows = stages.map(({ command, title, inputs, done }) => [command, done ? "done" : "", title, inputs.join(" ")]);
  const table = formatTable([["command", "", "what it does", "works on"], ...rows], []);
  const how = `When all are done, this writes the report: ${commands.whole}`;
  output.result(`${table}\n\n${how}`, { stages, finish: commands.whole });
}

async function runOne({ options, output, signal }: CliCall, { opened, folder }: Opened): Promise<void> {
  const { unknownName } = await import("../../core/suggest.js");
  const { runStage } = await import("../../lab/run-stages.js");
  const { stages, context } = opened;
  const stage = stages.find(({ id }) => id === options.stage);
  if (stage === undefined) {
    const { code, message, hint } = unknownName(
      "stage called",
      options.stage as string,
      stages.map(({ id }) => id),
    );
    const listed = "All are listed by: onebasin lab --plan";
    throw new OnebasinError(code, message, { hint: hint === undefined ? listed : `${hint}\n${listed}` });
  }
  const { store } = folder;
  if (!(await store.has(stage))) {
    const total = Math.round(stage.cost);
    const report = (share: number): void =>
      output.onProgress({ stage: stage.title, done: Math.round(share * total), total, unit: "images" });
    await runStage(stage, { store, stages, context, signal, report });
  }
  const seconds = await store.seconds(stage);
  output.result(`${stage.title}: ${store.folderOf(stage)}`, {
    stage: stage.id,
    hash: stage.hash,
    folder: store.folderOf(stage),
    seconds,
  });
}

async function runAll(
  { options, output, signal }: CliCall,
  { opened, folder, commands }: Opened & { readonly commands: Commands },
): Promise<void> {
  const { runStages } = await import("../../lab/run-stages.js");
  const { renderSummary } = await import("../../lab/report/render-summary.js");
  let kept = 0;
  for await (const event of runStages(opened.stages, {
    store: folder.store,
    context: opened.context,
    signal,
    onProgress: output.onProgress,
  })) {
    if (event.kind === "kept") kept++;
    else output.say(`${event.stage.title}: ${event.seconds.toFixed(1)} s`);
  }
  if (kept > 0) output.say(`${kept} of ${opened.stages.length} stages had run before.`);
  const { results, paths } = await folder.finish(opened, commands);
  output.result(`${renderSummary(results)}\n\nreport: ${paths.report}\ndata: ${paths.results}, ${paths.table}`, {
    ...paths,
    summary: results.summary,
    expectations: results.expectations,
    networks: results.networks,
  });
  if (options.open === true) {
    const { openInBrowser } = await import("../open-in-browser.js");
    openInBrowser(paths.report);
  }
}
