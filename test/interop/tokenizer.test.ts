import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRecipe, saveRecipe } from "../../src/node/merge-recipe.js";

/** Models of different tokenizers merged, loaded by transformers: skipped where Python has it not. */
const python = process.env.ONEBASIN_PYTHON ?? "python3";
const hasTransformers = spawnSync(python, ["-c", "import torch, transformers, tokenizers"]).status === 0;

/** Two models whose tokenizers share some words in another order, and each have words and special tokens of their own. */
const MAKE = `
import torch
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
torch.manual_seed(0)
def make(name, words, special, tied):
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", eos_token="</s>")
    fast.add_tokens([AddedToken(token, special=True) for token in special], special_tokens=True)
    fast.save_pretrained(name)
    config = LlamaConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
                         vocab_size=len(fast), tie_word_embeddings=tied)
    LlamaForCausalLM(config).save_pretrained(name)
make("base", ["[UNK]", "the", "cat", "sat"], ["</s>"], False)
make("other", ["sat", "[UNK]", "dog", "the"], ["<tool>", "</s>"], True)
`;

const CHECK = `
import json, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
found = {}
base, other, union = (AutoModelForCausalLM.from_pretrained(name) for name in ("base", "other", "union"))
words = AutoTokenizer.from_pretrained("union")
a, b = AutoTokenizer.from_pretrained("base").get_vocab(), AutoTokenizer.from_pretrained("other").get_vocab()
found["vocabulary"] = sorted(words.get_vocab().items(), key=lambda pair: pair[1])
found["text"] = words.tokenize("the dog sat<tool>the cat</s>")
found["special"] = words.decode(words.encode("the dog sat<tool>"), skip_special_tokens=True)
found["rows"] = [union.config.vocab_size, *(list(it.weight.shape)[0] for it in (union.model.embed_tokens, union.lm_head))]
def far(table):
    worst = 0
    for word, row in words.get_vocab().items():
        first, second = table(base), table(other)
        x = first[a[word]] if word in a else second[b[word]]
        y = second[b[word]] if word in b else first[a[word]]
        worst = max(worst, float((table(union)[row] - (x + y) / 2).abs().max()))
    return worst
found["far"] = [far(lambda model: model.model.embed_tokens.weight), far(lambda model: model.lm_head.weight)]
print("RESULT" + json.dumps(found))
`;

let folder: string;
const at = (name: string): string => join(folder, name);
const runPython = (script: string): string =>
  execFileSync(python, ["-c", script], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

describe.skipIf(!hasTransformers)("a union of tokenizers, as transformers loads it", () => {
  let found: Record<string, unknown>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "onebasin-tokenizers-"));
    runPython(MAKE);
    const models = ["base", "other"].map((name) => `{ model: ${name}, parameters: { weight: 0.5 } }`).join(", ");
    await writeFile(
      at("union.yml"),
      `merge_method: linear\nmodels: [${models}]\ntokenizer: { pad_to_multiple_of: 8 }\n`,
    );
    await saveRecipe(await openRecipe(at("union.yml")), at("union"));
    found = JSON.parse(/RESULT(.*)/.exec(runPython(CHECK))?.[1] as string) as Record<string, unknown>;
  }, 240_000);
  afterAll(() => rm(folder, { recursive: true }));

  test("has the base's words, then the others'", () => {
    expect(found.vocabulary).toEqual(
      ["[UNK]", "the", "cat", "sat", "</s>", "dog", "<tool>"].map((word, id) => [word, id]),
    );
  });

  test("cuts a text into words of both", () => {
    expect(found.text).toEqual(["the", "dog", "sat", "<tool>", "the", "cat", "</s>"]);
    expect(found.special).not.toContain("<tool>");
  });

  test("has rows that stand for its words, in both tables", () => {
    expect(found.rows).toEqual([8, 8, 8]);
    for (const distance of found.far as number[]) expect(distance).toBeLessThan(1e-6);
  });
});
