"""Golden numbers of src/assay/interference by brute force, scipy and statsmodels.

Exposure weights: all assignments of a small design are enumerated, so probabilities are exact, and
Aronow & Samii's estimators are written out pair by pair. The script also checks, over all
assignments, that the estimator is unbiased and its variance estimator not too small on average.
Run: python3 tests/golden/interference.py
"""

import itertools

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats

print("scipy", scipy.__version__, "statsmodels", statsmodels.__version__)


def probabilities(indicators):
    """Of each unit in each class, and of pairs, from all equally likely assignments."""
    one = {k: x.mean(0) for k, x in indicators.items()}
    two = {(k, l): indicators[k].T @ indicators[l] / len(indicators[k])
           for k in indicators for l in indicators}
    return one, two


def variance(z, here, pi, pij):
    total = 0.0
    for i in range(len(here)):
        for j in range(len(here)):
            if i == j:
                total += here[i] * (1 - pi[i]) * (z[i] / pi[i]) ** 2
            elif pij[i, j] > 0:
                both = here[i] * here[j]
                share = (pij[i, j] - pi[i] * pi[j]) / pij[i, j]
                total += both * share * z[i] / pi[i] * z[j] / pi[j]
            else:
                total += here[i] * z[i] ** 2 / (2 * pi[i]) + here[j] * z[j] ** 2 / (2 * pi[j])
    return total


def covariance(za, ha, pa, zb, hb, pb, pab):
    total = 0.0
    for i in range(len(ha)):
        for j in range(len(ha)):
            if i != j and pab[i, j] > 0:
                both = ha[i] * hb[j]
                share = (pab[i, j] - pa[i] * pb[j]) / pab[i, j]
                total += both * share * za[i] / pa[i] * zb[j] / pb[j]
            else:
                total -= ha[i] * za[i] ** 2 / (2 * pa[i]) + hb[j] * zb[j] ** 2 / (2 * pb[j])
    return total


def weighted(y, n, h0, h1, one, two, hajek):
    """Estimate and variance. y: sums, n: counts of the units that they are sums of."""
    size = [(h * n / one[k]).sum() if hajek else n.sum() for k, h in enumerate((h0, h1))]
    value = [(h * y / one[k]).sum() / size[k] for k, h in enumerate((h0, h1))]
    z = [y - value[k] * n if hajek else y for k in (0, 1)]
    v = variance(z[1], h1, one[1], two[1, 1]) / size[1] ** 2
    v += variance(z[0], h0, one[0], two[0, 0]) / size[0] ** 2
    v -= 2 * covariance(z[0], h0, one[0], z[1], h1, one[1], two[0, 1]) / size[0] / size[1]
    return value[0], value[1], v


# Switchback: 8 blocks of 2 periods, order 1. Groups: (block 0), (0), ... as windows touch blocks.
coins = np.array(list(itertools.product([0, 1], repeat=8)))
windows = [(max(0, t - 1) // 2, t // 2) for t in range(1, 16)]
groups = sorted(set(windows))
count = np.array([windows.count(g) for g in groups], dtype=float)
ind = {k: np.array([[all(c[b] == k for b in range(g[0], g[1] + 1)) for g in groups]
                    for c in coins], dtype=float) for k in (0, 1)}
one, two = probabilities(ind)
arm = np.array([1, 0, 0, 1, 1, 0, 1, 1])
t = np.arange(16)
y = 5 + (t * 7 % 5) - 2 + 1.5 * arm[t // 2] + 0.25 * t
sums = np.array([sum(y[1 + i] for i, w in enumerate(windows) if w == g) for g in groups])
at = int(np.where((coins == arm).all(1))[0][0])
for hajek in (False, True):
    print("switchback", "hajek" if hajek else "ht",
          [repr(float(x)) for x in weighted(sums, count, ind[0][at], ind[1][at], one, two, hajek)])
# Over all assignments, with carry-over in the world: unbiased, variance not too small.
ests, vs = [], []
for a, c in enumerate(coins):
    w = c[t // 2]
    obs = 5 + (t * 7 % 5) - 2 + 1.5 * w + 0.8 * np.r_[0, w[:-1]]
    s = np.array([sum(obs[1 + i] for i, win in enumerate(windows) if win == g) for g in groups])
    lo, hi, v = weighted(s, count, ind[0][a], ind[1][a], one, two, False)
    ests.append(hi - lo)
    vs.append(v)
print("switchback truth 2.3, mean", np.mean(ests))
print("variance", np.var(ests), "mean of its estimates", np.mean(vs))

# Network: ring of 10 with two chords, fair coins, classes by any treated neighbour.
n = 10
edges = [(i, (i + 1) % n) for i in range(n)] + [(0, 5), (2, 7)]
adj = np.zeros((n, n))
for a, b in edges:
    adj[a, b] = adj[b, a] = 1
all_arms = np.array(list(itertools.product([0, 1], repeat=n)))
touched = (all_arms @ adj > 0).astype(int)
cls = all_arms * 2 + touched
ind = {0: (cls == 0).astype(float), 1: (cls == 3).astype(float)}
one, two = probabilities(ind)
arms = np.array([1, 1, 0, 0, 0, 1, 1, 0, 0, 0])
at = int(np.where((all_arms == arms).all(1))[0][0])
yn = 10 + (np.arange(n) * 3 % 7) + 2.0 * arms + 1.0 * touched[at]
for hajek in (False, True):
    print("network", "hajek" if hajek else "ht", cls[at].tolist(),
          [repr(float(x)) for x in
           weighted(yn, np.ones(n), ind[0][at], ind[1][at], one, two, hajek)])

# HAC regression with time effects.
t = np.arange(48)
arm = np.array([1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0])[t // 4]
y = 3 + 2 * np.sin(t / 3) + (t * 5 % 7) / 7 + 0.9 * arm
x = np.column_stack([arm] + [(t % 6 == h).astype(float) for h in range(6)])
r = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": 5, "use_correction": True})
print("hac", repr(r.params[0]), repr(r.bse[0]), "ols se", repr(sm.OLS(y, x).fit().bse[0]))

# Geo pairs.
c = np.array([10.2, 8.1, 12.4, 9.9, 11.0, 7.5])
d = np.array([0.9, 0.4, 1.3, -0.2, 0.8, 0.6])
res = stats.ttest_rel(c + d, c)
flips = np.array(list(itertools.product([-1, 1], repeat=6))) @ d / 6
ci = res.confidence_interval(0.95)
print("geo", res.pvalue, ci, "exact", np.mean(np.abs(flips) >= abs(d.mean()) - 1e-12))

# Saturation: cluster means.
c0 = np.array([5.0, 5.6, 4.8, 5.3])
un = np.array([5.9, 6.1, 5.2])
tr = np.array([7.4, 7.0, 6.8])
print("spillover", un.mean() - c0.mean(), stats.ttest_ind(un, c0, equal_var=False).pvalue)
print("total", stats.ttest_ind(tr, c0, equal_var=False).pvalue, "direct",
      stats.ttest_rel(tr, un).pvalue)

# Budget split: paired, and the ratio by the delta method on four sums.
i = np.arange(12)
ac, at_ = 3.0 + i * 5 % 7, 3.4 + i * 5 % 7 + (i * 3 % 4) / 3
dc, dt = 10.0 + i % 5, 10.5 + i % 5
print("budget", stats.ttest_rel(at_ / 0.4, ac / 0.6).pvalue)
rc, rt = ac.sum() / dc.sum(), at_.sum() / dt.sum()
lin = (at_ - rt * dt) / dt.mean() - (ac - rc * dc) / dc.mean()
print("budget ratio", repr(rt - rc), repr(lin.std(ddof=1) / np.sqrt(12)))

# Two sides: q_uc per user, two-way clustered variance of q_11 - q_00 from a full matrix.
U, C = 12, 8
u, k = np.meshgrid(np.arange(U), np.arange(C), indexing="ij")
m = ((u * 5 + k * 3) % 7) * ((u + 2 * k) % 3 == 0) + 0.5 * (u % 2) + 0.25 * (k % 2)
ua, ca = np.arange(U) % 2, np.arange(C) % 2
q = {(a, b): m[ua == a][:, ca == b].mean() * C for a in (0, 1) for b in (0, 1)}
print("cells", q)
w = {(0, 0): -1.0, (1, 1): 1.0, (0, 1): 0.0, (1, 0): 0.0}
s = np.array([[w[ua[x], ca[z]] * m[x, z] * C for z in range(C)] for x in range(U)])


def across(s, arms, other):
    rows = sum(s[:, other == b].mean(1) for b in (0, 1))
    return sum(rows[arms == a].var(ddof=1) / (arms == a).sum() for a in (0, 1))


v_users, v_creators = across(s, ua, ca), across(s.T, ca, ua)
v_pairs = sum(s[ua == a][:, ca == b].var(ddof=1) / s[ua == a][:, ca == b].size
              for a in (0, 1) for b in (0, 1))
print("corner se", repr(np.sqrt(v_users + v_creators - v_pairs)), v_users, v_creators, v_pairs)
