"""Golden numbers of the wild cluster bootstrap in src/assay/stats: an implementation of its own, by
rows and matrices, over every sign pattern.

Needs numpy 2.x; run: python3 tests/golden/clusters.py
"""
import itertools
import math

import numpy as np

print("numpy", np.__version__)

state = 20261122


def u():
    global state
    state = (16807 * state) % 2147483647
    return state / 2147483647


SIZES = [3, 9, 4, 12, 5, 2, 7, 15, 6, 3, 8, 4, 10, 5]
TREATED = [0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0]
rows = []
for k, (size, treated) in enumerate(zip(SIZES, TREATED)):
    shift = 2 * (u() - 0.5)
    for _ in range(size):
        a = u() + 0.5 * shift
        b, e, f, v = u(), u(), u(), u()
        y = 10 + shift + 1.5 * a + 0.4 * treated * (1 + a) + 3 * (e - 0.5)
        rows.append((k, treated, a, b, y))
g, t, x1, x2, y = (np.array(column) for column in zip(*rows))


def t_statistic(X, M, y, groups, c, null):
    b = M @ X.T @ y
    e = y - X @ b
    meat = sum(np.outer(X[m].T @ e[m], X[m].T @ e[m]) for m in groups)
    G = len(groups)
    se = math.sqrt(G / (G - 1) * c @ M @ meat @ M @ c)
    return (c @ b - null) / se


def wild_p(X, y, g, c, null, patterns, weights=None):
    """Share of |t*| >= |t| with residuals restricted to c'b = null."""
    M = np.linalg.inv(X.T @ X)
    groups = [g == k for k in np.unique(g)]
    t0 = abs(t_statistic(X, M, y, groups, c, null))
    b = M @ X.T @ y
    b = b - M @ c * ((c @ b - null) / (c @ M @ c))
    fitted, e = X @ b, y - X @ b
    hits = total = 0.0
    for pattern in patterns:
        sign = np.empty(len(y))
        for k, m in enumerate(groups):
            sign[m] = pattern[k]
        star = abs(t_statistic(X, M, fitted + sign * e, groups, c, null))
        hits += star >= t0 * (1 - 1e-10)
        total += 1
    return hits / total


def signs(n):  # Half of them: a pattern and its negative give the same |t|.
    return [(1,) + rest for rest in itertools.product((1, -1), repeat=n - 1)]


one = np.ones(len(y))
X = np.column_stack([one, t])
print("means, all signs: p at 0", wild_p(X, y, g, np.array([0.0, 1.0]), 0.0, signs(14)))
for null in (0.4, -0.2, 1.5):
    print("means, all signs: p at", null,
          wild_p(X, y, g, np.array([0.0, 1.0]), null, signs(14)))
A = np.column_stack([one, t, x1, x2])
print("ancova, all signs: p at 0",
      wild_p(A, y, g, np.array([0.0, 1.0, 0.0, 0.0]), 0.0, signs(14)))
# A lift of 20 %: treatment = 1.2 control.
B = np.column_stack([1 - t, t])
print("lift, all signs: p at 0.2", wild_p(B, y, g, np.array([-1.2, 1.0]), 0.0, signs(14)))
# Webb's six points over all 6^5 patterns of the first five clusters.
five = g < 5
points = [s * w for s in (1, -1) for w in (math.sqrt(1.5), 1.0, math.sqrt(0.5))]
print("webb, five clusters: p at 0",
      wild_p(X[five], y[five], g[five], np.array([0.0, 1.0]), 0.0,
             itertools.product(points, repeat=5)))
