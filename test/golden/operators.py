"""Golden values of every operator in training: its output and the gradients of its inputs, from PyTorch in f64.

Takes the cases of the conformance suite and writes test/fixtures/operators.json. To be run again when an operator or a
case is added.

Run with PyTorch 2.13: python test/golden/operators.py
"""

import json
import math
import pathlib
import subprocess

import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).parent.parent.parent


def pads_of(attributes, axes):
    """(before, after) of each spatial axis."""
    pads = attributes.get("pads", [0] * (2 * axes))
    return list(zip(pads[:axes], pads[axes:]))


def padded(x, pads, value=0.0):
    return F.pad(x, [n for pair in reversed(pads) for n in pair], value=value)


def windows(x, attributes, fill):
    """[n, c, …out, taps]; a last window that sticks out is filled up."""
    kernel = attributes["kernel_shape"]
    strides = attributes.get("strides", [1] * len(kernel))
    pads = []
    for size, k, s, (before, after) in zip(x.shape[2:], kernel, strides, pads_of(attributes, len(kernel))):
        left = (size + before + after - k) % s
        pads.append((before, after + (s - left if left and attributes.get("ceil_mode", 0) else 0)))
    x = padded(x, pads, fill)
    for axis, (k, s) in enumerate(zip(kernel, strides)):
        x = x.unfold(2 + axis, k, s)
    return x.flatten(-len(kernel))


def average_pool(x, attributes):
    sums = windows(x, attributes, 0.0).sum(-1)
    if attributes.get("count_include_pad", 0):
        return sums / math.prod(attributes["kernel_shape"])
    return sums / windows(torch.ones_like(x), attributes, 0.0).sum(-1)


def conv(inputs, attributes):
    x, weight, *bias = inputs
    axes = x.dim() - 2
    function = [F.conv1d, F.conv2d][axes - 1]
    ones = [1] * axes
    x = padded(x, pads_of(attributes, axes))
    options = {"stride": attributes.get("strides", ones), "dilation": attributes.get("dilations", ones)}
    return function(x, weight, *bias, groups=attributes.get("group", 1), **options)


def gemm(inputs, attributes):
    a, b, *c = inputs
    product = (a.T if attributes.get("transA") else a) @ (b.T if attributes.get("transB") else b)
    return attributes.get("alpha", 1) * product + (attributes.get("beta", 1) * c[0] if c else 0)


def dropout(x, ratio):
    if ratio == 0:
        return x
    mask = torch.full((x.numel(),), 1 / (1 - ratio), dtype=x.dtype)
    mask[1::4] = 0
    return x * mask.reshape(x.shape)


def reshape(x, shape):
    return x.reshape([x.shape[i] if size == 0 else int(size) for i, size in enumerate(shape.tolist())])


def reduce_mean(inputs, attributes):
    x, *axes = inputs
    dims = [int(axis) for axis in axes[0]] if axes else list(range(x.dim()))
    return x.mean(dims, keepdim=bool(attributes.get("keepdims", 1)))


def layer_norm(inputs, attributes):
    x, scale, *bias = inputs
    shape = x.shape[attributes.get("axis", -1) :]
    return F.layer_norm(x, shape, scale, bias[0] if bias else None, attributes.get("epsilon", 1e-5))


OPERATORS = {
    "Add": lambda i, a: i[0] + i[1],
    "Sub": lambda i, a: i[0] - i[1],
    "Mul": lambda i, a: i[0] * i[1],
    "Div": lambda i, a: i[0] / i[1],
    "AveragePool": lambda i, a: average_pool(i[0], a),
    "MaxPool": lambda i, a: windows(i[0], a, -math.inf).amax(-1),
    "GlobalAveragePool": lambda i, a: i[0].mean(list(range(2, i[0].dim())), keepdim=True),
    "BatchNormalization": lambda i, a: F.batch_norm(
        i[0], i[3].detach().clone(), i[4].detach().clone(), i[1], i[2], training=True, eps=a.get("epsilon", 1e-5)
    ),
    "GroupNormalization": lambda i, a: F.group_norm(i[0], a["num_groups"], i[1], i[2], a.get("epsilon", 1e-5)),
    "LayerNormalization": layer_norm,
    "Concat": lambda i, a: torch.cat(i, a["axis"]),
    "Conv": conv,
    "Dropout": lambda i, a: dropout(i[0], i[1].item()),
    "Flatten": lambda i, a: i[0].reshape(math.prod(i[0].shape[: a.get("axis", 1)]), -1),
    "Gelu": lambda i, a: F.gelu(i[0], approximate=a.get("approximate", "none")),
    "Gemm": gemm,
    "Identity": lambda i, a: i[0],
    "LeakyRelu": lambda i, a: F.leaky_relu(i[0], a.get("alpha", 0.01)),
    "MatMul": lambda i, a: i[0] @ i[1],
    "ReduceMean": reduce_mean,
    "Relu": lambda i, a: F.relu(i[0]),
    "Reshape": lambda i, a: reshape(i[0], i[1]),
    "Sigmoid": lambda i, a: torch.sigmoid(i[0]),
    "Softmax": lambda i, a: torch.softmax(i[0], a.get("axis", -1)),
    "Tanh": lambda i, a: torch.tanh(i[0]),
    "Transpose": lambda i, a: i[0].permute(*a.get("perm", reversed(range(i[0].dim())))),
}


def plain(attributes):
    """{"axis": {"int": 1}} as {"axis": 1}."""
    return {name: next(iter(value.values())) for name, value in attributes.items()}


def rounded(tensor):
    """Nine significant digits, which tell any two f32 apart."""
    return [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]


def describe(case):
    inputs = []
    for given in case["inputs"]:
        tensor = torch.tensor(given["values"], dtype=torch.float64).reshape(given["shape"])
        inputs.append(tensor if given["constant"] else tensor.requires_grad_())
    output = OPERATORS[case["operator"]](inputs, plain(case["attributes"]))
    (output.flatten() * torch.tensor(case["probe"], dtype=torch.float64)).sum().backward()
    gradients = {f"x{i}": rounded(x.grad) for i, x in enumerate(inputs) if x.grad is not None}
    return {"output": rounded(output), "gradients": gradients}


if __name__ == "__main__":
    printed = subprocess.run(["npx", "tsx", "test/golden/operator-cases.ts"], cwd=ROOT, capture_output=True, check=True)
    cases = json.loads(printed.stdout)
    golden = {"torch": torch.__version__, "cases": {f"{it['operator']}: {it['name']}": describe(it) for it in cases}}
    target = ROOT / "test" / "fixtures" / "operators.json"
    target.write_text(json.dumps(golden))
    print(target, len(cases), "cases")
