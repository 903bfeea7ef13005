import { OnebasinError } from "../core/errors.js";

/** What PEFT notes down beside the weights of a LoRA adapter. */
export interface AdapterConfig {
  /** By what B·A is multiplied before it is added to the weight of a module. */
  readonly scaleOf: (module: string, rank: number) => number;
  /** Whether weights are stored [in, out], as in GPT-2. */
  readonly isTransposed: boolean;
}

/**
 * Reads `adapter_config.json`.
 *
 * @param name how messages name the file
 * @throws `bad-file`; `unsupported` for adapters that are not plain LoRA
 */
export function parseAdapterConfig(text: string, name: string): AdapterConfig {
  const config = parseObject(text, name);
  if (config.peft_type !== "LORA" || config.use_dora === true) {
    const kind = config.use_dora === true ? "DoRA" : String(config.peft_type);
    throw new OnebasinError("unsupported", `${name} describes an adapter of kind ${kind}; only LoRA is merged.`);
  }
  const alpha = config.lora_alpha;
  if (typeof alpha !== "number" || !Number.isFinite(alpha)) {
    throw new OnebasinError("bad-file", `${name} has no number "lora_alpha".`);
  }
  const patterns = Object.entries((config.alpha_pattern as Record<string, unknown> | undefined) ?? {});
  const byRoot = config.use_rslora === true;
  return {
    isTransposed: config.fan_in_fan_out === true,
    scaleOf: (module, rank) => {
      const own = patterns.find(([pattern]) => module === pattern || module.endsWith(`.${pattern}`))?.[1];
      return (typeof own === "number" ? own : alpha) / (byRoot ? Math.sqrt(rank) : rank);
    },
  };
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
