"""Optimal sums of linear assignments by SciPy, for src/align/assignment.test.ts.

Run with a Python that has numpy and scipy: python3 test/golden/assignment.py > test/fixtures/assignment.json
Scores are whole numbers over 1024, exact in f32; `spread` says how many different ones there are, few make ties.
"""
import json

import numpy
import scipy
from scipy.optimize import linear_sum_assignment


def scores(rows, columns, spread):
    i = numpy.arange(rows * columns, dtype=numpy.uint64)
    mixed = (i * 2654435761 + 12345) % 4294967296
    mixed = (mixed ^ (mixed >> 15)) * 2246822519 % 4294967296
    mixed = mixed ^ (mixed >> 13)
    return ((mixed % spread).astype(numpy.float64) - spread // 2).reshape(rows, columns) / 1024


cases = []
for rows, columns, spread in [(1, 1, 9), (2, 3, 9), (17, 17, 5), (64, 64, 100000), (100, 160, 100000), (300, 300, 3), (300, 300, 100000)]:
    given = scores(rows, columns, spread)
    chosen = linear_sum_assignment(given, maximize=True)
    cases.append({"rows": rows, "columns": columns, "spread": spread, "sum": float(given[chosen].sum())})
print(json.dumps({"scipy": scipy.__version__, "cases": cases}, indent=1))
