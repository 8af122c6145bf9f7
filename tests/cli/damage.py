"""Flips bits of one byte of a file: damage.py FILE OFFSET (a negative one counts from its end)."""

import pathlib
import sys

path, offset = pathlib.Path(sys.argv[1]), int(sys.argv[2])
content = bytearray(path.read_bytes())
content[offset] ^= 0x55
path.write_bytes(content)
