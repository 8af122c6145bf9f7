"""Golden numbers of src/assay/survival/{novelty,surrogate}_test.cpp by scipy and statsmodels.

Run: python3 tests/golden/novelty.py
"""

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy.optimize import curve_fit

print("scipy", scipy.__version__, "statsmodels", statsmodels.__version__)
a = np.arange(10.0)
y = np.array([1.52, 1.21, 1.08, 0.86, 0.79, 0.71, 0.60, 0.63, 0.51, 0.55])
s = np.array([0.05, 0.05, 0.06, 0.06, 0.07, 0.07, 0.08, 0.08, 0.09, 0.10])
f = lambda a, l, i, t: l + i * np.exp(-a / t)
p, v = curve_fit(f, a, y, p0=(0.5, 1, 3), sigma=s, absolute_sigma=True,
                 xtol=1e-15, ftol=1e-15, gtol=1e-15)
h = 30.0
g = np.array([1, np.exp(-h / p[2]), p[1] * np.exp(-h / p[2]) * h / p[2] ** 2])
chi2 = (((y - f(a, *p)) / s) ** 2).sum()
print("exponential", p.tolist(), "se at 30", np.sqrt(g @ v @ g), "chi2", chi2)
for cols in ([np.ones(10)], [np.ones(10), a]):
    x = np.column_stack(cols)
    c = np.linalg.inv((x / s[:, None] ** 2).T @ x)
    b = c @ (x.T @ (y / s**2))
    chi2 = (((y - x @ b) / s) ** 2).sum()
    print("linear", b.tolist(), np.sqrt(np.diag(c)).tolist(), "chi2", chi2)

i = np.arange(40)
s1 = (i * 7 % 11) / 3.0
s2 = (i * i % 13) - 4.0
out = 2.0 + 0.8 * s1 - 0.3 * s2 + ((i * 17 % 23) - 11) / 10.0
w = (i * 5 % 7 < 3).astype(float)
x = sm.add_constant(np.column_stack([s1, s2]))
for kind in ("nonrobust", "HC2"):
    r = sm.OLS(out, x).fit(cov_type=kind)
    print(kind, r.params.tolist(), r.cov_params()[1:, 1:].tolist())
    print("scale", r.scale, "r2", r.rsquared)
    if kind == "HC2":
        v2 = r.cov_params()[1:, 1:]
t = np.column_stack([s1, s2])[w == 1][:9] + [0.5, -0.2]
c = np.column_stack([s1, s2])[w == 0][:11]
d = t.mean(0) - c.mean(0)
b = sm.OLS(out, x).fit().params[1:]
var = b @ (np.cov(t.T) / len(t) + np.cov(c.T) / len(c)) @ b + d @ v2 @ d
print("effect", b @ d, "se", np.sqrt(var))
r = sm.OLS(out, sm.add_constant(np.column_stack([s1, s2, w]))).fit()
print("surrogacy", r.params[3], r.bse[3], r.pvalues[3])
