"""Merges two safetensors files the plain way, for comparison: the mean in f32, tensor by tensor.

python bench/merge-with-torch.py A B OUT
"""
import sys

import torch
from safetensors import safe_open
from safetensors.torch import save_file

first, second, out = sys.argv[1:]
merged = {}
with safe_open(first, "pt") as a, safe_open(second, "pt") as b, torch.inference_mode():
    for key in a.keys():
        x = a.get_tensor(key)
        merged[key] = ((x.float() + b.get_tensor(key).float()) / 2).to(x.dtype)
save_file(merged, out)
