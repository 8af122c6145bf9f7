"""Golden numbers of src/assay/numerics/distributions_test.cpp.

Needs scipy 1.17.1 and mpmath 1.4.1; run: python3 tests/golden/distributions.py
"""
import mpmath
import scipy
from scipy import stats

mpmath.mp.dps = 60
print("scipy", scipy.__version__, "mpmath", mpmath.__version__)


def chi_squared_log_sf(x, dof):
    return float(mpmath.log(mpmath.gammainc(mpmath.mpf(dof) / 2, mpmath.mpf(x) / 2, mpmath.inf,
                                            regularized=True)))


def normal_log_sf(z):
    return float(mpmath.log(mpmath.erfc(mpmath.mpf(z) / mpmath.sqrt(2)) / 2))


def t_sf(t, dof):
    t, dof = mpmath.mpf(t), mpmath.mpf(dof)
    return float(mpmath.betainc(dof / 2, 0.5, 0, dof / (dof + t * t), regularized=True) / 2)


def f_sf(x, a, b):
    x, a, b = mpmath.mpf(x), mpmath.mpf(a), mpmath.mpf(b)
    return float(mpmath.betainc(b / 2, a / 2, 0, b / (b + a * x), regularized=True))


for z in (-1.0, 1.96, 8.0, 29.9, 30.1, 50.0):
    print("normal_log_sf", z, repr(normal_log_sf(z)))
print("normal_upper_quantile 1e-20", repr(float(stats.norm.isf(1e-20))))
for t, dof in ((2.1, 7.3), (40.0, 12.5), (1.0, 1e6)):
    print("student_t_sf", t, dof, repr(t_sf(t, dof)))
print("student_t_quantile .975 7.3", repr(float(stats.t.ppf(0.975, 7.3))))
for x, dof in ((3.84, 1), (1840.0, 1), (1900.0, 7), (3000.0, 40.5), (1.5, 3)):
    print("log_chi_squared_sf", x, dof, repr(chi_squared_log_sf(x, dof)))
for x, a, b in ((2.5, 3, 17.5), (900.0, 2, 60)):
    print("f_sf", x, a, b, repr(f_sf(x, a, b)))
print("f_quantile .95 3 17.5", repr(float(stats.f.ppf(0.95, 3, 17.5))))
mpmath.mp.dps = 80


def log_pmf(k, n, p):
    p = mpmath.mpf(p)
    return float(mpmath.log(mpmath.binomial(n, k)) + k * mpmath.log(p)
                 + (n - k) * mpmath.log(1 - p))


for k, n, p in ((3, 10, 0.25), (500_000_000, 1_000_000_000, 0.5), (400, 4000, 0.001)):
    print("binomial_log_pmf", k, n, p, repr(log_pmf(k, n, p)))
print("binomial_sf 30 1000 .01", repr(float(sum(mpmath.binomial(1000, k) * mpmath.mpf(0.01) ** k
      * (1 - mpmath.mpf(0.01)) ** (1000 - k) for k in range(31, 1001)))))
print("beta_quantile .025 3 98", repr(float(stats.beta.ppf(0.025, 3, 98))))
print("noncentral_t_sf 2 30 2.5", repr(float(stats.nct.sf(2.0, 30, 2.5))))
