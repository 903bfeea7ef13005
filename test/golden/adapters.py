"""What PEFT makes of LoRA adapters: weights, what add_weighted_adapter gives, and what merging into the base gives.

Run with a Python that has PyTorch and PEFT; writes test/fixtures/adapters.json.
"""

import json
import sys

import peft
import torch
from peft import LoraConfig, get_peft_model
from peft.utils import get_peft_model_state_dict
from torch import nn
from transformers.pytorch_utils import Conv1D


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(11, 6)
        self.body = nn.ModuleDict({"one": nn.Linear(12, 10), "two": nn.Linear(10, 7), "turned": Conv1D(9, 6)})
        self.image = nn.Conv2d(3, 5, (3, 2))
        self.point = nn.Conv2d(5, 4, 1)


def listed(tensor):
    return {"shape": list(tensor.shape), "data": [round(float(x), 7) for x in tensor.flatten()]}


def rounded(module, seed):
    """Random weights of seven digits, hardly two of one size: which are the largest is never a matter of order."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.round(torch.randn(parameter.shape, generator=generator) * 1e6) / 1e6)


ALL = ["table", "one", "two", "turned", "image", "point"]
CONFIGS = {
    "a": LoraConfig(r=3, lora_alpha=6, target_modules=ALL, bias="none"),
    "b": LoraConfig(r=3, lora_alpha=4, target_modules=ALL, use_rslora=True, alpha_pattern={"body.two": 9, "ima.e": 2}),
    "c": LoraConfig(r=2, lora_alpha=5, target_modules=["one", "image"], rank_pattern={"one": 4}),
}

base = Net()
rounded(base, 0)
out = {
    "versions": {"peft": peft.__version__, "torch": torch.__version__},
    "base": {key: listed(value) for key, value in base.state_dict().items()},
    "adapters": {},
    "applied": {},
    "merged": [],
}

model = get_peft_model(base, CONFIGS["a"], adapter_name="a")
for name in ("b", "c"):
    model.add_adapter(name, CONFIGS[name])
for i, name in enumerate(CONFIGS):
    for _, module in sorted(model.named_modules()):
        for kind in ("lora_A", "lora_B"):
            if hasattr(module, kind) and name in getattr(module, kind):
                rounded(getattr(module, kind)[name], 100 * i + ord(kind[-1]))
        for kind in ("lora_embedding_A", "lora_embedding_B"):
            if hasattr(module, kind) and name in getattr(module, kind):
                rounded(nn.ParameterList([getattr(module, kind)[name]]), 7 * i + len(kind) + ord(kind[-1]))


def state_of(name):
    state = get_peft_model_state_dict(model, adapter_name=name, save_embedding_layers=False)
    return {key: listed(value) for key, value in state.items()}


def config_of(name):
    config = model.peft_config[name].to_dict()
    return json.loads(json.dumps(config, default=lambda value: sorted(value) if isinstance(value, set) else str(value)))


def changes_of(name):
    """scale · B·A of each module, as the weight's shape."""
    changes = {}
    for key, module in model.base_model.model.named_modules():
        if hasattr(module, "get_delta_weight"):
            if name in module.lora_A or name in module.lora_embedding_A:
                changes[key] = listed(module.get_delta_weight(name).detach())
    return changes


for name in CONFIGS:
    out["adapters"][name] = {"config": config_of(name), "tensors": state_of(name)}
    out["applied"][name] = changes_of(name)

CASES = [
    ("linear", "ab", [0.7, 0.4], {}),
    ("linear", "ab", [0.7, -0.4], {}),
    ("cat", "abc", [0.5, -0.3, 0.8], {}),
    ("svd", "abc", [0.5, 0.3, 0.8], {"svd_rank": 4}),
    ("svd", "ab", [1.0, -1.0], {"svd_rank": 2}),
    ("ties", "ab", [0.7, 0.6], {"density": 0.5}),
    ("ties", "ab", [0.7, 0.6], {"density": 0.5, "majority_sign_method": "frequency"}),
    ("ties_svd", "abc", [0.7, 0.6, 0.4], {"density": 0.5, "svd_rank": 3}),
    ("ties_svd", "abc", [0.7, 0.6, 0.4], {"density": 0.4, "svd_rank": 3, "majority_sign_method": "frequency"}),
    ("dare_linear", "ab", [0.7, 0.6], {"density": 1.0}),
    ("dare_ties", "ab", [0.7, 0.6], {"density": 1.0}),
    ("dare_linear_svd", "abc", [0.7, 0.6, 0.5], {"density": 1.0, "svd_rank": 3}),
    ("dare_ties_svd", "abc", [0.7, 0.6, 0.5], {"density": 1.0, "svd_rank": 3}),
    ("magnitude_prune", "ab", [0.7, 0.6], {"density": 0.4}),
    ("magnitude_prune_svd", "abc", [0.7, 0.6, 0.5], {"density": 0.4, "svd_rank": 3}),
]
for i, (method, adapters, weights, options) in enumerate(CASES):
    name = f"merged{i}"
    model.add_weighted_adapter(list(adapters), weights, name, combination_type=method, **options)
    out["merged"].append(
        {
            "method": method,
            "adapters": list(adapters),
            "weights": weights,
            "density": options.get("density"),
            "rank": options.get("svd_rank"),
            "election": options.get("majority_sign_method"),
            "r": model.peft_config[name].r,
            "scaling": {
                key: module.scaling[name]
                for key, module in model.base_model.model.named_modules()
                if hasattr(module, "get_delta_weight") and name in module.scaling
            },
            "tensors": None if method.endswith("svd") else state_of(name),
            "changes": changes_of(name),
        }
    )

with open(sys.argv[1] if len(sys.argv) > 1 else "test/fixtures/adapters.json", "w") as file:
    json.dump(out, file, separators=(",", ":"))
