import type { Shape } from "../../src/tensor/shape.js";

const HIDDEN = 1536;
const INNER = 4096;
const LAYERS = 20;
const WORDS = 32_000;

/**
 * Keys and shapes of a small Llama, 664 million parameters.
 *
 * @param scale of the number of layers and words; above 0
 */
export function llamaShapes(scale: number): readonly (readonly [key: string, shape: Shape])[] {
  const words = Math.max(1, Math.round(WORDS * scale));
  const layers = Array.from({ length: Math.max(1, Math.round(LAYERS * scale)) }, (_, i) => `model.layers.${i}`);
  return [
    ["model.embed_tokens.weight", [words, HIDDEN]],
    ...layers.flatMap((layer): [string, Shape][] => [
      [`${layer}.input_layernorm.weight`, [HIDDEN]],
      [`${layer}.mlp.down_proj.weight`, [HIDDEN, INNER]],
      [`${layer}.mlp.gate_proj.weight`, [INNER, HIDDEN]],
      [`${layer}.mlp.up_proj.weight`, [INNER, HIDDEN]],
      [`${layer}.post_attention_layernorm.weight`, [HIDDEN]],
      [`${layer}.self_attn.k_proj.weight`, [HIDDEN, HIDDEN]],
      [`${layer}.self_attn.o_proj.weight`, [HIDDEN, HIDDEN]],
      [`${layer}.self_attn.q_proj.weight`, [HIDDEN, HIDDEN]],
      [`${layer}.self_attn.v_proj.weight`, [HIDDEN, HIDDEN]],
    ]),
    ["model.norm.weight", [HIDDEN]],
    ["lm_head.weight", [words, HIDDEN]],
  ];
}
