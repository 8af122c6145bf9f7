"""Checks the shape of the source tree: layers, quarantine, names, sizes.

Prints one line per finding and exits 1 if there is any. The law is layers.toml.
"""

import pathlib
import re
import subprocess
import sys
import tomllib

BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|misc|manager)(_|\.)")
PRINTS = "std::cout"
LINE_LIMIT, FILE_LIMIT = 100, 500
CODE = (".cpp", ".hpp", ".py", ".ts", ".svelte", ".mjs")


def included(text):
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r'#include [<"]([^>"]+)[>"]', line):
            yield number, match[1]


def tracked(root):
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                           cwd=root, capture_output=True, text=True, check=True).stdout
    return [root / name for name in names.splitlines() if (root / name).is_file()]


def size_findings(name, text):
    lines = text.splitlines()
    if len(lines) > FILE_LIMIT:
        yield f"{name}: {len(lines)} lines, limit {FILE_LIMIT}"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_LIMIT:
            yield f"{name}:{number}: line exceeds {LINE_LIMIT} columns"
        if PRINTS in line and not str(name).startswith(("cli/", "bench/", "tools/")):
            yield f"{name}:{number}: only cli/ prints"


def room_of(name):
    parts = name.parts
    if parts[:2] == ("src", "assay") and len(parts) > 3:
        return parts[2]
    return "cli" if parts[0] == "cli" else None


def include_findings(name, text, layers):
    rooms, quarantine, only = layers["rooms"], layers["quarantine"], layers["only"]
    room = room_of(name)
    if room is None:
        return
    if room not in rooms:
        yield f"{name}: room '{room}' is not in layers.toml"
        return
    is_test = name.stem.endswith("_test")
    for number, header in included(text):
        target = header.split("/")[1] if header.startswith("assay/") else None
        if target and target != room and target not in rooms[room] and not is_test:
            yield f"{name}:{number}: {room} may not include {target} (layers.toml)"
        if target in only and room != target and not is_test:
            place = "/".join(name.parts[2:])
            if not any(place.startswith(prefix) for prefix in only[target]):
                yield f"{name}:{number}: {target} belongs to {', '.join(only[target])}"
        for prefix, allowed in quarantine.items():
            if header.startswith(prefix) and room not in allowed and not is_test:
                yield f"{name}:{number}: {header} belongs to {', '.join(allowed)}"


def ordered(rooms):
    """Rooms stand lower first, so a room may only use rooms above it in the file."""
    seen = set()
    for room, uses in rooms.items():
        for used in uses:
            if used not in seen:
                yield f"layers.toml: {room} uses {used}, which stands below it"
        seen.add(room)


def link_findings(root, rooms):
    """assay_room(... USES ...) names no room that layers.toml forbids."""
    for room, uses in rooms.items():
        path = root / "src/assay" / room / "CMakeLists.txt"
        if not path.is_file():
            continue
        match = re.search(r"\bUSES\s+([a-z_\s]+?)(?:\n?\s*[A-Z_]+\b|\))", path.read_text())
        for used in match[1].split() if match else []:
            if used not in uses:
                yield f"{path.relative_to(root)}: USES {used} is not allowed by layers.toml"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    layers = tomllib.loads((root / "layers.toml").read_text())
    found = [*ordered(layers["rooms"]), *link_findings(root, layers["rooms"])]
    for path in tracked(root):
        name = path.relative_to(root)
        if BANNED_NAMES.search(path.name):
            found.append(f"{name}: name the concept, not 'utils'")
        if path.suffix in CODE:
            text = path.read_text()
            found += size_findings(name, text)
            found += include_findings(name, text, layers)
    print("\n".join(found) or "tidy: clean")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
