"""Golden values of confidence sequences, betting and anytime-valid sample ratio tests.

Needs confseq 0.0.11 (github.com/gostevehoward/confseq), ssrm-test 0.1.5, scipy 1.17.1.
"""

import numpy as np
from confseq import betting, boundaries
from scipy import integrate, stats
from ssrm_test import ssrm_test


def show(name, values):
    print(name, [float(f"{v:.15g}") for v in np.atleast_1d(values)])


# Normal mixtures at intrinsic time v, tuned to v_opt: boundary on the sum, as a multiple of its sd.
for alpha, v_opt in ((0.05, 1000.0), (0.01, 50.0)):
    v = np.array([10.0, 100.0, 1000.0, 20000.0])
    two = boundaries.normal_mixture_bound(
        v, alpha=alpha, v_opt=v_opt, alpha_opt=alpha, is_one_sided=False
    )
    one = boundaries.normal_mixture_bound(
        v, alpha=alpha, v_opt=v_opt, alpha_opt=alpha, is_one_sided=True
    )
    show(f"two-sided alpha {alpha} v_opt {v_opt}", two / np.sqrt(v))
    show(f"one-sided alpha {alpha} v_opt {v_opt}", one / np.sqrt(v))
    show(
        "log mixture two s=60 v=1000",
        boundaries.normal_log_mixture(60.0, 1000.0, v_opt, alpha_opt=alpha, is_one_sided=False),
    )
    show(
        "log mixture one s=60 v=1000",
        boundaries.normal_log_mixture(60.0, 1000.0, v_opt, alpha_opt=alpha, is_one_sided=True),
    )

# Betting: x_i a fixed sequence in [0, 1].
x = np.array([(i * 0.6180339887498949) % 1.0 for i in range(1, 401)]) ** 2
low, high = betting.betting_cs(x, alpha=0.05, breaks=100000)
for n in (20, 100, 400):
    show(f"betting n {n}", [low[n - 1], high[n - 1]])
bits = (x > 0.8).astype(float)
low, high = betting.betting_cs(bits, alpha=0.05, breaks=100000)
show("betting of zeros and ones, n 400", [low[399], high[399]])
show("capital at m = 0.25, n 400", np.log(betting.betting_mart(x, 0.25, alpha=0.05)[399]))

# Sample ratio: one batch.
for counts, weights in (
    ([5000, 5200], [0.5, 0.5]),
    ([1000, 2100, 990], [0.25, 0.5, 0.25]),
    ([500100, 498000], [0.5, 0.5]),
):
    for concentration in (10000, 100):
        out = ssrm_test.sequential_posteriors(
            np.array([counts]), np.array(weights), dirichlet_concentration=concentration
        )
        show(f"log bayes factor {counts} {concentration}", out[-1]["log_bayes_factor"])


# Bayes: quadrature of scipy.
def normal_t(estimate, se, mean, sd, weight, scale, dof):
    prior = lambda e: (1 - weight) * stats.norm.pdf(e, mean, sd) + weight * stats.t.pdf(
        e, dof, mean, scale
    )
    joint = lambda e: prior(e) * stats.norm.pdf(estimate, e, se)
    points = sorted({mean, estimate, 0.0})
    span = lambda f: sum(
        integrate.quad(f, a, b, epsabs=1e-16, epsrel=1e-12, limit=500)[0]
        for a, b in zip([estimate - 40 * se] + points, points + [estimate + 40 * se])
    )
    total = span(joint)
    m = span(lambda e: e * joint(e)) / total
    return [
        m,
        np.sqrt(span(lambda e: (e - m) ** 2 * joint(e)) / total),
        span(lambda e: (e > 0) * joint(e)) / total,
        np.log(total) - stats.norm.logpdf(estimate, 0, se),
    ]


show(
    "normal-t 0.03 0.01 N(0, .01) .3 t3 .02: mean sd p_above log_bf",
    normal_t(0.03, 0.01, 0.0, 0.01, 0.3, 0.02, 3.0),
)
show("normal-t 1.5 0.4 N(.1, .05) .1 t5 .5", normal_t(1.5, 0.4, 0.1, 0.05, 0.1, 0.5, 5.0))

a, b = stats.beta(1 + 120, 1 + 880), stats.beta(1 + 141, 1 + 859)
show(
    "P(B > A)",
    integrate.quad(lambda p: a.pdf(p) * b.sf(p), 0, 0.5, epsabs=1e-14, points=[0.12, 0.14])[0],
)
show(
    "P(lift > .1)",
    integrate.quad(lambda p: a.pdf(p) * b.sf(1.1 * p), 0, 0.5, epsabs=1e-14, points=[0.12, 0.14])[
        0
    ],
)
arms = [stats.beta(0.5 + x, 0.5 + n - x) for x, n in ((3, 40), (5, 38), (0, 20))]
for i, arm in enumerate(arms):
    rest = [other for j, other in enumerate(arms) if j != i]
    show(
        f"P(best) {i}",
        integrate.quad(
            lambda y: (lambda p: arm.pdf(p) * p * (1 - p) * rest[0].cdf(p) * rest[1].cdf(p))(
                1 / (1 + np.exp(-y))
            ),
            -40,
            10,
            epsabs=1e-14,
            limit=500,
        )[0],
    )
highest = integrate.quad(
    lambda p: 1 - np.prod([arm.cdf(p) for arm in arms]), 0, 1, epsabs=1e-13, limit=500
)[0]
show("expected loss", [highest - arm.mean() for arm in arms])
