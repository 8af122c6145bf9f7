"""Runs the commands that the documentation shows: docs_test.py ASSAY [PAGE.md ...]

Every fenced block (no language, `sh` or `bash`) of README.md and docs/capabilities/*.md whose first
line begins with `assay ` (a `$ ` before it is allowed) is run line by line in a copy of a small
simulated project, which also holds `events.parquet`, one day of its data. A line must exit with 0.
A comment on the line above the fence says otherwise:

    <!-- docs_test: exit 1 -->            the last line of the block exits so
    <!-- docs_test: skip, REASON -->      needs what is not here
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent
MARKER = re.compile(r"<!-- docs_test: (?:exit (\d+)|skip, (.+?)) -->")


def blocks(text):
    """(line number, commands, expected exit, reason to skip) of each block of commands."""
    lines = text.splitlines()
    inside, marker = None, None
    for number, line in enumerate(lines, 1):
        if inside is None and line.startswith("```"):
            above = MARKER.search(lines[number - 2]) if number > 1 else None
            inside, marker, language = [], above, line[3:].strip()
        elif inside is not None and line.startswith("```"):
            commands = [re.sub(r"^\$ ", "", each) for each in inside]
            if language in ("", "sh", "bash") and commands and commands[0].startswith("assay "):
                code = int(marker[1]) if marker and marker[1] else 0
                yield number - len(inside), commands, code, marker[2] if marker else None
            inside = None
        elif inside is not None:
            inside.append(line)


def joined(commands):
    """Commands with lines that end in a backslash put together; output lines are left out."""
    text = "\n".join(commands).replace("\\\n", " ")
    return [line for line in text.split("\n") if line.startswith("assay ")]


def run_page(page, world, folder, env):
    faults = count = 0
    project = folder / page.stem
    shutil.copytree(world, project)
    for number, commands, code, reason in blocks(page.read_text()):
        if reason:
            print(f"skipped {page.name}:{number}: {reason}")
            continue
        lines = joined(commands)
        for index, line in enumerate(lines):
            expected = code if index == len(lines) - 1 else 0
            done = subprocess.run(["bash", "-c", line], cwd=project, env=env, text=True,
                                  capture_output=True, stdin=subprocess.DEVNULL, timeout=240)
            count += 1
            if done.returncode != expected:
                faults += 1
                print(f"FAILED {page.name}:{number}: $ {line}\n  exit {done.returncode}, "
                      f"expected {expected}\n  {done.stderr.strip()}")
    return count, faults


def main(assay, pages):
    capabilities = sorted((SOURCE / "docs" / "capabilities").glob("*.md"))
    pages = [pathlib.Path(page) for page in pages] or [
        page for page in [SOURCE / "README.md", *capabilities] if page.exists()]
    with tempfile.TemporaryDirectory(prefix="assay_docs_") as name:
        folder = pathlib.Path(name)
        (folder / "bin").mkdir()
        (folder / "bin" / "assay").symlink_to(pathlib.Path(assay).resolve())
        env = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
               "XDG_CACHE_HOME": str(folder / "cache"), "NO_COLOR": "1"}
        world = folder / "world"
        made = subprocess.run(["assay", "simulate", world, "--events", "150k", "-q", "--project",
                               SOURCE / "examples/short_video"], env=env, capture_output=True,
                              text=True, check=False)
        if made.returncode != 0:
            sys.exit("cannot make the world: " + made.stderr)
        shutil.copytree(SOURCE / "examples", world / "examples")
        day = sorted(world.glob("data/events/*/*.parquet"))[30]
        shutil.copy(day, world / "events.parquet")
        results = [run_page(page, world, folder, env) for page in pages]
    count, faults = (sum(column) for column in zip(*results))
    print(f"{count} commands of {len(pages)} pages, {faults} failed")
    return 1 if faults or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
