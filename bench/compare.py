"""Compares assay with DuckDB and ClickHouse: equal answers first, then medians of several runs.

Usage: compare.py PROJECT --assay build/release/cli/assay --bench build/release/bench/engine_bench
Writes the figures as JSON beside the project and prints a table. Exits 1 when answers differ.
"""

import argparse
import json
import math
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

import peers

FLOORS = {"funnel": 20, "retention": 30, "retention_stored_day": 0, "sessions": 10,
          "experiment": 20}


def same(ours, theirs):
    """True when two answers agree: counts exactly, numbers to 1e-9 relative."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, (list, tuple)):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)


def same_cell(ours, theirs):
    """Moments of one cell; a covariance is held against the size of its two variances."""
    if ours[0] != theirs[0]:
        return False
    n, mean_y, mean_x, yy, yx, xx = ours
    sizes = [1, math.sqrt(yy / n), math.sqrt(xx / n), yy, math.sqrt(yy * xx), xx]
    return all(abs(a - b) <= 1e-9 * max(abs(a), abs(b), size)
               for a, b, size in zip(ours, theirs, sizes))


def our_answer(question, answer, first_day):
    if question == "retention":
        cells = {}
        for c, units in enumerate(answer["units"]):
            if units:
                cells[(first_day + c, 0)] = units
            for k in range(27):
                if answer["retained"][c * 27 + k]:
                    cells[(first_day + c, k + 1)] = answer["retained"][c * 27 + k]
        return cells
    if question == "sessions":
        return [answer["sessions"], answer["mean_seconds"], answer["mean_depth"]]
    if question == "experiment":
        return {row[0].replace("all//", "all//"): tuple(row[1:]) for row in answer}
    return answer


def compare_experiment(ours, theirs):
    """Every cell of ours; segments that a peer drops because they are empty do not exist here."""
    missing = [key for key in ours if key not in theirs]
    wrong = [key for key in ours if key in theirs and not same_cell(ours[key], theirs[key])]
    return missing, wrong


def run_ours(bench, project, runs, threads):
    done = subprocess.run([bench, project, str(runs), str(threads)], check=True,
                          capture_output=True, text=True)
    return json.loads(done.stdout)


def build_times(assay, project, runs, memory):
    """Wall and CPU seconds and peak memory of index builds from Parquet, as whole processes."""
    times = []
    for _ in range(runs):
        shutil.rmtree(pathlib.Path(project) / ".assay", ignore_errors=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.perf_counter()
        process = subprocess.run(["/usr/bin/env", "bash", "-c",
                                  'out=$("$0" index "$1" --memory "$2" -q --format json) && '
                                  'echo ok', assay, str(project), memory],
                                 check=True, capture_output=True, text=True)
        wall = time.perf_counter() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert process.stdout.strip() == "ok"
        times.append({"wall": wall, "cpu": after.ru_utime + after.ru_stime - before.ru_utime
                      - before.ru_stime})
    return times


SORT = """
import duckdb, sys, time, resource
db = duckdb.connect(sys.argv[1])
db.execute(f"set threads = {sys.argv[3]}; set enable_progress_bar = false")
begin = time.perf_counter()
db.execute(f"create or replace table sorted as select user_id, ts, seq, received_at, event, "
           f"country, device, app_version, new_user, experiment, variant, "
           f"watch_ms / 60000.0 as watch_minutes, completed, revenue "
           f"from read_parquet('{sys.argv[2]}/data/events/*/*.parquet') order by user_id, ts")
wall = time.perf_counter() - begin
used = resource.getrusage(resource.RUSAGE_SELF)
print('seconds', wall, used.ru_utime + used.ru_stime)
"""


def sort_times(project, folder, threads, runs):
    times = []
    for run in range(runs):
        path = pathlib.Path(folder) / f"sort{run}.duckdb"
        path.unlink(missing_ok=True)
        done = subprocess.run([sys.executable, "-c", SORT, str(path), str(project), str(threads)],
                              check=True, capture_output=True, text=True)
        wall, cpu = map(float, done.stdout.split('seconds')[1].split())
        times.append({"wall": wall, "cpu": cpu})
        path.unlink(missing_ok=True)
    return times


def without_dedup(project, folder):
    """The same events under a policy without deduplication, for the build alone."""
    copy = pathlib.Path(folder) / "build_project"
    copy.mkdir(exist_ok=True)
    text = (pathlib.Path(project) / "assay.yaml").read_text()
    kept = [line for line in text.splitlines() if not line.strip().startswith("dedup:")]
    (copy / "assay.yaml").write_text("\n".join(kept) + "\n")
    data = copy / "data"
    if not data.exists():
        data.symlink_to((pathlib.Path(project) / "data").resolve())
    return copy


def median(times, key="wall"):
    return statistics.median(t[key] for t in times)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("project")
    options.add_argument("--assay", required=True)
    options.add_argument("--bench", required=True)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--memory", default="4G")
    options.add_argument("--skip-build", action="store_true")
    options = options.parse_args()
    folder = pathlib.Path(options.project) / "bench"
    folder.mkdir(exist_ok=True)

    duck = peers.Duckdb(options.project, options.threads, folder)
    clean = folder / "clean.parquet"
    if not clean.exists():
        duck.export(clean)
    click = peers.Clickhouse(clean, options.threads, folder)
    events = duck.rows("select count(*) from events")[0][0]
    first_day = duck.rows("select min(day) from events")[0][0]
    print(f"{events:,} clean events, {options.threads} threads, medians of {options.runs} runs; "
          f"duckdb {duck.version}, clickhouse {click.version}")
    ours = run_ours(options.bench, options.project, options.runs, options.threads)

    failed = False
    table = {"events": events, "threads": options.threads, "questions": {}}
    print(f"{'question':<22}{'equal':>7}{'assay s':>10}{'duckdb s':>10}{'chdb s':>10}"
          f"{'ratio':>8}{'in cpu':>8}{'floor':>7}")
    for question, floor in FLOORS.items():
        ask = question.removesuffix("_stored_day")
        mine = our_answer(ask, ours[ask]["answer"], first_day)
        row = {"assay": statistics.median(ours[ask]["seconds"]),
               "assay_cpu": statistics.median(ours[ask]["cpu"])}
        equal = True
        for peer in (duck, click):
            answer, seconds, cpu = getattr(peer, question)(options.runs)
            row[peer.name.split()[0]] = statistics.median(seconds)
            row[peer.name.split()[0] + "_cpu"] = statistics.median(cpu)
            if question == "experiment":
                missing, wrong = compare_experiment(mine, answer)
                good = not missing and not wrong
                if not good:
                    print(f"  {peer.name}: {len(missing)} cells missing, {len(wrong)} differ: "
                          f"{(missing + wrong)[:3]}")
                    for key in wrong[:2]:
                        print("   ", key, mine[key], answer[key])
            else:
                good = same(mine, answer)
                if not good:
                    print(f"  {peer.name} differs: {str(mine)[:200]} | {str(answer)[:200]}")
            equal = equal and good
        ratio = min(row["duckdb"], row["clickhouse"]) / row["assay"]
        cpu_ratio = min(row["duckdb_cpu"], row["clickhouse_cpu"]) / row["assay_cpu"]
        row.update(ratio=ratio, cpu_ratio=cpu_ratio, equal=equal, floor=floor)
        table["questions"][question] = row
        failed = failed or not equal
        print(f"{question:<22}{'yes' if equal else 'NO':>7}{row['assay']:>10.4f}"
              f"{row['duckdb']:>10.3f}{row['clickhouse']:>10.3f}{ratio:>7.1f}x{cpu_ratio:>7.1f}x"
              f"{floor:>6}x")

    if not options.skip_build:
        project = without_dedup(options.project, folder)
        build = build_times(options.assay, project, 3, options.memory)
        order = sort_times(options.project, folder, options.threads, 3)
        table["build"] = {"assay": build, "duckdb_order_by": order}
        print(f"index build  wall {median(build):.2f} s, cpu {median(build, 'cpu'):.2f} s; "
              f"duckdb order by wall {median(order):.2f} s, cpu {median(order, 'cpu'):.2f} s; "
              f"ratio {median(order) / median(build):.1f}x wall, "
              f"{median(order, 'cpu') / median(build, 'cpu'):.1f}x cpu")
    (folder / "figures.json").write_text(json.dumps(table, indent=2) + "\n")
    sys.exit(failed)


if __name__ == "__main__":
    main()
