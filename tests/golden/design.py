"""Golden values of src/assay/design: tea-tasting 1.14.0, scipy, numpy.

Run: python tests/golden/design.py
"""
import numpy as np
import tea_tasting as tt
from scipy import stats
from tea_tasting.aggr import Aggregates

aggregates = Aggregates(
    count_=10_000,
    mean_={"orders": 0.6, "sessions": 2.4, "orders_before": 0.5},
    var_={"orders": 0.9, "sessions": 3.1, "orders_before": 0.8},
    cov_={("orders", "sessions"): 0.7, ("orders", "orders_before"): 0.4},
)
ratio = tt.RatioOfMeans("orders", "sessions", alpha=0.05, power=0.8, rel_effect_size=0.05,
                        n_obs=10_000)
print("ratio n_obs", ratio.solve_power_from_aggregates(aggregates, "n_obs")[0].n_obs)
print("ratio mde rel",
      repr(ratio.solve_power_from_aggregates(aggregates, "rel_effect_size")[0].rel_effect_size))
print("ratio power", repr(ratio.solve_power_from_aggregates(aggregates, "power")[0].power))
uneven = tt.RatioOfMeans("orders", "sessions", alpha=0.05, rel_effect_size=0.05, ratio=1 / 9,
                         n_obs=60_000)
print("ratio power 90/10", repr(uneven.solve_power_from_aggregates(aggregates, "power")[0].power))
cuped = tt.Mean("orders", covariate="orders_before", alpha=0.05, power=0.8, rel_effect_size=0.05)
print("cuped n_obs", cuped.solve_power_from_aggregates(aggregates, "n_obs")[0].n_obs)
plain = Aggregates(count_=180, mean_={"y": 1.0}, var_={"y": 1.0}, cov_={})
half = tt.Mean("y", alpha=0.05, effect_size=0.25, ratio=0.5, n_obs=180)
print("t power 2:1", repr(half.solve_power_from_aggregates(plain, "power")[0].power))
twice = tt.Mean("y", alpha=0.05, power=0.8, ratio=2, n_obs=600)
print("t mde 1:2", repr(twice.solve_power_from_aggregates(plain, "effect_size")[0].effect_size))
n, rho = 40, 0.5  # mean of 4 AR(1) periods, by the full covariance matrix
matrix = rho ** np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
print("ar1 mean of 4 variance", repr(float(matrix.mean())))
shift = 0.5 / np.sqrt(4 * matrix.mean() / n)
crit = stats.t.isf(0.025, n - 2)
print("switchback power", repr(float(stats.nct.sf(crit, n - 2, shift)
                                     + stats.nct.cdf(-crit, n - 2, shift))))
