"""Small ONNX models as PyTorch exports them, with what they compute.

Writes test/fixtures/small.onnx (a ReduceMean with axes as an attribute, batch normalisation kept apart, a dynamic
batch) and test/fixtures/small-onnx.json (an input and its logits).

Run with PyTorch 2.13 and onnx: python test/golden/onnx_models.py
"""

import json
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn(self.conv(x))), 2)
        return self.fc(x.mean((2, 3)))


folder = pathlib.Path(__file__).parent.parent / "fixtures"
model = Small()
with torch.no_grad():
    model.bn.running_mean.uniform_(-0.5, 0.5)
    model.bn.running_var.uniform_(0.5, 1.5)
model.eval()
x = torch.arange(2 * 8 * 8, dtype=torch.float32).reshape(2, 1, 8, 8) / 64 - 1
torch.onnx.export(
    model,
    (x,),
    folder / "small.onnx",
    input_names=["image"],
    output_names=["logits"],
    dynamic_axes={"image": {0: "batch"}},
    opset_version=17,
    training=torch.onnx.TrainingMode.PRESERVE,
    do_constant_folding=False,
    dynamo=False,
)
logits = model(x).detach().double().tolist()
keys = list(model.state_dict().keys())
(folder / "small-onnx.json").write_text(json.dumps({"torch": torch.__version__, "keys": keys, "logits": logits}))
