interface Described {
  /** Rank of each module's factors. */
  readonly ranks: ReadonlyMap<string, number>;
  /** Ends of names that stand for exactly these modules; all names in full unless told. */
  readonly targets?: readonly string[];
  /** Modules whose weights the adapter holds whole. */
  readonly whole: readonly string[];
  readonly baseModel?: string;
  readonly isTransposed: boolean;
  readonly taskType?: unknown;
}

/**
 * What `adapter_config.json` says of a LoRA adapter whose factors are already scaled: `lora_alpha` is `r`, module by
 * module, so that B·A is added as it is.
 */
export function serializeAdapterConfig({
  ranks,
  targets,
  whole,
  baseModel,
  isTransposed,
  taskType,
}: Described): Record<string, unknown> {
  const usual = usualRank([...ranks.values()]);
  const unusual = [...ranks].filter(([, rank]) => rank !== usual);
  const pattern = Object.fromEntries(unusual.map(([module, rank]) => [patternFor(module, ranks), rank]));
  return {
    peft_type: "LORA",
    task_type: taskType ?? null,
    base_model_name_or_path: baseModel ?? null,
    inference_mode: true,
    r: usual,
    lora_alpha: usual,
    rank_pattern: pattern,
    alpha_pattern: pattern,
    use_rslora: false,
    use_dora: false,
    target_modules: [...new Set(targets ?? ranks.keys())].sort(),
    modules_to_save: whole.length === 0 ? null : whole,
    fan_in_fan_out: isTransposed,
    bias: "none",
    lora_dropout: 0,
    init_lora_weights: true,
  };
}

/** The rank that most modules have; the larger of two. */
function usualRank(ranks: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const rank of ranks) counts.set(rank, (counts.get(rank) ?? 0) + 1);
  const [[usual]] = [...counts].sort(([r, n], [s, m]) => m - n || s - r);
  return usual;
}

/** A pattern is looked for behind every dot of a name: one that another name ends in is held to the beginning. */
function patternFor(module: string, ranks: ReadonlyMap<string, number>): string {
  return [...ranks.keys()].some((other) => other.endsWith(`.${module}`)) ? `^${module}` : module;
}
