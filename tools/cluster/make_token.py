"""A signed token for tests of logins: make_token.py KEY-FILE USER SECONDS prints a JWT (RFC 7519,
HS256 of RFC 7518) that holds so many seconds. The file has the key in base64, as Trino reads it."""

import base64
import hashlib
import hmac
import json
import pathlib
import sys
import time


def packed(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


key = base64.b64decode(pathlib.Path(sys.argv[1]).read_text())
head = packed(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
until = int(time.time()) + int(sys.argv[3])
claims = packed(json.dumps({"sub": sys.argv[2], "exp": until}).encode())
signed = head + b"." + claims
print((signed + b"." + packed(hmac.new(key, signed, hashlib.sha256).digest())).decode())
