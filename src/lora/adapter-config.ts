import { OnebasinError } from "../core/errors.js";
import { parseModulePattern } from "./module-pattern.js";

/** What PEFT notes down beside the weights of a LoRA adapter. */
export interface AdapterConfig {
  /** By what B·A is multiplied before it is added to the weight of a module. */
  readonly scaleOf: (module: string, rank: number) => number;
  /** Whether weights are stored [in, out], as in GPT-2; counts where a square weight does not tell. */
  readonly isTransposed: boolean;
  /** Ends of the names of adapted modules, when the file lists them and nothing limits them further. */
  readonly targets?: readonly string[];
  /** The model that the adapter belongs to, as the file calls it. */
  readonly baseModel?: string;
  /** All that the file says. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Beginnings of `init_lora_weights` that change the base as well: base and adapter as stored do not add up. */
const INITS_THAT_CHANGE_THE_BASE = ["pissa", "olora", "corda", "loftq", "lora_ga"];

/**
 * Reads `adapter_config.json`.
 *
 * @param name how messages name the file
 * @throws `bad-file`; `unsupported` for adapters that are not plain LoRA
 */
export function parseAdapterConfig(text: string, name: string): AdapterConfig {
  const raw = parseObject(text, name);
  refuseOthers(raw, name);
  const alpha = raw.lora_alpha;
  if (typeof alpha !== "number" || !Number.isFinite(alpha)) {
    throw new OnebasinError("bad-file", `${name} has no number "lora_alpha".`);
  }
  const alphas = Object.entries((raw.alpha_pattern as Record<string, unknown> | undefined) ?? {}).map(
    ([pattern, own]) => {
      if (typeof own === "number" && Number.isFinite(own)) return { matches: parseModulePattern(pattern, name), own };
      throw new OnebasinError("bad-file", `${name}: "alpha_pattern" of "${pattern}" is no number.`);
    },
  );
  const byRoot = raw.use_rslora === true;
  return {
    raw,
    isTransposed: raw.fan_in_fan_out === true,
    targets: plainTargets(raw),
    baseModel: typeof raw.base_model_name_or_path === "string" ? raw.base_model_name_or_path : undefined,
    scaleOf: (module, rank) => {
      const own = alphas.find(({ matches }) => matches(module))?.own;
      return (own ?? alpha) / (byRoot ? Math.sqrt(rank) : rank);
    },
  };
}

function refuseOthers(raw: Readonly<Record<string, unknown>>, name: string): void {
  if (raw.use_dora === true) {
    throw new OnebasinError("unsupported", `${name} describes a DoRA adapter, which is more than a sum of matrices.`, {
      hint: "Merge it into its base with PEFT first, and take the result for a model; or extract a LoRA adapter from that.",
    });
  }
  if (raw.peft_type !== "LORA") {
    throw new OnebasinError(
      "unsupported",
      `${name} describes an adapter of kind ${String(raw.peft_type)}; only LoRA is read.`,
    );
  }
  const init = raw.init_lora_weights;
  const changing = INITS_THAT_CHANGE_THE_BASE.find((start) => typeof init === "string" && init.startsWith(start));
  if (changing !== undefined) {
    throw new OnebasinError(
      "unsupported",
      `${name}: the adapter began by ${String(init)}, which also changed its base.`,
      {
        hint: "Save it with PEFT's path_initial_model_for_weight_conversion, which makes a plain LoRA adapter of it.",
      },
    );
  }
  for (const [word, what] of [
    ["target_parameters", "parameters that are no modules"],
    ["trainable_token_indices", "single rows of the vocabulary"],
    ["use_qalora", "pooled inputs"],
    ["use_bdlora", "block-diagonal factors"],
    ["arrow_config", "routing between adapters"],
    ["alora_invocation_tokens", "switching on by tokens"],
    ["layer_replication", "layers that stand several times"],
    ["kasa_config", "singular values of the base"],
  ]) {
    const value = raw[word];
    const isSet =
      value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0);
    if (isSet) throw new OnebasinError("unsupported", `${name} has "${word}": ${what} cannot be merged.`);
  }
}

function plainTargets(raw: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const { target_modules: targets, layers_to_transform: layers, exclude_modules: excluded } = raw;
  const isLimited = [layers, excluded].some((limit) => limit !== undefined && limit !== null);
  if (isLimited || !Array.isArray(targets)) return undefined;
  return targets.every((target): target is string => typeof target === "string") ? targets : undefined;
}

function parseObject(text: string, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OnebasinError("bad-file", `${name} is not JSON.`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new OnebasinError("bad-file", `${name} is not a JSON object.`);
}
