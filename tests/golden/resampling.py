"""Golden numbers of src/assay/resampling: prints what the tests quote.

Run: python tests/golden/resampling.py   (numpy 2.4.6, scipy 1.17.1)
R 4.2 with boot 1.3-28.1 and coin 1.4-2: Rscript tests/golden/resampling.R
"""

import itertools
import math

import numpy as np
from scipy import stats
from scipy.stats import _resampling

CONTROL = np.array([3.1, 4.0, 2.2, 6.3, 5.0, 1.9, 7.2, 3.3, 4.4, 2.8])
TREATMENT = np.array([4.2, 5.9, 2.9, 8.8, 6.1, 3.5, 9.9, 5.2, 4.9, 7.4, 6.6, 3.8])
CONTROL_D = np.array([2, 3, 1, 4, 2, 2, 5, 2, 3, 2.0])
TREATMENT_D = np.array([3, 3, 1, 4, 3, 2, 5, 2, 3, 4, 3, 2.0])


def replicates():
    """999 made-up replicates: skewed, off the estimate, without ties."""
    i = np.arange(999)
    u = ((i * 617) % 999 + 0.5) / 999
    return 1.55 + 0.8 * stats.norm.ppf(u) + 0.2 * stats.norm.ppf(u) ** 2


def bca():
    def mean_difference(c, t, axis=-1):
        return t.mean(axis=axis) - c.mean(axis=axis)

    theta = replicates()
    low, high, a = _resampling._bca_interval(
        (CONTROL, TREATMENT), mean_difference, axis=-1, alpha=0.025, theta_hat_b=theta, batch=None,
        xp=np)
    print("bca levels", repr(float(low)), repr(float(high)), "acceleration", repr(float(a)))
    print("bca ends", [repr(float(np.quantile(theta, q, method="weibull"))) for q in (low, high)])
    for method, ends in {
            "percentile": np.quantile(theta, [0.025, 0.975], method="weibull"),
    }.items():
        print(method, [repr(float(x)) for x in ends])
    estimate = TREATMENT.mean() - CONTROL.mean()
    print("estimate", repr(float(estimate)))

    def ratio_difference(cy, cd, ty, td, axis=-1):
        return ty.sum(axis) / td.sum(axis) - cy.sum(axis) / cd.sum(axis)

    jack_c = [np.delete(CONTROL, i).sum() / np.delete(CONTROL_D, i).sum() for i in range(10)]
    jack_t = [np.delete(TREATMENT, i).sum() / np.delete(TREATMENT_D, i).sum() for i in range(12)]
    u_c = -9 * (np.mean(jack_c) - jack_c)
    u_t = 11 * (np.mean(jack_t) - jack_t)
    cubes = (u_c**3).sum() / 10**3 + (u_t**3).sum() / 12**3
    squares = (u_c**2).sum() / 10**2 + (u_t**2).sum() / 12**2
    print("ratio acceleration", repr(cubes / squares**1.5 / 6))


def exact_bootstrap():
    """All 5^5 resamples of a ratio in one sample of five."""
    y, d = CONTROL[:5], CONTROL_D[:5]
    values = [y[list(i)].sum() / d[list(i)].sum() for i in itertools.product(range(5), repeat=5)]
    print("exact bootstrap of a ratio: mean", repr(np.mean(values)), "sd", repr(np.std(values)),
          "quantiles", np.quantile(values, [0.1, 0.5, 0.9], method="inverted_cdf").tolist())


def quantile_law(x, q):
    x = np.sort(x)
    n = len(x)
    k = max(1, math.ceil(n * q))
    below = stats.binom.sf(k - 1, n, np.arange(1, n + 1) / n)
    return x, np.diff(np.concatenate([[0], below]))


def quantile(q, level=0.95):
    c, wc = quantile_law(CONTROL, q)
    t, wt = quantile_law(TREATMENT, q)
    d = (t[:, None] - c[None, :]).ravel()
    w = (wt[:, None] * wc[None, :]).ravel()
    order = np.argsort(d, kind="stable")
    d, w = d[order], w[order]
    tail = (1 - level) / 2
    low = d[np.searchsorted(np.cumsum(w), tail)]
    high = d[::-1][np.searchsorted(np.cumsum(w[::-1]), tail)]
    mean = (d * w).sum()
    print("quantile", q, "ends", repr(float(low)), repr(float(high)), "se",
          repr(float(np.sqrt(((d - mean) ** 2 * w).sum()))), "p",
          repr(float(2 * min(w[d <= 1e-12].sum(), w[d >= -1e-12].sum()))))


def permutation():
    def welch(x, y, axis=-1):
        return np.abs(stats.ttest_ind(x, y, equal_var=False, axis=axis).statistic)

    def difference(x, y, axis=-1):
        return np.abs(x.mean(axis=axis) - y.mean(axis=axis))

    for name, c, t in (("5 and 6", CONTROL[:5], TREATMENT[:6]), ("7 and 7", CONTROL[:7],
                                                                 TREATMENT[:7])):
        for label, statistic in (("welch", welch), ("difference", difference)):
            result = stats.permutation_test((t, c), statistic, n_resamples=np.inf,
                                            alternative="greater", vectorized=True)
            print("permutation", name, label, repr(float(result.pvalue)),
                  len(result.null_distribution))
    pairs = stats.permutation_test((TREATMENT[:8], CONTROL[:8]),
                                   lambda x, y, axis=-1: np.abs((x - y).mean(axis=axis)),
                                   permutation_type="samples", n_resamples=np.inf,
                                   alternative="greater", vectorized=True)
    print("paired", repr(float(pairs.pvalue)), len(pairs.null_distribution))


def inversion():
    """Effects that the exact test of the difference does not reject at 0.05, by brute force."""
    c, t = CONTROL[:5], TREATMENT[:6]

    def p(effect):
        y = np.concatenate([c, t - effect])
        observed = abs(y[5:].mean() - y[:5].mean())
        count = total = 0
        for chosen in itertools.combinations(range(11), 6):
            inside = np.zeros(11, bool)
            inside[list(chosen)] = True
            count += abs(y[inside].mean() - y[~inside].mean()) >= observed * (1 - 1e-9)
            total += 1
        return count / total

    def end(inside, outside):
        for _ in range(45):
            middle = (inside + outside) / 2
            if p(middle) >= 0.05:
                inside = middle
            else:
                outside = middle
        return inside

    estimate = t.mean() - c.mean()
    print("inversion", repr(float(end(estimate, estimate - 20))),
          repr(float(end(estimate, estimate + 20))))


def uniformity():
    x = np.array([0.02, 0.11, 0.19, 0.3, 0.34, 0.41, 0.52, 0.55, 0.71, 0.88, 0.97, 0.99])
    print("ks", stats.kstest(x, "uniform", method="exact"))
    print("ks asymptotic", stats.kstest(np.tile(x, 100), "uniform", method="asymp"))
    n = len(x)
    s = np.sort(x)
    i = np.arange(1, n + 1)
    a2 = -n - np.mean((2 * i - 1) * (np.log(s) + np.log1p(-s[::-1])))
    print("anderson-darling A2", repr(float(a2)))


if __name__ == "__main__":
    bca()
    exact_bootstrap()
    for q in (0.5, 0.8):
        quantile(q)
    permutation()
    inversion()
    uniformity()
