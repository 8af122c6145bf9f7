"""Golden numbers of src/assay/assignment/*_test.cpp.

Needs xxhash 4.1.0, mmh3 5.3.1, growthbook 4.0.0, PlanOut 0.6.0, numpy 2.4.6, scipy 1.17.1,
networkx 3.6.1, six; run: python3 tests/golden/assignment.py
"""
import collections
import collections.abc
import hashlib

collections.MutableMapping = collections.abc.MutableMapping  # PlanOut is older than Python 3.10.

from growthbook.core import gbhash
import mmh3
import xxhash
from planout.ops.random import UniformChoice, WeightedChoice
from planout.assignment import Assignment

MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                      0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)


def rotl(x, r):
    return ((x << r) | (x >> (64 - r))) & MASK


def xxh64(data):
    """XXH64 with seed 0 from its specification, in plain integers: checks the package."""
    def step(acc, lane):
        return rotl((acc + lane * P2) & MASK, 31) * P1 & MASK
    at, n = 0, len(data)
    if n >= 32:
        acc = [(P1 + P2) & MASK, P2, 0, (-P1) & MASK]
        while at + 32 <= n:
            for i in range(4):
                acc[i] = step(acc[i], int.from_bytes(data[at + 8 * i:at + 8 * i + 8], "little"))
            at += 32
        h = sum(rotl(a, r) for a, r in zip(acc, (1, 7, 12, 18))) & MASK
        for a in acc:
            h = ((h ^ step(0, a)) * P1 + P4) & MASK
    else:
        h = P5
    h = (h + n) & MASK
    while at + 8 <= n:
        h ^= step(0, int.from_bytes(data[at:at + 8], "little"))
        h = (rotl(h, 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= n:
        h ^= int.from_bytes(data[at:at + 4], "little") * P1 & MASK
        h = (rotl(h, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        h ^= byte * P5 & MASK
        h = rotl(h, 11) * P1 & MASK
    h = (h ^ (h >> 33)) * P2 & MASK
    h = (h ^ (h >> 29)) * P3 & MASK
    return h ^ (h >> 32)


def position(salt, unit):
    """The documented hash of assay: 64 bits and the position in [0, 1)."""
    data = salt.encode() + b"\0" + unit.encode()
    h = xxhash.xxh64(data, seed=0).intdigest()
    assert h == xxh64(data)
    return h, (h >> 11) * 2.0 ** -53


PAIRS = [("new_feed_ranker", "1"), ("new_feed_ranker", "2"), ("new_feed_ranker", "user_000042"),
         ("new_feed_ranker", ""), ("a", "bc"), ("ab", "c"),
         ("layer:feed", "6f1c2e9a-9d7b-4a53-8a5e-2f6d1f2b7c11"),
         ("m\u00e9lange", "\u7528\u6237-7"), ("x", "u" * 300)]

print("assay (xxhash", xxhash.VERSION + ", own implementation agrees)")
for salt, unit in PAIRS:
    h, p = position(salt, unit)
    print(f"  {{{salt!r}, {unit!r}, 0x{h:016X}, {p!r}}}")

print("murmur3 of unit, zero byte, salt; seed 0; mod 10,000 (mmh3 5.3.1)")
for salt, unit in PAIRS:
    h = mmh3.hash(unit.encode() + b"\0" + salt.encode(), 0, signed=False)
    print(f"  {{{salt!r}, {unit!r}, 0x{h:08X}, {h % 10000}}}")

print("growthbook v1, v2 (growthbook 4.0.0)")
for salt, unit in PAIRS + [("\U0001F600", "a\U0001F600b")]:
    print(f"  {{{salt!r}, {unit!r}, {gbhash(salt, unit, 1)!r}, "
          f"{gbhash(salt, unit, 2)!r}}}")

print("planout (PlanOut 0.6.0): 60 bits, weighted 0.2 0.3 0.5, uniform of 3")
for salt, unit in PAIRS:
    if not (salt + unit).isascii() or not unit:
        continue
    h = int(hashlib.sha1(f"{salt}.arm.{unit}".encode()).hexdigest()[:15], 16)
    a = Assignment(salt)
    a.arm = WeightedChoice(choices=[0, 1, 2], weights=[0.2, 0.3, 0.5], unit=unit)
    b = Assignment(salt)
    b.arm = UniformChoice(choices=[0, 1, 2], unit=unit)
    print(f"  {{{salt + '.arm'!r}, {unit!r}, 0x{h:015X}, {h / float(0xFFFFFFFFFFFFFFF)!r}, "
          f"{a.arm}, {b.arm}}}")

# Designs: the same made-up numbers as in the tests.
import itertools

import networkx as nx
import numpy as np
from scipy import stats


def value(unit, column):
    return (unit * 37 + column * 53 + unit * unit * (column + 3)) % 101


def table(n, columns):
    return np.array([[value(i, c) for c in range(columns)] for i in range(n)], dtype=float)


x = table(12, 3)
arms2 = np.array([0, 1] * 6)
arms3 = np.array([0, 1, 2] * 4)
inverse = np.linalg.inv(np.cov(x, rowvar=False))
for arms in (arms2, arms3):
    m = 0.0
    for arm in np.unique(arms):
        d = x[arms == arm].mean(axis=0) - x.mean(axis=0)
        m += (arms == arm).sum() * d @ inverse @ d
    print("imbalance", repr(float(m)))
d = x[arms2 == 1].mean(axis=0) - x[arms2 == 0].mean(axis=0)
print("imbalance, Morgan & Rubin's two-arm form", repr(float(6 * 6 / 12 * d @ inverse @ d)))

for k, p in ((1, 0.01), (3, 0.1), (10, 0.001)):
    a = stats.chi2.ppf(p, k)
    print("rerandomisation", k, p, repr(float(a)), repr(float(stats.chi2.cdf(a, k + 2) / p)))


def distances(x, kind):
    if kind == "standardised":
        x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    if kind == "mahalanobis":
        low = np.linalg.cholesky(np.linalg.inv(np.cov(x, rowvar=False)))
        x = x @ low
    return np.sqrt(((x[:, None, :] - x[None, :, :]) ** 2).sum(axis=2))


def least(x, kind):
    n = len(x)
    graph = nx.Graph()
    d = distances(x, kind)
    for i, j in itertools.combinations(range(n), 2):
        graph.add_edge(i, j, weight=d[i, j])
    if n % 2:
        for i in range(n):
            graph.add_edge(i, n, weight=0.0)
    match = nx.min_weight_matching(graph)
    return sum(graph[i][j]["weight"] for i, j in match), sorted(tuple(sorted(e)) for e in match)


print("pairs: networkx", nx.__version__)
for n, columns, kind in ((12, 3, "standardised"), (12, 3, "mahalanobis"), (11, 2, "raw"),
                         (20, 3, "standardised"), (60, 4, "standardised"), (200, 6, "raw")):
    total, match = least(table(n, columns), kind)
    print(" ", n, columns, kind, repr(float(total)), match if n < 15 else "")

r = stats.chisquare([16, 18, 16, 14, 12, 12], f_exp=[16, 16, 16, 16, 16, 8])
print("chi-squared", repr(float(r.statistic)), repr(float(r.pvalue)))
r = stats.chi2_contingency([[10, 20, 30], [40, 35, 25]], correction=False)
print("table", repr(float(r.statistic)), repr(float(r.pvalue)))
