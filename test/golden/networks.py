"""Golden values of networks and of training them, from PyTorch.

Writes test/fixtures/networks.json: for each network its keys and shapes in order, logits in evaluation mode, its
gradients, and losses and state after some training steps under several optimizers; of each tensor the largest number
and a sample. Every number fed in follows a formula that the tests repeat, so that only results are stored.

The values are PyTorch's in f64. A ReLU or a max pool turns the last bit of an f32 into another gradient where its
inputs are almost equal, which tells nothing about who computes it. So inputs are drawn anew until PyTorch in f32 takes
every such decision as it does in f64, each by MARGIN times the error that its numbers have there; and its gradients
then have to agree with those in f64 to AGREEMENT, half of what the tests allow.

Run with PyTorch 2.13: python test/golden/networks.py
"""

import json
import math
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def uniform(stream, count):
    """Numbers in [-0.5, 0.5) without a pattern, exact in f64 on both sides: a hash of 32 bits (lowbias32)."""
    x = (torch.arange(count, dtype=torch.int64) + stream * 0x9E3779B1) & 0xFFFFFFFF
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = ((x ^ (x >> shift)) * factor) & 0xFFFFFFFF
    return (x ^ (x >> 16)).double() / 2**32 - 0.5


def fill(state):
    for index, (key, tensor) in enumerate(state.items()):
        if key.endswith("num_batches_tracked"):
            continue
        u = uniform(index, tensor.numel()).reshape(tensor.shape)
        if tensor.dim() >= 2 and not key.startswith("layer_norm"):
            value = u * math.sqrt(24 / (tensor.numel() / tensor.shape[0]))
        elif key.endswith("running_var"):
            value = 1 + 0.5 * u
        elif key.endswith("weight"):
            value = 1 + 0.2 * u
        else:
            value = 0.1 * u
        tensor.copy_(value.float())


class Mask(nn.Module):
    """Dropout with a given mask: every fourth element is dropped, the others are scaled by 4/3."""

    def forward(self, x):
        if not self.training:
            return x
        mask = torch.full((x.numel(),), 4 / 3, dtype=x.dtype)
        mask[1::4] = 0
        return x * mask.reshape(x.shape)


def vgg16(width, classes=10):
    model = nn.Module()
    layers_in = 1
    for block, sizes in enumerate([[64, 64], [128, 128], [256, 256, 256], [512, 512, 512]]):
        layers = []
        for size in sizes:
            out = int(size * width)
            layers += [nn.Conv2d(layers_in, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
            layers_in = out
        setattr(model, f"block_{block + 1}", nn.Sequential(*layers, nn.MaxPool2d(2)))
    hidden = int(4096 * width)
    model.classifier = nn.Sequential(
        nn.Linear(4 * layers_in, hidden), nn.ReLU(), Mask(), nn.Linear(hidden, hidden), nn.ReLU(), Mask(), nn.Linear(hidden, classes)
    )

    def forward(x):
        for block in range(1, 5):
            x = getattr(model, f"block_{block}")(x)
        return model.classifier(x.flatten(1))

    model.forward = forward
    return model, (1, 32, 32)


def mlp(*sizes):
    layers = []
    for i in range(len(sizes) - 1):
        layers += [nn.Linear(sizes[i], sizes[i + 1]), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    side = int(math.sqrt(sizes[0]))
    plain = model.forward
    model.forward = lambda x: plain(x.flatten(1))
    return model, (1, side, side)


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class Block(nn.Module):
    def __init__(self, cin, out, stride, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.shortcut_name = shortcut
        if stride != 1 or cin != out:
            setattr(self, shortcut, nn.Sequential(nn.Conv2d(cin, out, 1, stride, bias=False), nn.BatchNorm2d(out)))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + getattr(self, self.shortcut_name, nn.Identity())(x))


def resnet(first, sizes, blocks, shortcut, last, shape, classes):
    model = nn.Module()
    model.conv1 = nn.Conv2d(shape[0], sizes[0], *first, bias=False)
    model.bn1 = nn.BatchNorm2d(sizes[0])
    cin = sizes[0]
    for stage, size in enumerate(sizes):
        layers = []
        for block in range(blocks):
            layers.append(Block(cin, size, 2 if stage > 0 and block == 0 else 1, shortcut))
            cin = size
        setattr(model, f"layer{stage + 1}", nn.Sequential(*layers))
    setattr(model, last, nn.Linear(cin, classes))

    def forward(x):
        x = F.relu(model.bn1(model.conv1(x)))
        if first[0] == 7:
            x = F.max_pool2d(x, 3, 2, 1)
        for stage in range(len(sizes)):
            x = getattr(model, f"layer{stage + 1}")(x)
        return getattr(model, last)(x.mean((2, 3)))

    model.forward = forward
    return model, shape


class Mixed(nn.Module):
    """Every supported operator that the others lack."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 8, 3, stride=2, padding=1, dilation=1)
        self.group_norm = nn.GroupNorm(2, 8)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8)
        self.grouped = nn.Conv2d(8, 12, 3, padding=1, groups=2, bias=False)
        self.branch = nn.Conv2d(8, 4, 1)
        self.layer_norm = nn.LayerNorm([16, 4])
        self.mix = nn.Linear(4, 6)
        self.out = nn.Linear(16, 5)

    def forward(self, x):
        x = F.gelu(self.group_norm(self.conv1(x)))
        x = F.leaky_relu(self.depthwise(x), 0.1) * torch.sigmoid(x) - x / 3
        x = F.avg_pool2d(x, 2)
        x = torch.cat([torch.tanh(self.grouped(x)), F.gelu(self.branch(x), approximate="tanh")], 1)
        x = F.max_pool2d(x, 3, 1, 1)
        x = F.avg_pool2d(x, 2)
        x = self.layer_norm(x.reshape(x.shape[0], 16, 4))
        attention = torch.softmax(x @ x.transpose(1, 2), -1)
        x = self.mix(attention @ x)
        return self.out(x.mean(-1))


def mixed():
    return Mixed(), (2, 16, 16)


NETWORKS = {
    "vgg16:width=0.0625": lambda: vgg16(0.0625),
    "mlp:layers=64-32-16-10": lambda: mlp(64, 32, 16, 10),
    "lenet5": lambda: (LeNet(), (1, 32, 32)),
    "resnet20:width=0.25": lambda: resnet((3, 1, 1), [4, 8, 16], 3, "shortcut", "linear", (3, 32, 32), 10),
    "resnet18:width=0.0625,size=64,classes=10": lambda: resnet((7, 2, 3), [4, 8, 16, 32], 2, "downsample", "fc", (3, 64, 64), 10),
    "mixed": mixed,
}

OPTIMIZERS = {
    "sgd": (lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=5e-4), 0.0),
    "sgd plain": (lambda p: torch.optim.SGD(p, lr=0.02), 0.1),
    "adam": (lambda p: torch.optim.Adam(p, lr=1e-3, weight_decay=1e-2), 0.0),
    "adamw": (lambda p: torch.optim.AdamW(p, lr=1e-3, weight_decay=1e-2), 0.1),
}
BATCH = 8
SAMPLES = 8


AGREEMENT = 5e-6
MARGIN = 8
MAX_DRAWS = 400

# Inputs of every ReLU and gaps between the two largest numbers of every max pool's windows, in the order they are met.
decisions = []
relu, leaky_relu, max_pool2d = F.relu, F.leaky_relu, F.max_pool2d


def watched_relu(function):
    def watched(x, *args, **kwargs):
        decisions.append(x.detach().double().flatten())
        return function(x, *args, **kwargs)

    return watched


def watched_max_pool(x, kernel_size, stride=None, padding=0, *args, **kwargs):
    stride = stride or kernel_size
    padded = F.pad(x.detach().double(), (padding,) * 4, value=-math.inf)
    windows = padded.unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).flatten(4)
    largest = windows.topk(2, -1).values
    # Where all is 0 behind a ReLU, no gradient goes on whichever is taken.
    gap = torch.where(largest[..., 0] == 0, math.inf, largest[..., 0] - largest[..., 1])
    decisions.append(gap.flatten())
    return max_pool2d(x, kernel_size, stride, padding, *args, **kwargs)


F.relu, F.leaky_relu, F.max_pool2d = watched_relu(relu), watched_relu(leaky_relu), watched_max_pool


def margin(exact, single):
    """By how many times the error of f32 the closest decision is taken; 0 where one is taken otherwise."""
    worst = math.inf
    for x, y in zip(exact, single):
        if not torch.equal(x.sign(), y.sign()) or not torch.equal(x.isinf(), y.isinf()):
            return 0
        finite = x.isfinite()
        error = (x - y)[finite].square().mean().sqrt()
        worst = min(worst, (x[finite].abs().min() / error).item())
    return worst


def images(step, shape, draw):
    values = 2 * uniform(1000 + 10 * draw + step, BATCH * math.prod(shape))
    return values.float().reshape(BATCH, *shape)


def rounded(value):
    """Nine significant digits, which tell any two f32 apart."""
    return float(f"{value:.9g}")


def sample(tensor):
    flat = tensor.detach().flatten().double()
    count = min(SAMPLES, flat.numel())
    places = [flat.numel() * i // count for i in range(count)]
    return {"largest": rounded(flat.abs().max().item()), "values": [rounded(flat[p].item()) for p in places]}


def compute(create, dtype, draw, kinds, steps):
    decisions.clear()
    model, shape = create()
    fill(model.state_dict())
    model.to(dtype)

    def feed(step):
        return images(step, shape, draw).to(dtype)

    start = {key: value.clone() for key, value in model.state_dict().items()}
    model.eval()
    with torch.no_grad():
        logits = model(feed(0)[:2])
    model.train()
    result = {
        "input": list(shape),
        "draw": draw,
        "keys": [[key, list(value.shape)] for key, value in start.items()],
        "logits": [[rounded(value) for value in row] for row in logits.double().tolist()],
    }
    logits = model(feed(1))
    labels = torch.arange(BATCH) * 3 % logits.shape[1]
    F.cross_entropy(logits, labels).backward()
    result["gradients"] = {key: sample(p.grad) for key, p in model.named_parameters()}
    result["training"] = {}
    for kind in kinds:
        optimizer_of, smoothing = OPTIMIZERS[kind]
        model.load_state_dict(start)
        optimizer = optimizer_of(model.parameters())
        losses = []
        for step in range(steps):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(feed(1 + step)), labels, label_smoothing=smoothing)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        state = {key: sample(value) for key, value in model.state_dict().items()}
        result["training"][kind] = {"losses": [rounded(loss) for loss in losses], "state": state}
    return result


def distance(a, b):
    """Largest difference between gradients, relative to the largest number of each tensor.

    A bias before a batch normalisation has no gradient but rounding errors: relative to the largest of all.
    """
    overall = max(sample["largest"] for sample in b["gradients"].values())
    worst = 0
    for key, right in b["gradients"].items():
        scale = right["largest"] if right["largest"] > 1e-9 * overall else overall
        worst = max([worst] + [abs(x - y) / scale for x, y in zip(a["gradients"][key]["values"], right["values"])])
    return worst


def describe(name, create):
    # Each further step of a deep network brings as many decisions again. Adam would make steps of full length of the
    # rounding errors that are the gradients of biases before a batch normalisation.
    deep = name.startswith(("vgg", "resnet"))
    kinds = ["sgd"] if deep else list(OPTIMIZERS)
    steps = 1 if name.startswith("resnet") else 2 if deep else 3
    for draw in range(MAX_DRAWS):
        exact = compute(create, torch.float64, draw, kinds, steps)
        taken = list(decisions)
        single = compute(create, torch.float32, draw, kinds, steps)
        by = margin(taken, decisions)
        found = distance(single, exact)
        if by > MARGIN and found < AGREEMENT:
            print(f"{name}: draw {draw}, decisions by {by:.1f} times the error of f32, agreement {found:.1e}")
            return exact
    raise SystemExit(f"{name}: no draw agrees")


if __name__ == "__main__":
    target = pathlib.Path(__file__).parent.parent / "fixtures" / "networks.json"
    golden = {"torch": torch.__version__, "networks": {name: describe(name, create) for name, create in NETWORKS.items()}}
    target.write_text(json.dumps(golden))
    print(target, target.stat().st_size)
