/** A key taken apart at the number of its layer: `model.layers.` 3 `.mlp.weight`. */
export interface LayerKey {
  readonly stack: string;
  readonly layer: number;
  readonly rest: string;
}

/** What transformers, diffusion models and image models call their list of layers. */
const LAYER_KEY = /^((?:[^.]+\.)*?(?:layers|layer|h|blocks|block|resblocks))\.(\d+)\.(.+)$/;

export function layerOf(key: string): LayerKey | undefined {
  const match = LAYER_KEY.exec(key);
  return match === null ? undefined : { stack: match[1], layer: Number(match[2]), rest: match[3] };
}

/** The list of layers that most keys belong to, and how many layers each list has. */
export interface LayerStacks {
  readonly main?: string;
  readonly counts: ReadonlyMap<string, number>;
}

export function layerStacks(keys: Iterable<string>): LayerStacks {
  const counts = new Map<string, number>();
  const sizes = new Map<string, number>();
  for (const key of keys) {
    const layer = layerOf(key);
    if (layer === undefined) continue;
    counts.set(layer.stack, Math.max(counts.get(layer.stack) ?? 0, layer.layer + 1));
    sizes.set(layer.stack, (sizes.get(layer.stack) ?? 0) + 1);
  }
  const main = [...sizes].toSorted((a, b) => b[1] - a[1])[0]?.[0];
  return { main, counts };
}

/** What stands before the layers: embeddings. Everything else outside of layers follows them. */
const BEFORE_LAYERS = /(^|\.)(embed\w*|wte|wpe|\w*embeddings?|tok_\w+|patch_embed\w*|conv1|stem)(\.|$)/;

export const standsBeforeLayers = (key: string): boolean => BEFORE_LAYERS.test(key);

/** Tables with one row a token of the vocabulary: what goes in, and what comes out. */
const EMBEDDING = /(^|\.)(embed_tokens|wte|word_embeddings|tok_embeddings|embed_in|shared)\.weight$/;
const OUTPUT_TABLE = /(^|\.)(lm_head|embed_out|output_layer)\.(weight|bias)$/;

export const hasVocabularyRows = (key: string): boolean => EMBEDDING.test(key) || OUTPUT_TABLE.test(key);

/** The embedding that a tied output layer shares its numbers with. */
export function tiedEmbedding(key: string, keys: Iterable<string>): string | undefined {
  if (!OUTPUT_TABLE.test(key) || key.endsWith(".bias")) return undefined;
  return [...keys].find((other) => EMBEDDING.test(other));
}
