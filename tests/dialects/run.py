"""Runs the meanings of print_meanings on a real engine and compares with the rows worked out by
hand.

    run.py PRINT_MEANINGS clickhouse|sail|spark|trino

clickhouse  the engine inside the Python package chdb-core, in this process
sail        the Spark SQL engine of the package pysail, started here; needs adbc-driver-spark too
spark       a Spark Connect server: ASSAY_SPARK=spark://host:port
trino       a Trino coordinator with a catalog `memory`: ASSAY_TRINO=trino://host:port/...

Packages are looked for in this Python and in build/cluster/venv. Exit code 77: the engine is not
there, with the reason.
"""

import json
import math
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV_PYTHON = ROOT / "build/cluster/venv/bin/python3"
RELATIVE = 1e-12  # Of covariances and averages; everything else is one rounding or none.


class Skip(Exception):
    pass


class EngineError(Exception):
    pass


def text_literal(text, escapes):
    text = text.replace("\\", "\\\\") if escapes else text
    return "'" + text.replace("'", "\\'" if escapes else "''") + "'"


# ------------------------------------------------------------------------------------------------
# Engines: create the table that some meanings read, run a statement.


class ClickHouse:
    name = dialect = "clickhouse"

    def __init__(self):
        try:
            from chdb import session
        except ImportError as missing:
            raise Skip(f"the package chdb-core is not installed ({missing})") from missing
        self.session = session.Session()

    def create(self, table):
        wall = table["wall_name"][self.dialect]
        self.session.query(
            f"CREATE TABLE {table['table']} (id Int64, instant DateTime64(6, 'Asia/Tokyo'), "
            f"{wall} DateTime64(6, 'UTC'), date Date32, whole Int64, small Int32, real Float64, "
            "text String, truth Bool) ENGINE = Memory")
        rows = ", ".join(
            f"({r['id']}, toDateTime64('{r['instant']}', 6, 'UTC'), "
            f"toDateTime64('{r['instant']}', 6, 'UTC'), '{r['date']}', {r['whole']}, {r['day']}, "
            f"{r['real']}, {text_literal(r['text'], True)}, {r['truth']})" for r in table["rows"])
        self.session.query(f"INSERT INTO {table['table']} VALUES {rows}")

    def run(self, statement):
        try:
            answer = self.session.query(
                statement + ", output_format_json_quote_64bit_integers = 0", "JSONCompact")
        except Exception as error:
            self.session.query("SELECT 1")  # Else what was written before it stays for the next.
            raise EngineError(str(error)) from error
        answer = json.loads(answer.bytes())
        real = ["Float" in column["type"] for column in answer["meta"]]
        return [[float(cell) if is_real and cell is not None else cell
                 for cell, is_real in zip(row, real)] for row in answer["data"]]

    def close(self):
        self.session.close()


class Spark:
    dialect = "spark"

    def __init__(self, uri):
        try:
            import adbc_driver_manager.dbapi
            import adbc_driver_spark
        except ImportError as missing:
            raise Skip(f"the package adbc-driver-spark is not installed ({missing})") from missing
        driver = adbc_driver_spark._driver_path()
        self.connection = adbc_driver_manager.dbapi.connect(
            driver=driver, db_kwargs={"uri": uri}, autocommit=True)
        self.error = adbc_driver_manager.Error
        self.name = "spark"
        try:
            self.run("SET TIME ZONE 'UTC'")
        except EngineError:
            self.name = "sail"  # It has no such statement; its sessions are in UTC.

    def create(self, table):
        wall = table["wall_name"][self.dialect]
        rows = ", ".join(
            f"({r['id']}L, TIMESTAMP '{r['instant']} UTC', TIMESTAMP_NTZ '{r['instant']}', "
            f"DATE '{r['date']}', {r['whole']}L, {r['day']}, CAST('{r['real']}' AS DOUBLE), "
            f"{text_literal(r['text'], True)}, {r['truth']})" for r in table["rows"])
        self.run(f"CREATE OR REPLACE TEMPORARY VIEW {table['table']} AS SELECT * FROM VALUES {rows}"
                 f" AS t(id, instant, {wall}, date, whole, small, real, text, truth)")

    def run(self, statement):
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(statement)
                return [list(row) for row in cursor.fetchall()]
        except self.error as error:
            raise EngineError(str(error)) from error

    def close(self):
        self.connection.close()


class Sail(Spark):
    def __init__(self):
        sail = pathlib.Path(sys.prefix) / "bin/sail"
        if not sail.exists():
            raise Skip("the package pysail is not installed")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.server = subprocess.Popen(
            [sail, "spark", "server", "--ip", "127.0.0.1", "--port", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_port(port)
            super().__init__(f"sc://127.0.0.1:{port}")
        except BaseException:
            self.server.kill()
            raise

    def close(self):
        try:
            super().close()
        finally:
            self.server.terminate()
            self.server.wait(timeout=20)


class Trino:
    name = dialect = "trino"

    def __init__(self, url):
        self.url = url.rstrip("/")
        self.run("SELECT 1")

    def create(self, table):
        wall = table["wall_name"][self.dialect]
        rows = ", ".join(
            f"(BIGINT '{r['id']}', TIMESTAMP '{r['instant']} UTC', TIMESTAMP '{r['instant']}', "
            f"DATE '{r['date']}', BIGINT '{r['whole']}', {r['day']}, {self.real(r['real'])}, "
            f"VARCHAR {text_literal(r['text'], False)}, {r['truth']})" for r in table["rows"])
        self.run(f"DROP TABLE IF EXISTS {table['table']}")
        self.run(f"CREATE TABLE {table['table']} AS SELECT * FROM (VALUES {rows}) "
                 f"AS t(id, instant, {wall}, date, whole, small, real, text, truth)")

    @staticmethod
    def real(text):
        words = {"nan": "nan()", "inf": "infinity()", "-inf": "-infinity()"}
        return words.get(text, f"DOUBLE '{text}'")

    def run(self, statement):
        headers = {"X-Trino-User": "assay", "X-Trino-Catalog": "memory",
                   "X-Trino-Schema": "default", "X-Trino-Time-Zone": "UTC"}
        page = self.ask(urllib.request.Request(self.url + "/v1/statement", statement.encode(),
                                               headers))
        rows, types = [], []
        while True:
            if "error" in page:
                raise EngineError(page["error"]["message"])
            types = [column["type"] for column in page.get("columns", [])] or types
            rows += page.get("data", [])
            if "nextUri" not in page:
                return [[float(cell) if kind == "double" and cell is not None else cell
                         for cell, kind in zip(row, types)] for row in rows]
            page = self.ask(urllib.request.Request(page["nextUri"], headers=headers))

    @staticmethod
    def ask(request):
        while True:
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:
                if error.code not in (502, 503, 504):
                    raise
                time.sleep(0.1)

    def close(self):
        pass


def wait_for_port(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the engine's server did not open its port in 30 seconds")


def engine_of(name):
    if name == "clickhouse":
        return ClickHouse()
    if name == "sail":
        return Sail()
    variable = {"spark": "ASSAY_SPARK", "trino": "ASSAY_TRINO"}[name]
    if variable not in os.environ:
        raise Skip(f"{variable} is not set")
    host = urllib.parse.urlsplit(os.environ[variable]).netloc.rpartition("@")[2]
    return Spark(f"sc://{host}") if name == "spark" else Trino(f"http://{host}")


# ------------------------------------------------------------------------------------------------
# Comparing.


def same_cell(expected, got):
    if type(expected) is not type(got):
        return False
    if isinstance(expected, float):
        return expected == got or math.isclose(expected, got, rel_tol=RELATIVE)
    return expected == got


def same(expected, got):
    return len(expected) == len(got) and all(
        len(a) == len(b) and all(map(same_cell, a, b)) for a, b in zip(expected, got))


# What an engine is known to do otherwise; each is said where its dialect is written.
KNOWN = {
    ("sail", "a sum past 64 bits"),  # It wraps around; Spark refuses.
}


def compare(engine, meanings):
    wrong = 0
    for meaning in meanings:
        statement = meaning["statement"][engine.dialect]
        try:
            got = engine.run(statement)
            fine = not meaning["fails"] and same(meaning["rows"], got)
        except EngineError as error:
            got, fine = str(error)[:300], meaning["fails"]
        known = (engine.name, meaning["what"]) in KNOWN
        if fine == known:
            wrong += 1
            print(f"\n{meaning['what']}{' (known to differ, but does not)' if known else ''}\n"
                  f"{statement}\n  expected {meaning['rows']}\n  got      {got}"[:1500])
    return wrong


def main():
    program, name = sys.argv[1:]
    try:
        engine = engine_of(name)
    except Skip as reason:
        if VENV_PYTHON.exists() and not sys.prefix.startswith(str(VENV_PYTHON.parents[1])):
            os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])
        print(f"skipped: {reason}")
        return 77
    lines = subprocess.run([program], capture_output=True, check=True).stdout.decode()
    table, *meanings = map(json.loads, lines.strip("\n").split("\n"))
    try:
        engine.create(table)
        wrong = compare(engine, meanings)
    finally:
        engine.close()
    right = len(meanings) - wrong
    print(f"{engine.name}: {right} of {len(meanings)} meanings as worked out by hand")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
