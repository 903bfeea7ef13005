import type { OutputTensor } from "../checkpoint/layout.js";
import type { FloatDType } from "../tensor/dtype.js";
import { type AdapterModule, KEY_PREFIX } from "./adapter.js";

/** The two tensors that PEFT stores a module's factors as, A and B, at a rank. */
export function factorTensors(
  {
    name,
    kind,
    a,
    b,
  }: { readonly name: string; readonly kind: AdapterModule["kind"] } & Record<
    "a" | "b",
    { readonly shape: readonly number[] }
  >,
  { rank, dtype }: { readonly rank: number; readonly dtype: FloatDType },
): readonly [OutputTensor, OutputTensor] {
  const [infix, ending] = kind === "embedding" ? ["embedding_", ""] : ["", ".weight"];
  return [
    { key: `${KEY_PREFIX}${name}.lora_${infix}A${ending}`, dtype, shape: [rank, ...a.shape.slice(1)] },
    { key: `${KEY_PREFIX}${name}.lora_${infix}B${ending}`, dtype, shape: [b.shape[0], rank, ...b.shape.slice(2)] },
  ];
}
