import type { Shape } from "../../src/tensor/shape.js";

const HIDDEN = 1536;
const INNER = 4096;
const LAYERS = 20;
const WORDS = 32_000;

/** Of one attention head, as Llamas have them. */
const HEAD = 128;

const atScale = (count: number, scale: number): number => Math.max(1, Math.round(count * scale));

/** What transformers needs to know of the model of `llamaShapes`. */
export const llamaConfig = (scale: number): object => ({
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: HIDDEN,
  intermediate_size: INNER,
  num_hidden_layers: atScale(LAYERS, scale),
  num_attention_heads: HIDDEN / HEAD,
  num_key_value_heads: HIDDEN / HEAD,
  vocab_size: atScale(WORDS, scale),
  tie_word_embeddings: false,
});

/**
 * Keys and shapes of a small Llama, 664 million parameters.
 *
 * @param scale of the number of layers and words; above 0
 */
export function llamaShapes(scale: number): readonly (readonly [key: string, shape: Shape])[] {
  const words = atScale(WORDS, scale);
  const layers = Array.from({ length: atScale(LAYERS, scale) }, (_, i) => `model.layers.${i}`);
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
