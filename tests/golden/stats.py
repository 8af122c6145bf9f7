"""Golden numbers of src/assay/stats/*_test.cpp.

Needs scipy 1.17.1, statsmodels 0.15.0; run: python3 tests/golden/stats.py
"""
import warnings

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import optimize, stats
from statsmodels.stats import multitest, power, proportion
from statsmodels.stats.multivariate import test_mvmean_2indep

warnings.filterwarnings("ignore")
print("scipy", scipy.__version__, "statsmodels", statsmodels.__version__)


def show(name, *values):
    print(name, *(repr(float(v)) for v in values))


# Welch: the two samples of the example in Welch's test article (n = 10 each).
a = np.array([27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6])
b = np.array([27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2])
r = stats.ttest_ind(b, a, equal_var=False)
ci = r.confidence_interval(0.95)
show("welch diff df t p low high", b.mean() - a.mean(), r.df, r.statistic, r.pvalue, ci.low,
     ci.high)

# Two proportions, treatment first in statsmodels' order. Limits by maximising the constrained
# likelihood numerically and inverting with brentq. statsmodels' own score test of a difference is
# not used: its constrained estimate is off in the third digit (Newcombe 1998 prints 0.0533 to
# 0.3377 for 56/70 against 48/80, it gives 0.0531 to 0.3436).
def score_limits(x2, n2, x1, n1):
    def statistic(p1, p2, weight, gap):
        return gap / np.sqrt(p2 * (1 - p2) / n2 + weight ** 2 * p1 * (1 - p1) / n1)

    def slope(p, d):
        return x1 / p - (n1 - x1) / (1 - p) + x2 / (p + d) - (n2 - x2) / (1 - p - d)

    def at_difference(d):
        low, high = max(0, -d) + 1e-15, min(1, 1 - d) - 1e-15
        p = optimize.brentq(slope, low, high, args=(d,), xtol=1e-16, rtol=1e-14)
        return statistic(p, p + d, 1.0, x2 / n2 - x1 / n1 - d)

    def ratio_slope(p, r):
        return (x1 + x2) / p - (n1 - x1) / (1 - p) - (n2 - x2) * r / (1 - r * p)

    def at_ratio(r):
        p = optimize.brentq(ratio_slope, 1e-15, min(1, 1 / r) - 1e-15, args=(r,), xtol=1e-16,
                            rtol=1e-14)
        return statistic(p, r * p, r, x2 / n2 - r * x1 / n1)

    z = stats.norm.isf(0.025)
    d, r = x2 / n2 - x1 / n1, x2 * n1 / n2 / x1
    solve = lambda f, a, b: optimize.brentq(f, a, b, xtol=1e-15, rtol=1e-14)
    return (at_difference(-0.01), stats.norm.sf(at_difference(-0.01)),
            solve(lambda v: at_difference(v) - z, -0.9, d),
            solve(lambda v: at_difference(v) + z, d, 0.9),
            solve(lambda v: at_ratio(v) - z, r / 10, r),
            solve(lambda v: at_ratio(v) + z, r, r * 10))


for x2, n2, x1, n1 in ((56, 70, 48, 80), (260, 4000, 200, 4100), (31, 9000, 22, 1000)):
    z, p = proportion.proportions_ztest([x2, x1], [n2, n1])
    mz, mp, low, high, rlow, rhigh = score_limits(x2, n2, x1, n1)
    show(f"two_proportion {x2}/{n2} {x1}/{n1} z p dlow dhigh rlow rhigh", z, p, low, high, rlow,
         rhigh)
    q = proportion.test_proportions_2indep(x2, n2, x1, n1, value=0.9, method="score",
                                           compare="ratio", alternative="larger", correction=False)
    show("  margin -0.01 z p; ratio 0.9 z p", mz, mp, q.statistic, q.pvalue)

# Exact unconditional, ordered by the pooled score statistic, one-sided each way.
for x2, n2, x1, n1 in ((7, 12, 1, 9), (4, 15, 0, 17), (3, 40, 1, 45)):
    table = [[x2, x1], [n2 - x2, n1 - x1]]
    g = stats.barnard_exact(table, alternative="greater", n=256)
    l = stats.barnard_exact(table, alternative="less", n=256)
    show(f"barnard {x2}/{n2} {x1}/{n1} stat greater less", g.statistic, g.pvalue, l.pvalue)

# Multiple comparisons.
p = [0.01, 0.04, 0.03, 0.005, 0.2, 0.03]
for method in ("bonferroni", "holm", "simes-hochberg", "fdr_bh", "fdr_by"):
    show(method, *multitest.multipletests(p, method=method)[1])

# Intervals of one proportion.
for x, n in ((81, 263), (0, 20), (1, 29), (29, 29)):
    show(f"wilson {x}/{n}", *proportion.proportion_confint(x, n, method="wilson"))
    show(f"clopper {x}/{n}", *proportion.proportion_confint(x, n, method="beta"))

# Sample ratio.
show("srm 5000 5200", stats.chisquare([5000, 5200]).pvalue)
show("srm 100000 101000 99000 by 2:2:2", stats.chisquare([100000, 101000, 99000]).pvalue)
show("srm exact 6 of 7 at .5", stats.binomtest(6, 7, 0.5).pvalue)
show("srm exact 9 of 400 at .01", stats.binomtest(9, 400, 0.01).pvalue)

# Rows for adjustment, balance and ratio: control c, treatment t; columns y, d, x1, x2.
c = np.array([[3.1, 2, 1.0, 0.2], [4.0, 3, 2.1, 0.1], [2.2, 1, 0.4, 0.9], [6.3, 4, 3.2, 0.3],
              [5.0, 2, 2.6, 0.8], [1.9, 2, 0.3, 0.4], [7.2, 5, 3.9, 0.6], [3.3, 2, 1.5, 0.5],
              [4.4, 3, 1.8, 0.7], [2.8, 2, 1.2, 0.2]])
t = np.array([[4.2, 3, 1.1, 0.3], [5.9, 3, 2.4, 0.6], [2.9, 1, 0.2, 0.4], [8.8, 4, 3.6, 0.1],
              [6.1, 3, 2.2, 0.9], [3.5, 2, 0.9, 0.5], [9.9, 5, 4.1, 0.2], [5.2, 2, 1.9, 0.8],
              [4.9, 3, 1.4, 0.3], [7.4, 4, 3.0, 0.7], [6.6, 3, 2.7, 0.4], [3.8, 2, 0.8, 0.6]])


def lin(yc, yt, xc, xt, scale_c=1.0, scale_t=1.0):
    """Per-arm OLS at the pooled mean; bse of the intercept is the arm's residual part."""
    n, m = len(yc), len(yt)
    pooled = np.vstack([xc, xt]).mean(axis=0)
    fc = sm.OLS(yc, sm.add_constant(xc - pooled)).fit()
    ft = sm.OLS(yt, sm.add_constant(xt - pooled)).fit()
    sigma = (np.cov(xc.T, ddof=0) * n + np.cov(xt.T, ddof=0) * m) / (n + m - 2)
    th_c, th_t = fc.params[1:] / scale_c, ft.params[1:] / scale_t
    gap = np.atleast_1d(th_t - th_c)
    rc, rt = (fc.bse[0] / scale_c) ** 2, (ft.bse[0] / scale_t) ** 2
    variance = rc + rt + gap @ np.atleast_2d(sigma) @ gap / (n + m)
    dof = (rc + rt) ** 2 / (rc ** 2 / fc.df_resid + rt ** 2 / ft.df_resid)
    return fc, ft, variance ** 0.5, dof


xc, xt = c[:, 2:], t[:, 2:]
big_c, big_t = np.vstack([c] * 7), np.vstack([t] * 7)  # 70 and 84 units: own slopes.
fc, ft, se, dof = lin(big_c[:, 0], big_t[:, 0], big_c[:, 2:], big_t[:, 2:])
show("lin mean control treatment se dof", fc.params[0], ft.params[0], se, dof)
show("  theta", *fc.params[1:], *ft.params[1:])
yall = np.r_[big_c[:, 0], big_t[:, 0]]
z = np.r_[np.zeros(70), np.ones(84)]
xall = np.vstack([big_c[:, 2:], big_t[:, 2:]])
xall = xall - xall.mean(axis=0)
full = sm.OLS(yall, np.column_stack([np.ones(154), z, xall, xall * z[:, None]])).fit(cov_type="HC2")
show("  one regression: difference, HC2 se", full.params[1], full.bse[1])
dc, dt, _, _ = lin(big_c[:, 1], big_t[:, 1], big_c[:, 2:], big_t[:, 2:])
rc, rt = fc.params[0] / dc.params[0], ft.params[0] / dt.params[0]
_, _, se, dof = lin(big_c[:, 0] - rc * big_c[:, 1], big_t[:, 0] - rt * big_t[:, 1], big_c[:, 2:],
                    big_t[:, 2:], dc.params[0], dt.params[0])
show("lin ratio control treatment se dof", rc, rt, se, dof)
z = np.r_[np.zeros(10), np.ones(12)]
pooled_fit = sm.OLS(np.r_[c[:, 0], t[:, 0]],
                    np.column_stack([np.ones(22), z, np.vstack([xc, xt])])).fit()
show("pooled slope difference theta", *pooled_fit.params[1:])


def ratio(rows):
    y, d = rows[:, 0], rows[:, 1]
    r = y.sum() / d.sum()
    return r, np.var(y - r * d, ddof=1) / len(y) / d.mean() ** 2


(r1, v1), (r2, v2) = ratio(c), ratio(t)
show("ratio control treatment se", r1, r2, (v1 + v2) ** 0.5)
h = test_mvmean_2indep(xc, xt)
show("hotelling t2 F p", h.t2, h.statistic, h.pvalue)

# Power.
tp = power.TTestIndPower()
show("power means d=.2 n=300+300", tp.power(0.2, 300, 0.05, 1.0))
show("power means d=.5 n=40+40 one-sided", tp.power(0.5, 40, 0.05, 1.0, alternative="larger"))
show("n per arm d=.3 power .9", tp.solve_power(0.3, power=0.9, alpha=0.05))
pp = proportion.power_proportions_2indep(0.02, 0.10, 4000, ratio=1.0, alpha=0.05)
show("power proportions .12 .10 n=4000 each", pp.power)
