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

# Quantiles: exact binomial ranks (scipy), and ranks under clustering by loops.
from scipy import stats  # noqa: E402

import scipy  # noqa: E402

print("scipy", scipy.__version__)
for p in (0.25, 0.5, 0.9):
    low = stats.quantile_test(y, q=0, p=p, alternative="two-sided").confidence_interval(0.95)
    print("exact quantile", p, repr(float(np.sort(y)[math.ceil(len(y) * p) - 1])),
          repr(float(low.low)), repr(float(low.high)))
ys = np.sort(y)
for p in (0.5, 0.75):
    q = ys[math.ceil(93 * p) - 1]
    share = np.mean(y <= q)
    r = [np.sum(y[g == k] <= q) - share * np.sum(g == k) for k in range(14)]
    se = math.sqrt(14 / 13 * sum(v * v for v in r)) / 93
    c = stats.t.ppf(0.975, 13)
    low, high = math.floor(93 * p - c * se * 93), math.ceil(93 * p + c * se * 93) + 1
    print("clustered quantile", p, repr(float(q)), low, high, repr(float(ys[low - 1])),
          repr(float(ys[high - 1])), "deff", repr(float(se**2 / (p * (1 - p) / 93))))

# Ranks, sparse counts, one sample: scipy and, for the score intervals, a likelihood maximised by
# numerical search.
from scipy import optimize  # noqa: E402


def show(name, *values):
    print(name, *(repr(float(v)) for v in values))


control, treatment = y[t == 0], y[t == 1]
coarse_c, coarse_t = np.round(control), np.round(treatment)
for name, c, r in (("continuous", control, treatment), ("ties", coarse_c, coarse_t)):
    b = stats.brunnermunzel(r, c)
    show(f"brunner-munzel {name} statistic p", -b.statistic, b.pvalue)
    m = stats.mannwhitneyu(r, c, use_continuity=False, method="asymptotic")
    show(f"mann-whitney {name} u p", m.statistic, m.pvalue)
m = stats.mannwhitneyu(treatment[:12], control[:15], method="exact")
show("mann-whitney exact u p", m.statistic, m.pvalue)

r = stats.fisher_exact([[9, 21], [2, 28]])
show("fisher 9/30 2/30 odds p", r.statistic, r.pvalue)
show("fisher greater", stats.fisher_exact([[9, 21], [2, 28]], alternative="greater").pvalue)
h = stats.hypergeom(60, 11, 30)
show("fisher mid", 2 * (h.sf(8) - 0.5 * h.pmf(9)))
for alternative in ("greater", "less"):
    # scipy's table: columns are the arms.
    r = stats.boschloo_exact([[9, 2], [21, 28]], alternative=alternative, n=256)
    show(f"boschloo {alternative}", r.pvalue)
show("binomial 15/200 against 0.05", stats.binomtest(15, 200, 0.05, alternative="greater").pvalue,
     stats.binomtest(15, 200, 0.05, alternative="less").pvalue)
ci = stats.binomtest(15, 200, 0.05).proportion_ci(method="wilson")
show("wilson 15/200", ci.low, ci.high, stats.norm.sf(0.025 / math.sqrt(0.05 * 0.95 / 200)))
o = stats.ttest_1samp(control, 11.0)
show("one sample t p low high", o.statistic, o.pvalue, *o.confidence_interval(0.95))
o = stats.ttest_ind(np.log(treatment), np.log(control), equal_var=False)
ci = o.confidence_interval(0.95)
show("geometric ratio p lift low high", o.pvalue,
     math.exp(np.log(treatment).mean() - np.log(control).mean()) - 1, math.expm1(ci.low),
     math.expm1(ci.high))


def mn_limits(x2, n2, x1, n1, ratio):
    """Score limits with N / (N - 1); constrained estimates by bounded search."""
    def z(v):
        def other(p):
            return p * v if ratio else p + v

        def loss(p):
            q = other(p)
            return -sum(stats.binom.logpmf(x, n, w) for x, n, w in ((x1, n1, p), (x2, n2, q)))
        low = 1e-12 if ratio else max(0, -v) + 1e-12
        high = min(1, 1 / v if ratio else 1 - v) - 1e-12
        p = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded",
                                     options={"xatol": 1e-12}).x
        q = other(p)
        w = v if ratio else 1
        n = n1 + n2
        var = (q * (1 - q) / n2 + w * w * p * (1 - p) / n1) * n / (n - 1)
        gap = x2 / n2 - w * x1 / n1 - (0 if ratio else v)
        return gap / math.sqrt(var)
    e = x2 / n2 / (x1 / n1) if ratio else x2 / n2 - x1 / n1
    c = stats.norm.ppf(0.975)
    ends = (0.01, 100) if ratio else (-0.999, 0.999)
    return (optimize.brentq(lambda v: z(v) - c, ends[0], e),
            optimize.brentq(lambda v: z(v) + c, e, ends[1]))


show("miettinen-nurminen difference 56/70 48/80", *mn_limits(56, 70, 48, 80, False))
show("miettinen-nurminen ratio 56/70 48/80", *mn_limits(56, 70, 48, 80, True))
