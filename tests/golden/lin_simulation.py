"""Measurement behind docs/decisions/0004-lin-from-moments.md.

Standard errors of Lin's adjusted difference: the form from moments (residual variance per arm and
pooled covariate mean), HC2 of the one regression, HC2 plus the pooled-mean term. 4,000 worlds a
row; run with numpy 2: python3 tests/golden/lin_simulation.py
"""
import numpy as np

WORLDS = 4000


def arm(x, y, pooled):
    """Intercept at the pooled mean with three variances: classical and HC2; and the slope."""
    n = len(x)
    mx, my = x.mean(), y.mean()
    sxx = ((x - mx) ** 2).sum()
    slope = ((x - mx) * (y - my)).sum() / sxx
    residual = y - my - slope * (x - mx)
    offset = pooled - mx
    classical = residual @ residual / (n - 2) * (1 / n + offset ** 2 / sxx)
    leverage = 1 / n + (x - mx) ** 2 / sxx
    weight = 1 / n + (x - mx) * offset / sxx
    hc2 = (weight ** 2 * residual ** 2 / (1 - leverage)).sum()
    return my + slope * offset, slope, classical, hc2, sxx


def run(name, make, nc, nt, truth=0.0):
    rng = np.random.default_rng(20260101)
    estimates, kinds = [], {"moments": [], "hc2": [], "hc2+mean": []}
    for _ in range(WORLDS):
        (xc, yc), (xt, yt) = make(rng, nc, 0), make(rng, nt, 1)
        pooled = np.concatenate([xc, xt]).mean()
        c, t = arm(xc, yc, pooled), arm(xt, yt, pooled)
        mean_term = (t[1] - c[1]) ** 2 * (c[4] + t[4]) / (nc + nt - 2) / (nc + nt)
        estimates.append(t[0] - c[0])
        kinds["moments"].append(c[2] + t[2] + mean_term)
        kinds["hc2"].append(c[3] + t[3])
        kinds["hc2+mean"].append(c[3] + t[3] + mean_term)
    estimates = np.array(estimates)
    row = [f"{name:34s} sd {estimates.std():.4f}"]
    for kind, values in kinds.items():
        se = np.sqrt(values)
        row.append(f"{kind} se {np.sqrt(np.mean(values)):.4f}"
                   f" covers {np.mean(np.abs(estimates - truth) < 1.965 * se):.4f}")
    print(" | ".join(row))


def homoscedastic(rng, n, treated):
    x = rng.normal(size=n)
    return x, x + rng.normal(size=n)


def slopes(rng, n, treated):
    x = rng.normal(size=n)
    return x, (3 if treated else 1) * x + rng.normal(size=n)


def heavy(rng, n, treated):
    x = np.exp(rng.normal(size=n))
    return x, x + 0.5 * x * rng.normal(size=n)


def curved(rng, n, treated):
    x = np.exp(0.7 * rng.normal(size=n))
    return x, x ** 1.5 + rng.normal(size=n)


def spending(rng, n, treated):
    x = np.where(rng.uniform(size=n) < 0.1, np.exp(3 + rng.normal(size=n)), 0.0)
    return x, 0.5 * x + np.where(rng.uniform(size=n) < 0.1, np.exp(3 + rng.normal(size=n)), 0.0)


run("equal noise, 200 + 200", homoscedastic, 200, 200)
run("slopes 1 and 3, 900 + 100", slopes, 900, 100)
run("noise grows with x, 400 + 400", heavy, 400, 400)
run("noise grows with x, 5000 + 5000", heavy, 5000, 5000)
run("curved, 400 + 400", curved, 400, 400)
run("rare spending, 2000 + 2000", spending, 2000, 2000)
