import { readFileSync } from "node:fs";
import { stateDictCheckpoint } from "../../src/checkpoint/state-dict-checkpoint.js";
import { type Adapter, readAdapter } from "../../src/lora/adapter.js";
import { parseAdapterConfig } from "../../src/lora/adapter-config.js";
import { createTensor, type StateDict } from "../../src/tensor/tensor.js";

interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
type ByKey = Readonly<Record<string, Values>>;

/** What PEFT 0.21 gave; made by test/golden/adapters.py. */
export const goldenAdapters = JSON.parse(
  readFileSync(new URL("../fixtures/adapters.json", import.meta.url), "utf8"),
) as {
  readonly base: ByKey;
  readonly adapters: Readonly<Record<string, { readonly config: object; readonly tensors: ByKey }>>;
  /** scale · B·A of each module, in the shape of its weight. */
  readonly applied: Readonly<Record<string, ByKey>>;
  readonly merged: readonly {
    readonly method: string;
    readonly adapters: readonly string[];
    readonly weights: readonly number[];
    readonly density: number | null;
    readonly rank: number | null;
    readonly election: "total" | "frequency" | null;
    readonly r: number;
    readonly tensors: ByKey | null;
    readonly changes: ByKey;
  }[];
};

export const stateOf = (values: ByKey): StateDict =>
  new Map(Object.entries(values).map(([key, { shape, data }]) => [key, createTensor("f32", shape, data)]));

export function goldenAdapter(name: string): Adapter {
  const { config, tensors } = goldenAdapters.adapters[name];
  return readAdapter(stateDictCheckpoint(name, stateOf(tensors)), parseAdapterConfig(JSON.stringify(config), name));
}
