"""Resampling against numpy and scipy: equal answers first, then CPU seconds of one thread.

Usage: python bench/resampling.py [--bench build/release/bench/resampling_bench] [--units 1000000]
       [--only mean,ratio,quantile,aa] [--draws 10000]
Needs numpy and scipy. Peers are run with fewer replicates and scaled; every peer is written in
several ways and the fastest counts. Exits 1 when an answer differs or a floor is missed.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
import scipy.stats  # noqa: E402

REPLICATES = 1000
MEANS, RATIOS = 8, 2


def cpu_of(work, runs=3):
    """Median CPU seconds of the runs and the last answer."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        answer = work()
        times.append(time.process_time() - start)
    return sorted(times)[len(times) // 2], answer


def ours(options, task, replicates, threads=1, runs=3):
    run = subprocess.run([options.bench, task, options.folder, str(replicates), str(threads),
                          str(runs)], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def save(options, name, column):
    column.astype(np.float64).tofile(pathlib.Path(options.folder) / f"{name}.f64")


def two_arms(options):
    """Skewed values with a denominator that moves with them."""
    rng = np.random.default_rng(1)
    arms = []
    for name, n, lift in (("control", options.units // 2, 1.0),
                          ("treatment", options.units - options.units // 2, 1.01)):
        d = 1.0 + rng.poisson(4, n)
        y = d * rng.lognormal(0, 1, n) * lift
        save(options, f"{name}_y", y)
        save(options, f"{name}_d", d)
        arms.append((y, d))
    return arms


def mean_peers(arms, rng):
    (c, _), (t, _) = arms

    def gather(count):
        def draw(x):
            return x[rng.integers(0, len(x), len(x))].mean()
        return [draw(t) - draw(c) for _ in range(count)]

    def gather32(count):
        def draw(x):
            return x[rng.integers(0, len(x), len(x), dtype=np.int32)].mean()
        return [draw(t) - draw(c) for _ in range(count)]

    def counts(count):
        def draw(x):
            return np.bincount(rng.integers(0, len(x), len(x)), minlength=len(x)) @ x / len(x)
        return [draw(t) - draw(c) for _ in range(count)]

    def poisson(count):
        def draw(x):
            w = rng.poisson(1.0, len(x))
            return w @ x / w.sum()
        return [draw(t) - draw(c) for _ in range(count)]

    def scipy_bootstrap(count):
        result = scipy.stats.bootstrap(
            (c, t), lambda a, b, axis=-1: b.mean(axis=axis) - a.mean(axis=axis),
            n_resamples=count, batch=1, method="percentile", rng=rng)
        return result.bootstrap_distribution

    return {"numpy gather": gather, "numpy gather, 32-bit": gather32, "numpy counts": counts,
            "numpy Poisson": poisson, "scipy.stats.bootstrap": scipy_bootstrap}


def ratio_peers(arms, rng):
    (c, dc), (t, dt) = arms

    def gather(count):
        def draw(x, d):
            i = rng.integers(0, len(x), len(x), dtype=np.int32)
            return x[i].sum() / d[i].sum()
        return [draw(t, dt) - draw(c, dc) for _ in range(count)]

    def counts(count):
        def draw(x, d):
            w = np.bincount(rng.integers(0, len(x), len(x)), minlength=len(x)).astype(float)
            return (w @ x) / (w @ d)
        return [draw(t, dt) - draw(c, dc) for _ in range(count)]

    def scipy_bootstrap(count):
        def statistic(i, j, axis=-1):
            return t[j].sum(axis) / dt[j].sum(axis) - c[i].sum(axis) / dc[i].sum(axis)
        result = scipy.stats.bootstrap((np.arange(len(c)), np.arange(len(t))), statistic,
                                       n_resamples=count, batch=1, method="percentile", rng=rng)
        return result.bootstrap_distribution

    return {"numpy gather": gather, "numpy counts": counts,
            "scipy.stats.bootstrap": scipy_bootstrap}


def quantile_peers(arms, rng):
    (c, _), (t, _) = arms

    def resample(count):
        def draw(x):
            k = int(np.ceil(0.9 * len(x))) - 1
            return np.partition(x[rng.integers(0, len(x), len(x), dtype=np.int32)], k)[k]
        return [draw(t) - draw(c) for _ in range(count)]

    return {"numpy resample and partition": resample}


def analytic(task, arms):
    (c, dc), (t, dt) = arms
    if task == "mean":
        return np.sqrt(c.var(ddof=1) / len(c) + t.var(ddof=1) / len(t))
    if task == "ratio":
        def variance(x, d):
            return np.var(x - x.sum() / d.sum() * d, ddof=1) / len(x) / d.mean() ** 2
        return np.sqrt(variance(c, dc) + variance(t, dt))
    return None


def bootstrap(options, task, peers, floor):
    arms = two_arms(options)
    rng = np.random.default_rng(7)
    count = 20 if task != "quantile" else 10
    mine = ours(options, task, REPLICATES)
    times = {}
    replicates = []
    for name, peer in peers(arms, rng).items():
        seconds, answer = cpu_of(lambda peer=peer: peer(count))
        times[name] = seconds / count * REPLICATES
        replicates += list(answer)
    peer_se = np.std(replicates, ddof=1)
    noise = 5 * mine["std_error"] * np.sqrt(0.5 / len(replicates) + 0.5 / REPLICATES)
    good = abs(mine["std_error"] - peer_se) < noise
    exact = analytic(task, arms)
    if exact is not None:
        good = good and abs(mine["std_error"] - exact) < 5 * exact / np.sqrt(2 * REPLICATES)
    best = min(times, key=times.get)
    ratio = times[best] / mine["cpu"]
    print(f"\n{task}: standard error {mine['std_error']:.6g}, peers {peer_se:.6g}"
          + (f", analytic {exact:.6g}" if exact is not None else "")
          + ("  equal" if good else "  DIFFERENT"))
    for name, seconds in times.items():
        print(f"  {name:30s} {seconds:9.3f} s")
    print(f"  {'assay':30s} {mine['cpu']:9.3f} s   {ratio:.1f} x {best} (floor {floor})")
    return good and ratio >= floor


def aa_columns(options):
    rng = np.random.default_rng(3)
    metrics = []
    for m in range(MEANS + RATIOS):
        x = rng.gamma(2.0, 2.0, options.units)
        y = np.floor(0.6 * x + rng.gamma(1.5, 2.0, options.units))
        d = 1.0 + rng.poisson(3, options.units) if m >= MEANS else None
        for name, column in (("x", x), ("y", y), ("d", d)):
            if column is not None:
                save(options, f"{name}{m}", column)
        metrics.append((y, d, x))
    return metrics


def packed(metrics):
    """Centred variables and their products, a column each: all that a draw needs."""
    columns, centres = [], []
    for y, d, x in metrics:
        variables = [v for v in (y, d, x) if v is not None]
        centre = [v.mean() for v in variables]
        z = [v - c for v, c in zip(variables, centre)]
        columns += z + [z[i] * z[j] for i in range(len(z)) for j in range(i, len(z))]
        centres.append(centre)
    return np.array(columns).T.copy(), centres


def lin(n1, s1, n0, s0, centre):
    """Lin's estimate and standard error of one metric from sums, all draws at once."""
    k = len(centre)
    arms = []
    for n, s in ((n0, s0), (n1, s1)):
        mean = [s[i] / n for i in range(k)]
        product, at = {}, k
        for i in range(k):
            for j in range(i, k):
                product[i, j] = s[at] - s[i] * s[j] / n
                at += 1
        arms.append((n, mean, product))
    n = n0 + n1
    pooled = sum(a[0] * a[1][k - 1] for a in arms) / n
    within = sum(a[2][k - 1, k - 1] for a in arms) / (n - 2)
    values, residual, thetas, scale = [], [], [], []
    for count, mean, c in arms:
        xx = c[k - 1, k - 1]
        offset = mean[k - 1] - pooled
        y = centre[0] + mean[0] - c[0, k - 1] / xx * offset
        if k == 2:
            value, theta, d = y, c[0, 1] / xx, 1.0
            yy = c[0, 0]
        else:
            d = centre[1] + mean[1] - c[1, 2] / xx * offset
            value = y / d
            theta = (c[0, 2] - value * c[1, 2]) / xx
            yy = c[0, 0] - 2 * value * c[0, 1] + value**2 * c[1, 1]
        variance = (yy - theta**2 * xx) / (count - 2)
        values.append(value)
        residual.append(variance * (1 / count + offset**2 / xx) / d**2)
        thetas.append(theta)
        scale.append(d)
    both = thetas[1] / scale[1] - thetas[0] / scale[0]
    return values[1] - values[0], np.sqrt(residual[0] + residual[1] + both**2 * within / n)


def read_sums(counts, sums, total, centres, units):
    out, at = [], 0
    for centre in centres:
        k = len(centre)
        width = k + k * (k + 1) // 2
        s1 = sums[:, at:at + width].T
        s0 = total[at:at + width, None] - s1
        out.append(lin(counts, s1, units - counts, s0, centre))
        at += width
    return out


def aa(options, floor):
    metrics = aa_columns(options)
    columns, centres = packed(metrics)
    total = columns.sum(axis=0)
    rng = np.random.default_rng(11)
    n = options.units

    def products(count):
        """Coins as bits, 50 draws to one matrix product."""
        bits = np.unpackbits(np.frombuffer(rng.bytes(count * n // 8 + 8), np.uint8))[:count * n]
        mask = bits.reshape(count, n).astype(np.float64)
        return read_sums(mask.sum(axis=1), mask @ columns, total, centres, n)

    def indices(count):
        """Permutations of the units, the first half treated."""
        sums = np.array([columns[rng.permutation(n)[:n // 2]].sum(axis=0) for _ in range(count)])
        return read_sums(np.full(count, n // 2), sums, total, centres, n)

    draws = options.draws
    mine = ours(options, "aa", draws, threads=1, runs=1)
    pair = ours(options, "aa", draws, threads=2, runs=1)
    arms = np.fromfile(pathlib.Path(options.folder) / "arms.u8", np.uint8).astype(float)
    single = read_sums(np.array([arms.sum()]), arms[None, :] @ columns, total, centres, n)
    worst = max(max(abs(float(d[0]) - a) / b, abs(float(s[0]) / b - 1))
                for (d, s), (a, b) in zip(single, mine["draw"]))
    good = worst < 1e-8 and all(abs(r - 0.05) < 5 * np.sqrt(0.0475 / draws)
                                for r in mine["rejected"])
    times = {}
    for name, peer, count in (("numpy matrix products", products, 50),
                              ("numpy permutations", indices, 4)):
        seconds, _ = cpu_of(lambda peer=peer, count=count: peer(count))
        times[name] = seconds / count * draws
    best = min(times, key=times.get)
    ratio = times[best] / mine["cpu"]
    print(f"\naa: {draws} re-randomisations of {n} units x {MEANS + RATIOS} metrics with CUPED; "
          f"one draw against numpy: largest difference {worst:.1e} standard errors"
          + ("  equal" if good else "  DIFFERENT"))
    print("  achieved rates", " ".join(f"{100 * r:.2f}%" for r in mine["rejected"]))
    for name, seconds in times.items():
        print(f"  {name:30s} {seconds:9.1f} s")
    print(f"  {'assay, 1 thread':30s} {mine['cpu']:9.1f} s CPU, {mine['wall']:.1f} s wall, "
          f"{mine['rss_mb']} MB   {ratio:.1f} x {best} (floor {floor})")
    print(f"  {'assay, 2 threads':30s} {pair['cpu']:9.1f} s CPU, {pair['wall']:.1f} s wall, "
          f"{pair['rss_mb']} MB (floor: inside 60 s)")
    return good and ratio >= floor and pair["cpu"] / 2 < 60


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", default="build/release/bench/resampling_bench")
    parser.add_argument("--units", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--only", default="mean,ratio,quantile,aa")
    options = parser.parse_args()
    chosen = options.only.split(",")
    print(f"numpy {np.__version__}, scipy {scipy.__version__}, {options.units} units, "
          f"{REPLICATES} replicates, CPU seconds of one thread, load {os.getloadavg()[0]:.1f}")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        options.folder = folder
        if "mean" in chosen:
            good &= bootstrap(options, "mean", mean_peers, 15)
        if "ratio" in chosen:
            good &= bootstrap(options, "ratio", ratio_peers, 10)
        if "quantile" in chosen:
            good &= bootstrap(options, "quantile", quantile_peers, 100)
        if "aa" in chosen:
            good &= aa(options, 5)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
