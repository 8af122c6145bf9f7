"""Stands in for a ClickHouse server in tests: the SQL engine of ClickHouse inside chdb-core, behind
the shape of the HTTP interface, on the loopback address.

    clickhouse_http.py PORT [NAME=FILES ...]     NAME becomes a view of the Parquet FILES (a glob)

It is no cluster and no server: no users and rights, no replicas, no settings in the URL but those
handed to the statement, one statement at a time. KILL QUERY is answered and written down (GET
/killed shows the ids) and ends nothing. User `stranger` and a wrong password are refused, so that
the client's side of it can be tried. What is tested here: that the engine takes our SQL, and that
we read its answers and errors.
"""

import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import chdb.session

# Settings of the URL that belong to the interface and not to the statement.
INTERFACE = {"database", "default_format", "query", "query_id", "wait_end_of_query", "log_comment",
             "cancel_http_readonly_queries_on_client_close", "send_progress_in_http_headers",
             "http_headers_progress_interval_ms", "buffer_size"}


class Engine:
    def __init__(self, tables):
        self.session = chdb.session.Session()
        self.lock = threading.Lock()
        self.killed = []
        for table in tables:
            name, _, files = table.partition("=")
            quoted = files.replace("'", "\\'")
            self.session.query(f"CREATE VIEW `{name}` AS SELECT * FROM file('{quoted}', Parquet)")

    def run(self, statement, form, settings):
        with self.lock:
            for name, value in settings.items():
                self.session.query(f"SET {name} = '{value}'")
            return self.session.query(statement, form)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine = None

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code, words):
        self.answer(status, (words + "\n").encode(), [("X-ClickHouse-Exception-Code", code)])

    def do_GET(self):
        if self.path == "/ping":
            return self.answer(200, b"Ok.\n")
        if self.path == "/killed":
            return self.answer(200, json.dumps(self.engine.killed).encode())
        return self.run(b"")

    def do_POST(self):
        return self.run(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def run(self, body):
        asked = {name: values[0] for name, values in parse_qs(urlparse(self.path).query).items()}
        statement = (asked.get("query", "") + " " + body.decode("utf-8", "replace")).strip()
        user = self.headers.get("X-ClickHouse-User", "default")
        if user == "stranger" or self.headers.get("X-ClickHouse-Key", "") not in ("", "right"):
            return self.refuse(403, "516", f"Code: 516. DB::Exception: {user}: Authentication "
                               "failed: password is incorrect, or there is no user with such name. "
                               "(AUTHENTICATION_FAILED)")
        kill = re.search(r"KILL QUERY WHERE query_id = '([^']*)'", statement)
        if kill:
            self.engine.killed.append(kill.group(1))
            return self.answer(200, b"")
        settings = {name: value for name, value in asked.items() if name not in INTERFACE}
        begin = time.monotonic()
        try:
            result = self.engine.run(statement, asked.get("default_format", "TabSeparated"),
                                     settings)
        except Exception as error:  # The engine's refusals come as one type.
            words = str(error)
            code = re.search(r"Code: (\d+)", words)
            number = code.group(1) if code else "1000"
            return self.refuse(404 if number in ("60", "81") else 500, number, words)
        summary = {"read_rows": str(result.storage_rows_read()),
                   "read_bytes": str(result.storage_bytes_read()),
                   "elapsed_ns": str(int((time.monotonic() - begin) * 1e9))}
        return self.answer(200, result.bytes() or b"", [
            ("X-ClickHouse-Summary", json.dumps(summary)),
            ("X-ClickHouse-Query-Id", asked.get("query_id", ""))])

    def log_message(self, *_):
        pass


def main():
    Handler.engine = Engine(sys.argv[2:])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
