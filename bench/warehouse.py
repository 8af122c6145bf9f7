"""Simulated worlds on a real Trino beside the same worlds on this machine: equal answers first,
then what came back and what it cost.

    tools/cluster/trino.sh up && eval "$(tools/cluster/trino.sh env)"
    build/bench/venv/bin/python bench/warehouse.py --assay build/release/cli/assay 1M 5M 20M

A world is simulated into build/bench/SIZE unless it is there, its files are linked into the folder
that Trino reads (ASSAY_TRINO_DATA) and declared as a Hive table of a schema of its own. The same
questions are timed on the index and on DuckDB, in one process on this machine; DuckDB's pages are
compared too. 20 million events want more of each worker:

    HEAP_WORKER=5G MEMORY_WORKER=4200MB tools/cluster/trino.sh up

The last lines are the table of docs/capabilities/warehouses.md.
"""

import argparse
import json
import math
import os
import pathlib
import re
import resource
import subprocess
import sys
import time
import urllib.request

import duckdb

SOURCE = pathlib.Path(__file__).resolve().parent.parent
TYPES = {"VARCHAR": "varchar", "BIGINT": "bigint", "INTEGER": "integer", "DOUBLE": "double",
         "BOOLEAN": "boolean", "TIMESTAMP": "timestamp(6)",
         "TIMESTAMP WITH TIME ZONE": "timestamp(6)"}
VERBS = {
    "active users": ["active-users"],
    "retention": ["retention", "--start", "signup", "--return", "app_open"],
    "funnel": ["funnel"],
    "sessions": ["sessions"],
    "metrics by day": ["metrics", "--by", "day", "--refresh"],
    "experiment": ["experiment"],
}
RELATIVE = 1e-7  # Derived statistics; moments agree to 1e-9, counts exactly.


def ask(base, statement):
    """Runs one statement and gives back its rows."""
    request = urllib.request.Request(base + "/v1/statement", statement.encode(),
                                     {"X-Trino-User": "assay"})
    rows = []
    while True:
        answer = json.load(urllib.request.urlopen(request))
        if "error" in answer:
            sys.exit(f"Trino: {answer['error']['message']}\n{statement}")
        rows += answer.get("data", [])
        if "nextUri" not in answer:
            return rows
        request = urllib.request.Request(answer["nextUri"], headers={"X-Trino-User": "assay"})


def declare(base, world, size, data):
    """The world's files as view events of schema w_SIZE: what the spec's expressions mean is a
    column there."""
    schema, folder = f"w_{size.lower()}", pathlib.Path(data) / f"w_{size.lower()}"
    if not folder.exists():
        subprocess.run(["cp", "-rl", world / "data" / "events", folder], check=True)
    found = duckdb.sql(f"DESCRIBE SELECT * EXCLUDE dt FROM read_parquet('{folder}/*/*.parquet', "
                       "hive_partitioning = true)").fetchall()
    columns = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind, *_ in found)
    ask(base, f"CREATE SCHEMA IF NOT EXISTS hive.{schema}")
    ask(base, f"DROP TABLE IF EXISTS hive.{schema}.files")
    ask(base, f"CREATE TABLE hive.{schema}.files ({columns}, dt varchar) WITH (format = "
              f"'PARQUET', partitioned_by = ARRAY['dt'], external_location = "
              f"'local:///{folder.name}')")
    ask(base, f"CALL hive.system.sync_partition_metadata('{schema}', 'files', 'FULL')")
    ask(base, f"CREATE OR REPLACE VIEW hive.{schema}.events AS SELECT *, watch_ms / 60000e0 AS "
              f"watch_minutes FROM hive.{schema}.files")
    return schema


def differences(one, other, where=""):
    """Where two JSON documents say different things. Prose is left out: it names who answered."""
    if where.endswith("blocks"):
        one, other = ([block for block in blocks if block["type"] not in ("text", "notes")]
                      for blocks in (one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(set(one) | set(other)):
            if key not in ("provenance",):
                yield from differences(one.get(key), other.get(key), f"{where}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, (a, b) in enumerate(zip(one, other)):
            yield from differences(a, b, f"{where}[{i}]")
    elif isinstance(one, float) or isinstance(other, float):
        alike = (isinstance(one, (int, float)) and isinstance(other, (int, float)) and
                 math.isclose(one, other, rel_tol=RELATIVE, abs_tol=1e-12))
        if not alike:
            yield f"{where}: {one!r} / {other!r}"
    elif one != other:
        yield f"{where}: {one!r} / {other!r}"


def run(assay, words, engine, folder):
    """The page, seconds by the clock, and CPU seconds of the program."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([assay, *words, "--engine", engine, "--format", "json", "-q"],
                          capture_output=True, text=True, cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = (time.monotonic() - began,
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    if done.returncode not in (0, 1):
        print(f"{' '.join(words)} on {engine}:\n{done.stderr}", flush=True)
        return None, took
    return json.loads(done.stdout), took


def number(text):
    """"12.6 kB", "4,562,424", "25.1"."""
    digits, _, unit = text.replace(",", "").partition(" ")
    return float(digits) * {"": 1, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[unit]


def costs(base, answer):
    """What Trino says that the statements of an answer cost. Bytes back are those of the rows: what
    else comes over the line says how far a statement is, and grows with its time."""
    facts = {fact["key"]: fact["value"] for fact in answer["provenance"]["more"]}
    found = {name: number(re.search(pattern, facts["asked"])[1]) for name, pattern in (
        ("statements", r"([\d,]+) statement"), ("rows", r"([\d,]+) rows"),
        ("read", r"([\d.,]+ [kMG]?B) read"), ("cpu", r"([\d.,]+) CPU"))}
    peak = moved = back = bytes_back = 0
    for query in facts.get("query ids", "").split(", "):
        request = urllib.request.Request(f"{base}/v1/query/{query}",
                                         headers={"X-Trino-User": "assay"})
        stats = json.load(urllib.request.urlopen(request))["queryStats"]
        peak = max(peak, int(stats["peakUserMemoryReservation"].removesuffix("B")))
        moved += int(stats["internalNetworkInputDataSize"].removesuffix("B"))
        back += stats["outputPositions"]
        bytes_back += int(stats["outputDataSize"].removesuffix("B"))
    return found | {"peak": peak, "moved": moved, "back": back, "returned": bytes_back}


def ask_all(options, words, there, world):
    """The answer of Trino, what each engine took, and where any differs from the index."""
    assay = options.assay.resolve()
    local, here = run(assay, words, "embedded", world)
    twin, twin_took = (local, (math.nan, math.nan))
    if not options.without_duckdb:
        twin, twin_took = run(assay, words, "duckdb", world)
    answer, far = run(assay, words, there, world)
    times = {"index": here, "duckdb": twin_took, "trino": far}
    if None in (local, twin, answer):
        return answer, times, ["no answer"]
    found = [f"trino {line}" for line in differences(local, answer)]
    found += [f"duckdb {line}" for line in differences(local, twin)]
    return answer, times, found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="+")
    parser.add_argument("--assay", type=pathlib.Path, required=True)
    parser.add_argument("--only", nargs="+", choices=VERBS, default=list(VERBS))
    parser.add_argument("--without-duckdb", action="store_true")
    options = parser.parse_args()
    assay = options.assay.resolve()
    url, data = os.environ["ASSAY_TRINO"], os.environ["ASSAY_TRINO_DATA"]
    base = "http://" + re.search(r"@([^/]+)/", url)[1]
    unequal = 0
    table = {}
    for size in options.sizes:
        world = SOURCE / "build" / "bench" / size
        if not (world / "truth.json").exists():
            subprocess.run([assay, "simulate", world, "--events", size, "--project",
                            SOURCE / "examples" / "short_video", "-q"], check=True,
                           stdout=subprocess.DEVNULL)
        schema = declare(base, world, size, data)
        there = f"trino://assay@{base[7:]}/hive/{schema}"
        for name in options.only:
            words = VERBS[name]
            last = "experiments/new_feed_ranker.yaml" if name == "experiment" else "."
            words = [*words, last] + (["--no-files"] if name == "experiment" else [])
            answer, times, found = ask_all(options, words, there, world)
            unequal += bool(found)
            cost = costs(base, answer) if answer else {}
            print(f"{size:>4}  {name:15}  {'EQUAL' if not found else 'DIFFERENT'}  wall and CPU: "
                  + ", ".join(f"{who} {wall:.1f} {cpu:.1f}" for who, (wall, cpu) in times.items())
                  + f"  {cost}", flush=True)
            for line in found[:5]:
                print("      ", line[:150])
            if cost:
                table.setdefault(name, []).append(
                    f"| {name} | {size} | {cost['statements']:.0f} | {cost['rows']:,.0f} | "
                    f"{cost['read'] / 1e6:,.0f} MB | {cost['moved'] / 1e6:,.0f} MB | "
                    f"{cost['peak'] / 1e6:,.0f} MB | {cost['back']:,} | "
                    f"{cost['returned'] / 1e3:,.1f} kB | "
                    f"{cost['cpu']:,.1f} [{times['trino'][0]:.0f}] | "
                    f"{times['duckdb'][1]:.1f} [{times['duckdb'][0]:.0f}] | "
                    f"{times['index'][1]:.2f} [{times['index'][0]:.1f}] |")
    print("\n| question | events | statements | rows read | bytes read | moved | peak memory | "
          "rows back | bytes back | Trino CPU s [wall] | DuckDB CPU s [wall] | index CPU s [wall] |"
          "\n|---|---|" + "---:|" * 10)
    for rows in table.values():
        print("\n".join(rows))
    sys.exit(1 if unequal else 0)


if __name__ == "__main__":
    main()
