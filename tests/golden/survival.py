"""Golden numbers of src/assay/survival by own formulas in Python (3.11, numpy): restricted means as
survRM2 does them, and the Fleming-Harrington test with a late weight.

Run: python3 tests/golden/survival.py src/assay/survival/published_data_test.hpp
"""

import math
import re
import sys

text = open(sys.argv[1], encoding="utf-8").read()


def column(name):
    body = re.search(name + r"\s*\{([^}]*)\}", text)[1]
    return [float(x) for x in body.replace("\n", " ").split(",")]


def curve(time, event):
    s, out = 1.0, []
    for t in sorted(set(time)):
        n = sum(x >= t for x in time)
        d = sum(x == t and e == 1 for x, e in zip(time, event))
        s *= 1 - d / n
        out.append((t, n, d, s))
    return out


def restricted(time, event, tau):
    steps = [c for c in curve(time, event) if c[0] <= tau]
    knots = [0.0] + [c[0] for c in steps] + [tau]
    levels = [1.0] + [c[3] for c in steps]
    areas = [l * (b - a) for l, a, b in zip(levels, knots, knots[1:])]
    var = sum(sum(areas[i + 1:]) ** 2 * d / (n * (n - d))
              for i, (_, n, d, _) in enumerate(steps) if n > d)
    return sum(areas), math.sqrt(var)


time, status, arm = (column("veteran_" + n) for n in ("time", "status", "treatment"))


def pick(a):
    return ([t for t, g in zip(time, arm) if g == a], [e for e, g in zip(status, arm) if g == a])


(m1, s1), (m2, s2) = (restricted(*pick(a), 300) for a in (1, 2))
z = 1.959963984540054
print("rmst", repr(m1), repr(s1), repr(m2), repr(s2))
for name, over, under in (("ratio", m2, m1), ("lost", 300 - m2, 300 - m1)):
    half = z * math.hypot(s2 / over, s1 / under)
    ratio = over / under
    print(name, repr(ratio), repr(ratio * math.exp(-half)), repr(ratio * math.exp(half)))

u = v = 0.0
s = 1.0
for t, n, d, after in curve(time, status):
    w = s ** 0.5 * (1 - s) ** 1.0
    n1 = sum(x >= t and g == 2 for x, g in zip(time, arm))
    d1 = sum(x == t and e == 1 and g == 2 for x, e, g in zip(time, status, arm))
    u += w * (d1 - d * n1 / n)
    if n > 1:
        v += w * w * d * (n - d) / (n - 1) * n1 / n * (1 - n1 / n)
    s = after
print("FH(.5, 1)", repr(u * u / v))
