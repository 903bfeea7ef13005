import { matchers } from "../../align/matchers.gen.js";
import { OnebasinError, throwProblems } from "../../core/errors.js";
import { integer, type Param, type Params, resolveParams, string } from "../../core/params.js";
import { unknownName } from "../../core/suggest.js";
import { ZIP_PARAMS } from "../../library/zip.js";
import { methods } from "../../merge/methods.gen.js";
import { parseAugment, parseOptimizer, parseSchedule } from "../../train/choose.js";
import { type Given, plainValue } from "./given.js";
import { type Chosen, type LabSettings, type Lambda, SECTIONS, type SectionName } from "./lab-settings.js";
import { PRESETS, USUAL_DATA, USUAL_MATCHERS, USUAL_METHODS, USUAL_PRESET } from "./presets.js";

/** Single settings that stand outside the sections. */
const SINGLE = {
  arch: string({ doc: "Architecture of both networks, as in --arch." }),
  seeds: integer({ doc: "How many times everything is done.", min: 1, max: 100 }),
  seed: integer({ doc: "The first seed.", min: 0, max: 2 ** 31, default: 0 }),
  images: integer({ doc: "Training images of each dataset.", min: 64 }),
  "test-images": integer({ doc: "Test images of each dataset that networks are judged on.", min: 1 }),
} as const;

const LISTS = ["data", "methods", "align"] as const;
const KNOWN = ["preset", ...Object.keys(SINGLE), ...LISTS, ...Object.keys(SECTIONS), "zip"];

/** Collects what is wrong, each problem with its place. */
class Problems {
  readonly list: OnebasinError[] = [];

  at(place: string, problem: OnebasinError): undefined {
    const { code, message, hint } = problem;
    this.list.push(new OnebasinError(code, `${place}: ${message}`, { hint, details: { place } }));
  }

  bad(place: string, message: string, hint?: string): undefined {
    return this.at(place, new OnebasinError("bad-argument", message, { hint }));
  }
}

/**
 * All settings of an experiment: what was given, checked, and for the rest what the preset says.
 *
 * @throws `bad-argument`, `unknown-name`: all that is wrong at once, each with its place
 */
export function resolveSettings(given: Given): LabSettings {
  const problems = new Problems();
  if (given.members === undefined) {
    problems.bad(given.place, "expected a map of settings.", `Known settings: ${KNOWN.join(", ")}.`);
  }
  const all = given.members ?? new Map<string, Given>();
  for (const [name, { place }] of all) {
    if (!KNOWN.includes(name)) problems.at(place, unknownName("setting called", name, KNOWN));
  }
  const presetName = textOf(all.get("preset"), "preset", problems) ?? USUAL_PRESET;
  if (!Object.hasOwn(PRESETS, presetName)) {
    problems.at(
      all.get("preset")?.place ?? given.place,
      unknownName("preset called", presetName, Object.keys(PRESETS)),
    );
  }
  const preset = PRESETS[presetName] ?? PRESETS[USUAL_PRESET];
  const section = <N extends SectionName>(name: N, skip: readonly string[] = []) =>
    readSection(name, all.get(name), { usual: preset.sections[name] ?? {}, skip, problems });
  const single = readParams(SINGLE, new Map([...all].filter(([name]) => Object.hasOwn(SINGLE, name))), {
    owner: "the experiment",
    usual: { arch: preset.arch, seeds: preset.seeds, images: preset.images, "test-images": preset.testImages },
    problems,
  }) as Pick<LabSettings, keyof typeof SINGLE>;
  const couple = all.get("couple");
  const settings: LabSettings = {
    preset: presetName,
    data: readData(all.get("data"), problems),
    ...single,
    training: section("training") as LabSettings["training"],
    methods: readChosen(all.get("methods"), "merge method", { known: methods, usual: USUAL_METHODS, problems }),
    align: readChosen(all.get("align"), "matcher", { known: matchers, usual: USUAL_MATCHERS, problems }),
    repair: section("repair") as LabSettings["repair"],
    zip: readZip(all.get("zip"), { usual: preset.depths, problems }),
    couple: {
      ...(section("couple", ["lambda"]) as Omit<LabSettings["couple"], "lambda">),
      lambda: readLambdas(couple?.members?.get("lambda"), { usual: preset.lambda, problems }),
    },
    heads: section("heads") as LabSettings["heads"],
    path: section("path") as LabSettings["path"],
    samples: section("samples") as LabSettings["samples"],
  };
  checkTraining(settings.training, all.get("training")?.place ?? given.place, problems);
  throwProblems(problems.list, "the settings of the experiment");
  return settings;
}

function textOf(given: Given | undefined, name: string, problems: Problems): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given.scalar === "string" && given.scalar !== "") return given.scalar;
  return problems.bad(given.place, `"${name}" must be text.`);
}

interface Reading {
  readonly usual: Readonly<Record<string, unknown>>;
  readonly problems: Problems;
}

function readSection(
  name: SectionName,
  given: Given | undefined,
  { usual, skip, problems }: Reading & { readonly skip: readonly string[] },
): Readonly<Record<string, unknown>> {
  if (given !== undefined && given.members === undefined)
    problems.bad(given.place, `"${name}" must be a map of settings.`);
  const members = new Map([...(given?.members ?? [])].filter(([key]) => !skip.includes(key)));
  return readParams(SECTIONS[name], members, { owner: `"${name}"`, usual, problems });
}

/** Each value checked on its own, so that each problem has its place. */
function readParams(
  params: Params,
  given: ReadonlyMap<string, Given>,
  { owner, usual, problems }: Reading & { readonly owner: string },
): Readonly<Record<string, unknown>> {
  for (const [name, { place }] of given) {
    if (!Object.hasOwn(params, name))
      problems.at(place, unknownName(`setting of ${owner} called`, name, Object.keys(params)));
  }
  return Object.fromEntries(
    Object.entries(params).map(([name, param]: [string, Param]) => {
      const own = given.get(name);
      const value = own === undefined ? (usual[name] ?? param.default) : plainValue(own);
      const read = resolveParams(owner, { [name]: param }, { [name]: value });
      for (const problem of read.problems) problems.at(own?.place ?? owner, problem);
      return [name, read.values[name]];
    }),
  );
}

function readData(given: Given | undefined, problems: Problems): readonly [string, string] {
  if (given === undefined) return USUAL_DATA;
  const names = (given.items ?? []).map((item) => textOf(item, "data", problems) ?? "");
  const [first, second] = names;
  if (names.length === 2 && first !== second) return [first, second];
  problems.bad(
    given.place,
    `The experiment takes two different datasets; ${names.length} given.`,
    "Write: data: [mnist, svhn]",
  );
  return USUAL_DATA;
}

interface Known {
  readonly id: string;
  readonly params: Params;
}

/** A list of ids, or of maps of one id to its parameters. */
function readChosen(
  given: Given | undefined,
  kind: string,
  options: { readonly known: readonly Known[]; readonly usual: readonly Chosen[]; readonly problems: Problems },
): readonly Chosen[] {
  const { known, usual, problems } = options;
  if (given === undefined) return usual;
  if (given.items === undefined) problems.bad(given.place, `Expected a list of names, each a ${kind}.`);
  const chosen: Chosen[] = [];
  for (const item of given.items ?? []) {
    const [[name, params] = []] = item.members ?? [];
    const id = name ?? textOf(item, kind, problems);
    if (id === undefined) continue;
    const found = known.find((it) => it.id === id);
    if (found === undefined || (item.members?.size ?? 1) !== 1) {
      problems.at(
        item.place,
        unknownName(
          `${kind} called`,
          [...(item.members?.keys() ?? [id])].join(", "),
          known.map((it) => it.id),
        ),
      );
      continue;
    }
    const own = params === undefined ? {} : ((plainValue(params) as Record<string, unknown> | null) ?? {});
    const { problems: wrong } = resolveParams(`${kind} "${id}"`, found.params, own);
    for (const problem of wrong) problems.at((params ?? item).place, problem);
    chosen.push({ id, params: own });
  }
  return chosen;
}

const lambdaOf = (value: unknown): Lambda | undefined => {
  if (value === "inf" || value === Number.POSITIVE_INFINITY) return "inf";
  const lambda = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof lambda === "number" && Number.isFinite(lambda) && lambda >= 0 ? lambda : undefined;
};

function readLambdas(
  given: Given | undefined,
  { usual, problems }: { readonly usual: readonly Lambda[]; readonly problems: Problems },
): readonly Lambda[] {
  if (given === undefined) return usual;
  const read = (given.items ?? [given]).flatMap((item): Lambda[] => {
    const lambda = lambdaOf(item.scalar);
    if (lambda !== undefined) return [lambda];
    problems.bad(item.place, "A strength of coupling is a number from 0 up, or inf.");
    return [];
  });
  const inOrder = (lambda: Lambda): number => (lambda === "inf" ? Number.POSITIVE_INFINITY : lambda);
  return [...new Set(read)].sort((a, b) => inOrder(a) - inOrder(b));
}

function readZip(
  given: Given | undefined,
  { usual, problems }: { readonly usual: readonly number[]; readonly problems: Problems },
): LabSettings["zip"] {
  if (given !== undefined && given.members === undefined) problems.bad(given.place, `"zip" must be a map of settings.`);
  const { depths, ...rest } = Object.fromEntries(given?.members ?? []);
  const own = new Map(Object.entries(rest));
  for (const [name, { place }] of own) {
    if (!Object.hasOwn(ZIP_PARAMS, name))
      problems.at(place, unknownName('setting of "zip" called', name, ["depths", ...Object.keys(ZIP_PARAMS)]));
  }
  const params: Record<string, unknown> = {};
  for (const [name, param] of Object.entries(ZIP_PARAMS)) {
    const value = own.get(name);
    if (value === undefined) continue;
    const read = resolveParams("zip", { [name]: param as Param }, { [name]: plainValue(value) });
    for (const problem of read.problems) problems.at(value.place, problem);
    params[name] = read.values[name];
  }
  const shares = depths === undefined ? usual : (depths.items ?? [depths]).map((item) => Number(item.scalar));
  if (shares.some((share) => !(share > 0 && share <= 1))) {
    problems.bad((depths ?? given)?.place ?? "zip", "A depth is a share of the layers, above 0 and at most 1.");
  }
  return {
    depths: [...new Set(shares)].sort((a, b) => a - b),
    params,
  };
}

/** What only the trainer can tell: options of its optimizer and schedule. */
function checkTraining(
  { optimizer, schedule, augment }: LabSettings["training"],
  place: string,
  problems: Problems,
): void {
  const attempts = [
    () => parseOptimizer(optimizer),
    () => parseSchedule(schedule),
    () => augment === "" || parseAugment(augment),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (error) {
      if (!(error instanceof OnebasinError)) throw error;
      problems.at(place, error);
    }
  }
}
