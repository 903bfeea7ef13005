"""Golden values of the merge methods that take tensors as matrices or weigh them by statistics.

    python test/golden/matrix-methods.py > test/fixtures/matrix-methods.json

Made with NumPy 2.4 and PyTorch 2.13, in f64: singular values by numpy.linalg.svd, solutions by numpy.linalg.solve,
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


inputs = [draw(40, COLS) @ np.diag(0.2 + random.random(COLS)) for _ in range(TASKS)]
grams = [np.round(x.T @ x / len(x), 4) for x in inputs]
grams = [np.round((g + g.T) / 2, 4) for g in grams]
fishers = [np.round(random.random((ROWS, COLS)) ** 2, 4) for _ in range(TASKS)]


def regmean(alpha):
    scaled = [alpha * g + (1 - alpha) * np.diag(np.diag(g)) for g in grams]
    return np.linalg.solve(sum(scaled), sum(g @ m.T for g, m in zip(scaled, models))).T


def fisher(weights):
    over = sum(w * f * m for w, f, m in zip(weights, fishers, models))
    return over / sum(w * f for w, f in zip(weights, fishers))


def flat(matrix):
    return [round(float(x), 10) for x in np.asarray(matrix).ravel()]


json.dump(
    {
        "versions": {"numpy": np.__version__, "torch": torch.__version__},
        "rows": ROWS,
        "cols": COLS,
        "base": flat(base),
        "models": [flat(model) for model in models],
        "grams": [flat(gram) for gram in grams],
        "fishers": [flat(one) for one in fishers],
        "cases": [
            {"method": "tsv", "params": {}, "expected": flat(tsv(ROWS // TASKS, 1))},
            {"method": "tsv", "params": {"rank": 2, "lambda": 0.5}, "expected": flat(tsv(2, 0.5))},
            {"method": "iso_c", "params": {}, "expected": flat(iso_c(1))},
            {"method": "iso_c", "params": {"lambda": 0.3}, "expected": flat(iso_c(0.3))},
            {"method": "wudi", "params": {"learning_rate": 0.003}, "expected": flat(wudi(300, 0.003))},
            {"method": "wudi", "params": {"steps": 20, "learning_rate": 0.01}, "expected": flat(wudi(20, 0.01))},
            {"method": "regmean", "params": {"alpha": 0.9}, "expected": flat(regmean(0.9))},
            {"method": "regmean", "params": {"alpha": 0}, "expected": flat(regmean(0))},
            {"method": "regmean", "params": {"alpha": 1}, "expected": flat(regmean(1))},
            {"method": "fisher", "params": {}, "expected": flat(fisher([1, 1, 1]))},
            {"method": "fisher", "params": {}, "weights": [0.5, 2, 1], "expected": flat(fisher([0.5, 2, 1]))},
        ],
    },
    sys.stdout,
)
print()
