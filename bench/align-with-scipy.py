"""Weight matching by NumPy and SciPy, for bench/align.ts: coordinate descent from input to output, then around again.

Reads one JSON object a line: {"task": "assign", "scores": path.npz} or {"task": "match", "a": path.npz, "b": path.npz,
"groups": {...}, "axes": {...}, "sweeps": n}; writes one: {"seconds": s, "value": v, "sweeps": n}.
"""
import json
import sys
import time

import numpy
from scipy.optimize import linear_sum_assignment


def atoms_of(axes):
    """Sizes or names along a tensor, products taken apart."""
    return [part for axis in axes for part in (axis["product"] if isinstance(axis, dict) else [axis])]


def permuted(tensor, atoms, orders, left_out=None):
    for place, atom in enumerate(atoms):
        if isinstance(atom, str) and atom != left_out and atom in orders:
            tensor = numpy.take(tensor, orders[atom], axis=place)
    return tensor


def match(a, b, groups, axes, sweeps):
    atoms = {key: atoms_of(described) for key, described in axes.items() if key in a}
    shaped = {
        key: [groups[atom] if isinstance(atom, str) else atom for atom in parts] for key, parts in atoms.items()
    }
    a = {key: a[key].reshape(shape) for key, shape in shaped.items()}
    b = {key: b[key].reshape(shape) for key, shape in shaped.items()}
    orders = {group: numpy.arange(size) for group, size in groups.items()}
    known = set()
    done = 0
    for sweep in range(sweeps):
        moved = False
        done = sweep + 1
        for group, size in groups.items():
            scores = numpy.zeros((size, size), dtype=numpy.float32)
            for key, parts in atoms.items():
                if group not in parts:
                    continue
                others = [part for part in parts if isinstance(part, str) and part != group]
                if sweep == 0 and any(other not in known for other in others):
                    continue
                axis = parts.index(group)
                left = numpy.moveaxis(a[key], axis, 0).reshape(size, -1)
                right = numpy.moveaxis(permuted(b[key], parts, orders, group), axis, 0).reshape(size, -1)
                scores += left @ right.T
            known.add(group)
            order = linear_sum_assignment(scores, maximize=True)[1]
            before = scores[numpy.arange(size), orders[group]].sum()
            after = scores[numpy.arange(size), order]
            if sweep > 0 and after.sum() - before <= 1e-6 * numpy.abs(after).sum():
                continue
            moved = moved or sweep == 0 or not numpy.array_equal(order, orders[group])
            orders[group] = order
        if not moved:
            break
    value = sum(float((a[key] * permuted(b[key], parts, orders)).sum()) for key, parts in atoms.items())
    return value, done


for line in sys.stdin:
    job = json.loads(line)
    if job["task"] == "assign":
        scores = numpy.load(job["scores"])["scores"]
        started = time.perf_counter()
        rows, columns = linear_sum_assignment(scores, maximize=True)
        result = {"seconds": time.perf_counter() - started, "value": float(scores[rows, columns].sum()), "sweeps": 1}
    else:
        first, second = ({key: value for key, value in numpy.load(job[side]).items()} for side in ("a", "b"))
        started = time.perf_counter()
        value, sweeps = match(first, second, job["groups"], job["axes"], job["sweeps"])
        result = {"seconds": time.perf_counter() - started, "value": value, "sweeps": sweeps}
    print(json.dumps(result), flush=True)
