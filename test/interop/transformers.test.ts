import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyAdapters, extractAdapter, mergeAdapters } from "../../src/node/lora.js";
import { openRecipe, saveRecipe } from "../../src/node/merge-recipe.js";

/** Folders that onebasin writes, loaded by transformers and PEFT and run: skipped where Python has neither. */
const python = process.env.ONEBASIN_PYTHON ?? "python3";
const hasBoth = spawnSync(python, ["-c", "import transformers, peft"]).status === 0;

let folder: string;
const at = (name: string): string => join(folder, name);

/** Small models, some of them fine-tuned or adapted, as transformers and PEFT store them. */
const MAKE = `
import torch
from peft import LoraConfig, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM
torch.manual_seed(0)
llama = LlamaConfig(hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
                    num_key_value_heads=2, vocab_size=60, tie_word_embeddings=True)
gpt2 = GPT2Config(n_embd=24, n_layer=2, n_head=4, vocab_size=50, n_positions=16)
def moved(model, rank, size):
    for _, value in model.named_parameters():
        value.data = value.data + size * torch.randn_like(value)
        if value.ndim == 2 and rank > 0:
            value.data = value.data + 0.05 * torch.randn(value.shape[0], rank) @ torch.randn(rank, value.shape[1])
    return model
LlamaForCausalLM(llama).save_pretrained("base")
for name in ("one", "two"):
    moved(LlamaForCausalLM.from_pretrained("base"), 0, 0.02).save_pretrained(name, max_shard_size="20KB")
GPT2LMHeadModel(gpt2).save_pretrained("gpt2")
moved(GPT2LMHeadModel.from_pretrained("gpt2"), 3, 0).save_pretrained("gpt2-tuned")
def adapter(name, **config):
    model = get_peft_model(LlamaForCausalLM.from_pretrained("base"), LoraConfig(task_type="CAUSAL_LM", **config))
    for key, value in model.named_parameters():
        if "lora" in key: value.data = 0.1 * torch.randn_like(value)
    model.save_pretrained(name)
adapter("french", r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])
adapter("law", r=4, lora_alpha=4, use_rslora=True, target_modules=["q_proj", "down_proj"], rank_pattern={"1.mlp.down_proj": 2})
adapter("words", r=3, target_modules=["embed_tokens"])
`;

/** Loads what was written, and says how far its outputs are from those of the same made in PyTorch. */
const CHECK = `
import json, torch
from peft import PeftModel
from peft.utils import load_peft_weights, set_peft_model_state_dict
from transformers import AutoModelForCausalLM
tokens = torch.arange(12).reshape(1, 12)
load = lambda name: AutoModelForCausalLM.from_pretrained(name, output_loading_info=True)
logits = lambda model: model.eval()(tokens).logits.detach()
found = {}
def plain(name):
    model, info = load(name)
    assert not info["unexpected_keys"] and not info["mismatched_keys"], info
    assert set(info["missing_keys"]) <= {"lm_head.weight"}, info
    return model
def loaded(base, name):
    model = PeftModel.from_pretrained(plain(base), name)
    result = set_peft_model_state_dict(model, load_peft_weights(name))
    assert not result.unexpected_keys and not [key for key in result.missing_keys if "lora" in key], result
    return model
far = lambda a, b: float((a - b).abs().max())
with torch.no_grad():
    one, two = plain("one"), plain("two")
    mean = plain("one")
    for value, x, y in zip(mean.parameters(), one.parameters(), two.parameters()): value.copy_(0.5 * x + 0.5 * y)
    found["mean of two"] = far(logits(plain("mean")), logits(mean))
    stacked = plain("stacked")
    found["layers"] = [stacked.config.num_hidden_layers, len(stacked.model.layers)]
    found["third layer is the second of two"] = far(stacked.model.layers[2].mlp.up_proj.weight, two.model.layers[1].mlp.up_proj.weight)
    tied = plain("mean")
    found["tied"] = tied.lm_head.weight.data_ptr() == tied.model.embed_tokens.weight.data_ptr()
    both = PeftModel.from_pretrained(plain("base"), "french", adapter_name="french")
    both.load_adapter("law", adapter_name="law")
    for method, options in (("svd", {"svd_rank": 6}), ("cat", {}), ("ties_svd", {"svd_rank": 3, "density": 0.5})):
        both.add_weighted_adapter(["french", "law"], [0.7, -0.4], method, combination_type=method, **options)
        both.set_adapter(method)
        found[method] = far(logits(both), logits(loaded("base", "merged-" + method)))
    both.set_adapter("french")
    found["applied"] = far(logits(both), logits(plain("applied")))
    words = PeftModel.from_pretrained(plain("base"), "words")
    found["embedding of words"] = far(
        words.merge_and_unload().model.embed_tokens.weight, plain("applied-words").model.embed_tokens.weight)
    # GPT-2's table of words is its output layer too, which a change reaches when it is merged.
    tuned, extracted = logits(plain("gpt2-tuned")), logits(loaded("gpt2", "extracted").merge_and_unload())
    found["extracted, of the change"] = far(tuned, extracted) / far(tuned, logits(plain("gpt2")))
print("RESULT" + json.dumps(found))
`;

const runPython = (script: string): string =>
  execFileSync(python, ["-c", script], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

async function merged(name: string, recipe: string): Promise<void> {
  await writeFile(at(`${name}.yml`), recipe);
  await saveRecipe(await openRecipe(at(`${name}.yml`)), at(name));
}

describe.skipIf(!hasBoth)("what transformers and PEFT load", () => {
  let found: Record<string, unknown>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "onebasin-transformers-"));
    runPython(MAKE);
    await merged(
      "mean",
      "merge_method: linear\nmodels: [{ model: one, parameters: { weight: 1 } }, { model: two, parameters: { weight: 1 } }]\n",
    );
    await merged(
      "stacked",
      "merge_method: passthrough\nslices:\n  - sources: [{ model: one, layer_range: [0, 2] }]\n  - sources: [{ model: two, layer_range: [1, 3] }]\n",
    );
    const adapters = [at("french"), at("law")];
    const weights = [0.7, -0.4];
    await mergeAdapters(adapters, at("merged-svd"), { method: "svd", weights, rank: 6 });
    await mergeAdapters(adapters, at("merged-cat"), { method: "cat", weights });
    await mergeAdapters(adapters, at("merged-ties_svd"), { method: "ties_svd", weights, rank: 3, density: 0.5 });
    await applyAdapters({ base: at("base"), adapters: [at("french")] }, at("applied"));
    await applyAdapters({ base: at("base"), adapters: [at("words")] }, at("applied-words"));
    const report = await extractAdapter({ base: at("gpt2"), tuned: at("gpt2-tuned") }, at("extracted"), { rank: 3 });
    expect(report.share).toBeGreaterThan(1 - 1e-6);
    found = JSON.parse(/RESULT(.*)/.exec(runPython(CHECK))?.[1] as string) as Record<string, unknown>;
  }, 240_000);
  afterAll(() => rm(folder, { recursive: true }));

  test("merged models have the outputs of the same merge made in PyTorch, and embeddings stay tied", () => {
    expect(found["mean of two"]).toBeLessThan(1e-5);
    expect(found.tied).toBe(true);
  });

  test("stacked layers are there, under their new numbers", () => {
    expect(found.layers).toEqual([4, 4]);
    expect(found["third layer is the second of two"]).toBe(0);
  });

  test.each(["svd", "cat", "ties_svd"])("adapters merged by %s have the outputs of PEFT's merge", (method) => {
    expect(found[method]).toBeLessThan(1e-4);
  });

  test("an applied adapter has the outputs of PEFT's, one of a table too", () => {
    expect(found.applied).toBeLessThan(1e-5);
    expect(found["embedding of words"]).toBeLessThan(1e-6);
  });

  test("an extracted adapter of a model whose weights lie turned gives the fine-tuned outputs back", () => {
    expect(found["extracted, of the change"]).toBeLessThan(1e-3);
  });
});
