"""Steps of the VGG in PyTorch, one per line of standard input: `train WIDTH` or `evaluate WIDTH`. Prints milliseconds.

For bench/train.ts, which takes turns with it.
"""

import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

threads, train_batch, evaluate_batch = map(int, sys.argv[1:4])
torch.set_num_threads(threads)


def vgg16(width):
    layers, channels = [], 1
    for block in [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512]]:
        for size in block:
            out = int(size * width)
            layers += [nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
            channels = out
        layers.append(nn.MaxPool2d(2))
    hidden = int(4096 * width)
    layers += [nn.Flatten(), nn.Linear(4 * channels, hidden), nn.ReLU(), nn.Dropout(0.25)]
    layers += [nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(0.25), nn.Linear(hidden, 10)]
    return nn.Sequential(*layers)


ready = {}
for line in sys.stdin:
    task, width = line.split()
    if line not in ready:
        model = vgg16(float(width)).train(task == "train")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
        batch = train_batch if task == "train" else evaluate_batch
        ready[line] = (model, optimizer, torch.randn(batch, 1, 32, 32), torch.randint(0, 10, (batch,)))
    model, optimizer, images, labels = ready[line]
    start = time.perf_counter()
    if task == "train":
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
    else:
        with torch.no_grad():
            model(images)
    print((time.perf_counter() - start) * 1e3, flush=True)
