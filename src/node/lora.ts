import { extname } from "node:path";
import { closeCheckpoint } from "../checkpoint/checkpoint.js";
import { formats } from "../checkpoint/formats.gen.js";
import { OnebasinError, throwProblems } from "../core/errors.js";
import type { Adapter } from "../lora/adapter.js";
import { applyAdapter } from "../lora/apply-adapter.js";
import { type ExtractAdapterOptions, extractAdapter as planExtraction } from "../lora/extract-adapter.js";
import { mergeAdapters as planAdapters } from "../lora/merge-adapters.js";
import type { MergeAdaptersOptions } from "../lora/merge-adapters-options.js";
import type { WriteReport } from "../merge/execute/write-plan.js";
import { closePlan } from "../merge/plan.js";
import { planConvert } from "../merge/plan-convert.js";
import type { FloatDType } from "../tensor/dtype.js";
import { openAdapter } from "./open-adapter.js";
import { type OpenedModel, openModel } from "./open-model.js";
import { saveModelFolder } from "./save-model-folder.js";
import { type SavePlanOptions, savePlan } from "./save-plan.js";
import { type AdapterReport, type WriteAdapterOptions, writeAdapter } from "./write-adapter.js";

/**
 * Makes one LoRA adapter of several, as PEFT's `add_weighted_adapter` does.
 *
 * @param adapters folders, or names on the Hub
 * @param folder to write: `adapter_config.json` and `adapter_model.safetensors`, which PEFT loads
 * @throws `bad-argument`, `unknown-name`, `mismatch`: all problems together; and as opening and writing do
 */
export async function mergeAdapters(
  adapters: readonly string[],
  folder: string,
  options: MergeAdaptersOptions & WriteAdapterOptions = {},
): Promise<AdapterReport> {
  const opened = await openAdapters(adapters);
  try {
    return await writeAdapter(planAdapters(opened, options), refuseFile(folder), options);
  } finally {
    await closeAll(opened);
  }
}

/**
 * Takes what fine-tuning changed for a LoRA adapter: the nearest change of a rank, weight by weight.
 *
 * @param models both as folders, files or names on the Hub
 * @param folder to write, which PEFT loads
 * @throws `bad-argument`, `mismatch`: all problems together; `non-finite`; and as opening and writing do
 */
export async function extractAdapter(
  models: { readonly base: string; readonly tuned: string },
  folder: string,
  options: ExtractAdapterOptions & WriteAdapterOptions = {},
): Promise<AdapterReport> {
  const base = await openModel(models.base, ["."]);
  try {
    const tuned = await openModel(models.tuned, ["."]);
    try {
      const given = { baseModel: models.base, taskType: await taskOf(base), ...options };
      return await writeAdapter(
        await planExtraction(base.checkpoint, tuned.checkpoint, given),
        refuseFile(folder),
        options,
      );
    } finally {
      await closeCheckpoint(tuned.checkpoint);
    }
  } finally {
    await closeCheckpoint(base.checkpoint);
  }
}

export interface ApplyAdaptersOptions extends SavePlanOptions {
  /** By which each adapter's change is multiplied; 1 unless told. */
  readonly weights?: readonly number[];
  /** Of floating-point tensors; the base's own unless told. */
  readonly dtype?: FloatDType;
}

/**
 * Adds adapters to their base model: W + Σ wᵢ·scaleᵢ·BᵢAᵢ, streamed.
 *
 * @param models the base and its adapters, as folders, files (of the base) or names on the Hub
 * @param path a file, when it ends as one of a known format; else a folder with configuration and tokenizer
 * @throws `mismatch` with every module that does not fit; and as opening and writing do
 */
export async function applyAdapters(
  models: { readonly base: string; readonly adapters: readonly string[] },
  path: string,
  { weights, dtype, ...options }: ApplyAdaptersOptions = {},
): Promise<WriteReport> {
  if (weights !== undefined && (weights.length !== models.adapters.length || !weights.every(Number.isFinite))) {
    throw new OnebasinError(
      "bad-argument",
      `The weights are ${weights.join(", ")}; expected one number for each of ${models.adapters.length} adapters.`,
    );
  }
  const { checkpoint: base, files } = await openModel(models.base, ["."]);
  let opened: readonly Adapter[] = [];
  try {
    opened = await openAdapters(models.adapters);
    const adapted = opened.reduce(
      (model, adapter, i) => applyAdapter(model, adapter, { strength: weights?.[i] }),
      base,
    );
    const plan = planConvert(adapted, { dtype });
    try {
      if (isFile(path)) return await savePlan(plan, path, options);
      const { model, tokenizer } = await files();
      return await saveModelFolder(plan, path, { ...options, files: new Map([...model, ...tokenizer]) });
    } finally {
      await closePlan(plan);
    }
  } finally {
    await closeAll(opened);
    await closeCheckpoint(base);
  }
}

/** All of them, or every problem with those that cannot be opened. */
async function openAdapters(names: readonly string[]): Promise<Adapter[]> {
  const opened: Adapter[] = [];
  const problems: OnebasinError[] = [];
  for (const name of names) {
    try {
      opened.push(await openAdapter(name));
    } catch (error) {
      if (!(error instanceof OnebasinError)) throw error;
      problems.push(error);
    }
  }
  if (problems.length > 0) await closeAll(opened);
  throwProblems(problems, "the adapters");
  return opened;
}

const closeAll = (adapters: readonly Adapter[]): Promise<unknown> =>
  Promise.all(adapters.map(({ checkpoint }) => closeCheckpoint(checkpoint)));

const isFile = (path: string): boolean =>
  formats.some(({ extensions }) => extensions.includes(extname(path).toLowerCase()));

function refuseFile(folder: string): string {
  if (!isFile(folder)) return folder;
  throw new OnebasinError("usage", `An adapter is a folder; ${folder} is the name of a file.`);
}

/** What PEFT calls the task of a model, by the class that its configuration names. */
async function taskOf({ files }: OpenedModel): Promise<string | undefined> {
  const config = (await files()).model.get("config.json");
  if (config === undefined) return undefined;
  const [architecture] = /"architectures"\s*:\s*\[\s*"(\w+)"/.exec(new TextDecoder().decode(config))?.slice(1) ?? [];
  return TASKS.find(([ending]) => architecture?.endsWith(ending))?.[1];
}

const TASKS = [
  ["ForCausalLM", "CAUSAL_LM"],
  ["LMHeadModel", "CAUSAL_LM"],
  ["ForSequenceClassification", "SEQ_CLS"],
  ["ForConditionalGeneration", "SEQ_2_SEQ_LM"],
  ["ForTokenClassification", "TOKEN_CLS"],
  ["ForQuestionAnswering", "QUESTION_ANS"],
] as const;
