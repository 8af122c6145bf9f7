"""Ctrl-C in the middle of a warehouse query, through the program itself, on a real Trino.

    cli_stop.py ASSAY

A table of 3 million events is made where ASSAY_TRINO says. `assay sessions` is started with a
terminal for its messages; once the engine runs its statement the program gets SIGINT. It must show
progress before, end with 130 within five seconds, leave its project as it was, print no page, and
leave no query on the cluster. Without ASSAY_TRINO: "ASSAY_TRINO is not set", and success.
"""

import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

SPEC = """version: 1
name: stop
engine: {engine}
sources:
  - name: events
    type: warehouse
    table: cli_stop
    entities:
      - {{name: user, type: primary, expr: user_id}}
    event_name: event
    event_time: {{expr: ts, unit: timestamp}}
    complete_until: 2026-04-01
    properties: {{}}
"""
TABLE = """CREATE TABLE cli_stop AS SELECT (a.x * 3000 + b.y) % 70001 AS user_id,
    CASE WHEN b.y % 3 = 0 THEN 'open' ELSE 'view' END AS event,
    date_add('second', (a.x * 7919 + b.y * 104729) % 2500000,
             TIMESTAMP '2026-03-01 00:00:00.000000') AS ts
    FROM UNNEST(sequence(0, 999)) a(x) CROSS JOIN UNNEST(sequence(0, 2999)) b(y)"""


def ask(base, path, statement):
    """Rows of one statement."""
    catalog, schema = path
    headers = {"X-Trino-User": "assay", "X-Trino-Catalog": catalog, "X-Trino-Schema": schema}
    request = urllib.request.Request(base + "/v1/statement", statement.encode(), headers)
    rows = []
    while True:
        answer = json.load(urllib.request.urlopen(request))
        if "error" in answer:
            sys.exit(f"Trino: {answer['error']['message']}\n{statement}")
        rows += answer.get("data", [])
        if "nextUri" not in answer:
            return rows
        request = urllib.request.Request(answer["nextUri"], headers=headers)


def queries(base):
    """State and error of our own statements about the table, newest last."""
    request = urllib.request.Request(base + "/v1/query", headers={"X-Trino-User": "assay"})
    found = [query for query in json.load(urllib.request.urlopen(request))
             if query["query"].startswith("-- assay sessions")]
    return sorted(found, key=lambda query: query["queryId"])


def drain(terminal, said):
    while select.select([terminal], [], [], 0)[0]:
        try:
            said.append(os.read(terminal, 4096))
        except OSError:
            return


def main():
    url = os.environ.get("ASSAY_TRINO")
    if not url:
        print("ASSAY_TRINO is not set")
        return
    host, path = re.match(r"trino://\w+@([^/]+)/([^?]+)", url).groups()
    base, path = "http://" + host, path.split("/")
    ask(base, path, "DROP TABLE IF EXISTS cli_stop")
    ask(base, path, TABLE)
    known = {query["queryId"] for query in queries(base)}
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "assay.yaml").write_text(SPEC.format(engine=url))
        before = sorted(pathlib.Path(folder).rglob("*"))
        terminal, messages = pty.openpty()
        program = subprocess.Popen([sys.argv[1], "sessions", folder], stdout=subprocess.PIPE,
                                   stderr=messages)
        os.close(messages)
        said, ours, began = [], [], time.monotonic()
        while not ours and program.poll() is None and time.monotonic() - began < 120:
            drain(terminal, said)
            ours = [query for query in queries(base)
                    if query["queryId"] not in known and query["state"] == "RUNNING"]
            time.sleep(0.02)
        if not ours:
            sys.exit(f"the statement was not seen running:\n{b''.join(said).decode()}")
        time.sleep(0.7)  # A look at progress or two.
        drain(terminal, said)
        stopped = time.monotonic()
        program.send_signal(signal.SIGINT)
        page = program.stdout.read()
        code = program.wait(timeout=30)
        took = time.monotonic() - stopped
        drain(terminal, said)
        words = b"".join(said).decode()
        print(words)
        state = {}
        for _ in range(50):
            state = [query for query in queries(base) if query["queryId"] == ours[0]["queryId"]][0]
            if state["state"] == "FAILED":
                break
            time.sleep(0.1)
        after = sorted(pathlib.Path(folder).rglob("*"))
    ask(base, path, "DROP TABLE cli_stop")
    checks = {
        "exit code 130": code == 130,
        "within five seconds": took < 5,
        "no page": page == b"",
        "the project as it was": before == after,
        "progress shown": "%" in words or "running" in words,
        "the query is gone": state["state"] == "FAILED"
                             and state["errorCode"]["name"] == "USER_CANCELED",
    }
    for name, good in checks.items():
        print(f"{'ok' if good else 'FAILED'}: {name}")
    print(f"ended {took:.2f} s after the signal with {code}; the query is {state['state']}")
    sys.exit(0 if all(checks.values()) else 1)


if __name__ == "__main__":
    main()
