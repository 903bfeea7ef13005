"""Writes the checkpoints of test/fixtures/checkpoints and what they hold, as PyTorch, NumPy, safetensors and onnx do.

Made with torch 2.13, numpy 2.4, safetensors 0.8, onnx 1.23. Run: python test/golden/make-checkpoints.py
"""
import argparse
import collections
import datetime
import json
import pathlib
import pickle
import zipfile

import numpy
import onnx
import onnx.numpy_helper
import safetensors.torch
import torch

torch.manual_seed(0)
folder = pathlib.Path(__file__).parent.parent / "fixtures" / "checkpoints"
folder.mkdir(parents=True, exist_ok=True)
expected = {}


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3)
        self.norm = torch.nn.BatchNorm2d(2)
        self.register_buffer("scale", torch.tensor(0.5))
        self.register_buffer("scratch", torch.zeros(2), persistent=False)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block()
        self.embedding = torch.nn.Linear(3, 4, bias=False)
        self.output = torch.nn.Linear(3, 4)
        self.output.weight = self.embedding.weight


DTYPES = {
    torch.float64: "f64", torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16",
    torch.float8_e4m3fn: "f8_e4m3", torch.float8_e5m2: "f8_e5m2", torch.int64: "i64", torch.int32: "i32",
    torch.int16: "i16", torch.int8: "i8", torch.uint64: "u64", torch.uint32: "u32", torch.uint16: "u16",
    torch.uint8: "u8", torch.bool: "bool", torch.complex64: "c64", torch.complex128: "c128",
}


def describe(state):
    result = []
    for key, value in state.items():
        if isinstance(value, numpy.ndarray):
            value = torch.from_numpy(numpy.ascontiguousarray(value).reshape(value.shape))
        value = value.detach().resolve_conj().contiguous()
        raw = bytes(value.flatten().view(torch.uint8).tolist()).hex() if value.numel() else ""
        result.append([str(key), DTYPES[value.dtype], list(value.shape), raw])
    return result


def expect(name, state, **facts):
    expected[name] = {"tensors": describe(state), **facts}


net = Net()
net.block.norm.running_mean += 0.25
state = net.state_dict()
optimizer = torch.optim.Adam(net.parameters())
net.output(torch.ones(1, 3)).sum().backward()
optimizer.step()
state = collections.OrderedDict(net.state_dict())
state._metadata = net.state_dict()._metadata
versions = {path: facts["version"] for path, facts in state._metadata.items() if "version" in facts}

torch.save(state, folder / "plain.pth")
expect("plain.pth", state, versions=versions, tied=[["embedding.weight", "output.weight"]])
torch.save(state, folder / "protocol-5.pth", pickle_protocol=5)
expect("protocol-5.pth", state, versions=versions)
torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
expect("legacy.pth", state, versions=versions, tied=[["embedding.weight", "output.weight"]])
torch.save(net, folder / "whole-module.pth")
expect("whole-module.pth", state, kinds=True)
torch.save(net, folder / "whole-module-legacy.pth", _use_new_zipfile_serialization=False)
expect("whole-module-legacy.pth", state, kinds=True)

training = {
    "epoch": 3, "args": argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath("runs/1")), "model": state,
    "optimizer": optimizer.state_dict(), "rng_state": torch.get_rng_state()[:8].clone(), "best": torch.tensor(0.5),
    "when": datetime.datetime(2024, 1, 2, 3, 4), "history": collections.defaultdict(list, {"loss": [1.5, 0.5]}),
    "numpy": numpy.arange(3.0), "scalar": numpy.float32(2), "tags": {"a", "b"}, "counts": collections.Counter("aab"),
    "size": torch.Size([1, 2]), "dtype": torch.float32, "device": torch.device("cpu"), "big": 2**80, "none": None,
}
torch.save(training, folder / "training.pth")
expect("training.pth", state, versions=versions)
torch.save({"trainer": {"network": net}, "optimizer": optimizer}, folder / "nested-module.pth")
expect("nested-module.pth", state)
other = {key: value + 1 for key, value in state.items()}
torch.save({"model": state, "ema": {"shadow.net": other}}, folder / "two-models.pth")
expect("two-models.pth", other, entry="ema.shadow.net")

base = torch.arange(24.0)
odd = {
    "transposed": base.view(4, 6).t(), "slice": base.view(4, 6)[1:3, 2:5], "offset": base[5:9], "scalar": base[3],
    "expanded": base[:2].expand(3, 2), "empty": torch.zeros(0, 5), "flipped.strides": base.view(2, 3, 4).permute(2, 0, 1),
    "parameter": torch.nn.Parameter(base[:2].clone()), "step": base[::3],
}
odd.update({name: torch.tensor([1, 0, 1]).to(dtype) for dtype, name in DTYPES.items()})
torch.save(odd, folder / "odd.pth")
expect("odd.pth", odd)
legacy_odd = {key: value for key, value in odd.items() if not key.startswith("f8") and not key.startswith("u")}
torch.save(legacy_odd, folder / "odd-legacy.pth", _use_new_zipfile_serialization=False)
expect("odd-legacy.pth", legacy_odd)
torch.save([base[:2], base[2:5]], folder / "list.pth")
expect("list.pth", {0: base[:2], 1: base[2:5]})
torch.save({0: base[:2], 1: base[2:5]}, folder / "numbers.pth")
expect("numbers.pth", {0: base[:2], 1: base[2:5]})
torch.save(base, folder / "tensor.pth")
expect("tensor.pth", {"tensor": base})

with zipfile.ZipFile(folder / "plain.pth") as plain:
    with zipfile.ZipFile(folder / "compressed.pth", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in plain.namelist():
            packed.writestr(zipfile.ZipInfo(name), plain.read(name), zipfile.ZIP_DEFLATED)
expect("compressed.pth", state)

with torch.no_grad():
    scripted = torch.jit.trace(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)), torch.ones(1, 2))
torch.jit.save(scripted, folder / "script.pt")
expect("script.pt", scripted.state_dict())

safetensors.torch.save_file({key: value.clone() for key, value in state.items()}, folder / "plain.safetensors")
expect("plain.safetensors", state)

arrays = {
    "layer/w.0": numpy.arange(6, dtype="<f4").reshape(2, 3), "fortran": numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)),
    "scalar": numpy.array(7), "empty": numpy.zeros((0, 3), "f2"), "bool": numpy.array([True, False]),
    "complex": numpy.array([1 + 2j]), "bytes": numpy.arange(3, dtype="u1"), "complex64": numpy.array([1j], "c8"),
}
numpy.savez(folder / "arrays.npz", **arrays)
expect("arrays.npz", arrays)
numpy.savez_compressed(folder / "arrays-compressed.npz", **arrays, text=numpy.array(["a", "b"]))
expect("arrays-compressed.npz", arrays)

helper = onnx.helper
tensors = {
    "raw": torch.arange(6.0).view(2, 3), "typed": torch.tensor([0.5, -1.5]), "integers": torch.tensor([1, -2, 2**40]),
    "small": torch.tensor([-1, 300], dtype=torch.int16), "half": torch.tensor([1.5, -2.0], dtype=torch.float16),
    "flags": torch.tensor([True, False]), "scalar": torch.tensor(4.0, dtype=torch.float64), "outside": torch.arange(4.0),
}
initializers = [
    onnx.numpy_helper.from_array(tensors["raw"].numpy(), "raw"),
    helper.make_tensor("typed", onnx.TensorProto.FLOAT, [2], [0.5, -1.5]),
    helper.make_tensor("integers", onnx.TensorProto.INT64, [3], [1, -2, 2**40]),
    helper.make_tensor("small", onnx.TensorProto.INT16, [2], [-1, 300]),
    helper.make_tensor("half", onnx.TensorProto.FLOAT16, [2], [1.5, -2.0]),
    helper.make_tensor("flags", onnx.TensorProto.BOOL, [2], [True, False]),
    helper.make_tensor("scalar", onnx.TensorProto.DOUBLE, [], [4.0]),
    onnx.numpy_helper.from_array(tensors["outside"].numpy(), "outside"),
]
onnx.external_data_helper.set_external_data(initializers[-1], "model.onnx.data", offset=0, length=16)
(folder / "model.onnx.data").write_bytes(initializers[-1].raw_data)
initializers[-1].ClearField("raw_data")
graph = helper.make_graph(
    [helper.make_node("Identity", ["x"], ["y"])], "g",
    [helper.make_tensor_value_info("x", 1, [1])], [helper.make_tensor_value_info("y", 1, [1])], initializers,
)
(folder / "model.onnx").write_bytes(helper.make_model(graph).SerializeToString())
expect("model.onnx", tensors)

(folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
