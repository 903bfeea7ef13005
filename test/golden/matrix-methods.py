"""Golden values of the merge methods that take tensors as matrices.

    python test/golden/matrix-methods.py > test/fixtures/matrix-methods.json

Made with NumPy 2.4 and PyTorch 2.13, in f64: singular values by numpy.linalg.svd,
Adam by torch.optim.Adam on the loss as it is written in the paper.
"""

import json
import sys

import numpy as np
import torch

ROWS, COLS, TASKS = 9, 13, 3
random = np.random.default_rng(7)


def draw(*shape, scale=1.0):
    """Numbers of few digits: exact in the file."""
    return np.round(random.normal(size=shape) * scale, 3)


base = draw(ROWS, COLS)
# Task vectors that share a direction, so that tasks interfere.
shared = np.outer(draw(ROWS), draw(COLS))
models = [np.round(base + 0.3 * shared + draw(ROWS, COLS, scale=0.2), 3) for _ in range(TASKS)]
deltas = [model - base for model in models]


def procrustes(matrix):
    p, _, q = np.linalg.svd(matrix, full_matrices=False)
    return p @ q


def tsv(rank, factor):
    lefts, values, rights = [], [], []
    for delta in deltas:
        u, s, v = np.linalg.svd(delta, full_matrices=False)
        lefts.append(u[:, :rank])
        values.append(s[:rank])
        rights.append(v[:rank].T)
    left, right = procrustes(np.hstack(lefts)), procrustes(np.hstack(rights))
    return base + factor * left @ np.diag(np.concatenate(values)) @ right.T


def iso_c(factor):
    u, s, v = np.linalg.svd(sum(deltas), full_matrices=False)
    return base + factor * u @ np.diag(np.full_like(s, s.mean())) @ v


def wudi(steps, rate):
    vectors = torch.tensor(np.stack(deltas))
    merged = torch.nn.Parameter(vectors.sum(0))
    optimizer = torch.optim.Adam([merged], lr=rate)
    squares = vectors.square().sum((1, 2))
    for _ in range(steps):
        optimizer.zero_grad()
        inner = (merged[None] - vectors) @ vectors.transpose(1, 2)
        (inner.square().sum((1, 2)) / squares).sum().backward()
        optimizer.step()
    return base + merged.detach().numpy()


def flat(matrix):
    return [round(float(x), 10) for x in np.asarray(matrix).ravel()]


json.dump(
    {
        "versions": {"numpy": np.__version__, "torch": torch.__version__},
        "rows": ROWS,
        "cols": COLS,
        "base": flat(base),
        "models": [flat(model) for model in models],
        "cases": [
            {"method": "tsv", "params": {}, "expected": flat(tsv(ROWS // TASKS, 1))},
            {"method": "tsv", "params": {"rank": 2, "lambda": 0.5}, "expected": flat(tsv(2, 0.5))},
            {"method": "iso_c", "params": {}, "expected": flat(iso_c(1))},
            {"method": "iso_c", "params": {"lambda": 0.3}, "expected": flat(iso_c(0.3))},
            {"method": "wudi", "params": {"learning_rate": 0.003}, "expected": flat(wudi(300, 0.003))},
            {"method": "wudi", "params": {"steps": 20, "learning_rate": 0.01}, "expected": flat(wudi(20, 0.01))},
        ],
    },
    sys.stdout,
)
print()
