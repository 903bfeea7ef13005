"""Writes test/fixtures/prepare-images.json: images brought to an input format by PyTorch (2.13).

Run: python test/golden/prepare-images.py
"""

import base64
import json
import pathlib

import torch
import torch.nn.functional as F

generator = torch.Generator().manual_seed(1)


def text(tensor):
    return base64.b64encode(tensor.contiguous().numpy().tobytes()).decode()


def scaled(x):
    return (x / 255 - 0.5) / 0.5


def grey(x):
    return 0.299 * x[:, 0:1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:3]


EXACT = 0
# Sums of up to 36 products of values up to 255 in f32, taken in another order, divided by 127.5.
RESIZED = 2**-20


def case(name, shape, size, prepare, tolerance=EXACT):
    images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    return {"name": name, "shape": shape, "size": size, "tolerance": tolerance, "images": text(images), "prepared": text(prepare(images.float()))}


cases = [
    case("grey padded from 7 to 8", [2, 1, 7, 7], 8, lambda x: scaled(F.pad(x, (0, 1, 0, 1)))),
    case("grey padded from 28 to 32", [1, 1, 28, 28], 32, lambda x: scaled(F.pad(x, (2, 2, 2, 2)))),
    case("colour to grey", [2, 3, 8, 8], 8, lambda x: scaled(grey(x))),
    case(
        "grey enlarged from 8 to 16",
        [2, 1, 8, 8],
        16,
        lambda x: scaled(F.interpolate(x, size=(16, 16), mode="bilinear", align_corners=False)),
        RESIZED,
    ),
    case(
        "colour shrunk from 20 to 8, in grey",
        [1, 3, 20, 20],
        8,
        lambda x: scaled(F.interpolate(grey(x), size=(8, 8), mode="bilinear", align_corners=False, antialias=True)),
        RESIZED,
    ),
]
path = pathlib.Path(__file__).parent.parent / "fixtures" / "prepare-images.json"
path.write_text(json.dumps({"torch": torch.__version__.split("+")[0], "cases": cases}, indent=1) + "\n")
