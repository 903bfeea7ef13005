import { type OnebasinError, throwProblems } from "../../core/errors.js";
import { type FloatDType, parseFloatDType } from "../../tensor/dtype.js";
import { PROFILES } from "../formulas/sparsify.js";
import { BUFFER_POLICIES, type BufferPolicy } from "../merge-options.js";
import { ALIGNMENT_WORDS, readAlignment } from "./read-alignment.js";
import { readTokenizer } from "./read-tokenizer.js";
import type { RecipeFile, RecipeModule, RecipeSlice, RecipeSource } from "./recipe-file.js";
import { readSettings } from "./recipe-parameters.js";
import { settingProblems } from "./recipe-settings.js";
import { type Placed, YamlReader } from "./yaml-reader.js";

const TOP = [
  "merge_method",
  "base_model",
  "models",
  "slices",
  "modules",
  "parameters",
  "dtype",
  "out_dtype",
  "tokenizer_source",
  "tokenizer",
  "chat_template",
  "name",
  "expr",
  "rules",
  "buffers",
  "profile",
  "seed",
  "align",
  ...ALIGNMENT_WORDS,
];
const FORMS = ["models", "slices", "modules"] as const;

type Members = ReturnType<YamlReader["members"]>;

/**
 * Reads a recipe, mergekit's or onebasin's own superset of it. No file is opened.
 *
 * @param name how messages name the file
 * @param check finds what else is wrong, to be said together with the rest
 * @throws `bad-argument` with every problem, each at its line and column; `limit`
 */
export function parseRecipe(
  text: string,
  name: string,
  check?: (recipe: RecipeFile) => readonly OnebasinError[],
): RecipeFile {
  const reader = new YamlReader(text, { name, what: "a recipe" });
  throwProblems(reader.problems, name);
  const top = reader.members(reader.root, "The recipe", TOP);
  const method = readMethod(top, reader);
  const modules = readModules(top, reader);
  const recipe: RecipeFile = {
    name,
    text,
    method,
    base: textOf(top, "base_model", reader),
    modules,
    parameters: readSettings(top.get("parameters")?.value, reader),
    dtype: dtypeOf(top, "dtype", reader),
    outDtype: dtypeOf(top, "out_dtype", reader),
    tokenizer: readTokenizer(top, { readModel, reader }),
    chatTemplate: readChatTemplate(top, reader),
    expression: textOf(top, "expr", reader),
    rules: readRules(top, reader),
    buffers: choiceOf(top, "buffers", BUFFER_POLICIES, reader) as BufferPolicy | undefined,
    profile: choiceOf(top, "profile", PROFILES, reader),
    seed: top.has("seed") ? reader.whole(top.get("seed")?.value, "seed") : undefined,
    align: readAlignment(top, modules, reader),
  };
  reader.problems.push(...settingProblems(recipe), ...(check?.(recipe) ?? []));
  throwProblems(reader.problems, name);
  return recipe;
}

function readMethod(top: Members, reader: YamlReader): Placed<string> {
  const none = { value: "linear", place: reader.place(reader.root) };
  if (top.has("expr") && !top.has("merge_method")) return none;
  if (!top.has("merge_method")) {
    reader.report(reader.root, 'The recipe has no "merge_method".', "Methods are listed by: onebasin methods");
    return none;
  }
  return textOf(top, "merge_method", reader) ?? none;
}

function readModules(top: Members, reader: YamlReader): RecipeModule[] {
  const given = FORMS.filter((form) => top.has(form));
  if (given.length !== 1) {
    reader.report(
      given.length === 0 ? reader.root : top.get(given[1])?.key,
      given.length === 0 ? "The recipe names no models." : `The recipe has ${given.join(" and ")}.`,
      "Give exactly one of models, slices and modules.",
    );
    return [];
  }
  if (given[0] !== "modules") return [{ slices: readForm(top, reader), parameters: new Map() }];
  return [...reader.members(top.get("modules")?.value, "modules")].map(([name, { key, value }]): RecipeModule => {
    const members = reader.members(value, `Module "${name}"`, ["models", "slices", "parameters"]);
    if (members.has("models") === members.has("slices")) {
      reader.report(key, `Module "${name}" needs either models or slices.`);
      return { name, slices: [], parameters: new Map() };
    }
    return {
      name,
      slices: readForm(members, reader),
      parameters: readSettings(members.get("parameters")?.value, reader),
    };
  });
}

function readForm(members: Members, reader: YamlReader): RecipeSlice[] {
  const models = members.get("models");
  if (models !== undefined) {
    const sources = reader.items(models.value, "models").map((node) => readSource(node, false, reader));
    if (sources.length === 0) reader.report(models.value, "The list of models is empty.");
    return [{ sources: sources.filter(isThere), parameters: new Map(), place: reader.place(models.value) }];
  }
  const slices = members.get("slices");
  const read = reader.items(slices?.value, "slices").map((node) => readSlice(node, reader));
  if (read.length === 0) reader.report(slices?.value, "The list of slices is empty.");
  return read;
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined;

function readSlice(node: unknown, reader: YamlReader): RecipeSlice {
  const members = reader.members(node, "A slice", ["sources", "base_model", "parameters"]);
  const list = members.get("sources");
  if (list === undefined) reader.report(node, "A slice needs sources.");
  const sources = (list === undefined ? [] : reader.items(list.value, "sources"))
    .map((source) => readSource(source, true, reader))
    .filter(isThere);
  const lengths = new Set(sources.map(({ layers }) => (layers === undefined ? 0 : layers.to - layers.from)));
  if (lengths.size > 1) {
    reader.report(node, `The sources of a slice have ${[...lengths].join(" and ")} layers; all must have as many.`);
  }
  return {
    sources,
    parameters: readSettings(members.get("parameters")?.value, reader),
    base: textOf(members, "base_model", reader),
    place: reader.place(node),
  };
}

function readSource(node: unknown, inSlice: boolean, reader: YamlReader): RecipeSource | undefined {
  const what = inSlice ? "A source" : "An entry of models";
  const members = reader.members(node, what, ["model", "parameters", inSlice ? "layer_range" : "statistics"]);
  const named = members.get("model");
  if (named === undefined) {
    reader.report(node, `${what} needs a model.`);
    return undefined;
  }
  const model = readModel(named.value, reader);
  const layers = members.has("layer_range") ? readRange(members.get("layer_range")?.value, reader) : undefined;
  if (inSlice && !members.has("layer_range"))
    reader.report(node, "A source of a slice needs a layer_range: [first, end].");
  const parameters = readSettings(members.get("parameters")?.value, reader);
  const statistics = textOf(members, "statistics", reader);
  return model === undefined ? undefined : { model, statistics, layers, parameters };
}

/** A name, or mergekit's long form of it. */
function readModel(node: unknown, reader: YamlReader): Placed<string> | undefined {
  if (!reader.isMap(node)) return reader.text(node, "model");
  const members = reader.members(node, "model", ["model", "lora", "path", "revision", "override_architecture"]);
  const inner = members.get("model") ?? members.get("path");
  if (inner === undefined) return reader.report(node, "A model needs a path.");
  const path = reader.isMap(inner.value) ? readModel(inner.value, reader) : reader.text(inner.value, "model");
  if (path === undefined) return undefined;
  const revision = textOf(members, "revision", reader)?.value;
  const lora = members.get("lora");
  const adapter = lora === undefined ? undefined : readModel(lora.value, reader)?.value;
  const value = `${path.value}${revision === undefined ? "" : `@${revision}`}${adapter === undefined ? "" : `+${adapter}`}`;
  return { value, place: path.place };
}

function readRange(node: unknown, reader: YamlReader): RecipeSource["layers"] {
  const [from, to, ...more] = reader.items(node, "layer_range").map((item) => reader.scalar(item));
  const areLayers = [from, to].every((layer) => Number.isSafeInteger(layer) && (layer as number) >= 0);
  if (areLayers && more.length === 0 && (to as number) > (from as number))
    return { from: from as number, to: to as number };
  return reader.report(
    node,
    "layer_range must be two whole numbers, the first layer and the one after the last: [0, 16].",
  );
}

/** Jinja text, or a name that stands for it; `auto`, which leaves the tokenizer's own, as absent. */
function readChatTemplate(top: Members, reader: YamlReader): string | undefined {
  const text = textOf(top, "chat_template", reader);
  if (text === undefined || text.value === "auto") return undefined;
  if (/[{}]/.test(text.value)) return text.value;
  const known = CHAT_TEMPLATES[text.value];
  if (known !== undefined) return known;
  return reader.report(
    top.get("chat_template")?.value,
    `chat_template "${text.value}" is no template, and no name of one.`,
    `Give the text in Jinja's language, auto, or one of: ${Object.keys(CHAT_TEMPLATES).join(", ")}.`,
  );
}

const CHAT_TEMPLATES: Readonly<Record<string, string>> = {
  chatml: [
    "{%- for message in messages -%}",
    "{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}",
    "{%- endfor -%}",
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}",
    "",
  ].join("\n"),
};

/** A list of rules, or a map from patterns to what is done to their keys. */
function readRules(top: Members, reader: YamlReader): Placed<string>[] {
  const rules = top.get("rules");
  if (rules === undefined) return [];
  if (reader.isMap(rules.value)) {
    return [...reader.members(rules.value, "rules")].flatMap(([glob, { value }]) => {
      const action = reader.text(value, "a rule");
      return action === undefined ? [] : [{ value: `${glob}: ${action.value}`, place: action.place }];
    });
  }
  return reader.items(rules.value, "rules").flatMap((node) => reader.text(node, "a rule") ?? []);
}

function textOf(members: Members, name: string, reader: YamlReader): Placed<string> | undefined {
  const member = members.get(name);
  if (member === undefined) return undefined;
  return reader.isMap(member.value) ? readModel(member.value, reader) : reader.text(member.value, name);
}

function dtypeOf(members: Members, name: string, reader: YamlReader): FloatDType | undefined {
  const text = textOf(members, name, reader);
  if (text === undefined) return undefined;
  try {
    return parseFloatDType(text.value);
  } catch (error) {
    return reader.report(members.get(name)?.value, (error as Error).message, (error as { hint?: string }).hint);
  }
}

function choiceOf(members: Members, name: string, choices: readonly string[], reader: YamlReader): string | undefined {
  const text = textOf(members, name, reader);
  if (text === undefined || choices.includes(text.value)) return text?.value;
  return reader.report(members.get(name)?.value, `${name} is "${text.value}"; expected ${choices.join(", ")}.`);
}
