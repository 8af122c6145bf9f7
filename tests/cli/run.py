"""Runs text cases against the assay program. Standard library only.

    run.py ASSAY FILE.test ...      exit 1 when a case fails
    UPDATE=1 run.py ...             rewrites the whole-text expectations

A file holds cases, each in a folder of its own:

    case: a sentence
    setup: any shell line               (repeatable; must succeed; ASSAY, WORLD and SOURCE are set)
    run: assay funnel ok.csv            (shell line under test; `assay` is the program)
    after: assay index p --verify       (repeatable; shell lines that must succeed afterwards)
    exit: 2
    stdout: a fragment                  (repeatable; also `stderr:`)
    not stdout: a fragment that must be absent  (also `not stderr:`)
    stdout whole:                       (indented by two, to the end of the block; also stderr)
      every line
    width: 80                           (no line of stdout is longer)
    needs: root | user | tmpfs          (else the case is skipped with a word)

WORLD is a small simulated project, made once and copied by a case that wants to change it; SOURCE
is the source tree, TOOLS this folder. `fixture: NAME` copies fixtures/NAME into the case.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
LISTS = ("setup", "after", "stdout", "stderr", "not stdout", "not stderr", "fixture")
WHOLE = ("stdout whole", "stderr whole")
SINGLE = ("case", "run", "exit", "width", "needs")


def parse(path):
    """The cases of a file: dictionaries with the line of each whole-text block."""
    cases, block = [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if block is not None and (line.startswith("  ") or not line.strip()):
            cases[-1][block].append(line[2:])
            continue
        block = None
        if not line.strip() or line.startswith("#"):
            continue
        match = re.match(r"([a-z ]+):(?: (.*))?$", line)
        key, value = (match[1], match[2] or "") if match else (None, None)
        if key == "case":
            cases.append({"case": value, "exit": "0", **{k: [] for k in LISTS}})
        elif key in WHOLE:
            cases[-1][key], block = [], key
        elif key in LISTS:
            cases[-1][key].append(value)
        elif key in SINGLE:
            cases[-1][key] = value
        else:
            sys.exit(f"{path}:{number}: not a line of a case: {line}")
    for case in cases:
        for key in WHOLE:
            while case.get(key) and not case[key][-1].strip():
                case[key].pop()
    return cases


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c)
               for c in text)


def missing_need(need):
    if need == "root" and os.geteuid() != 0:
        return "needs root"
    if need == "user" and os.geteuid() == 0 and not shutil.which("setpriv"):
        return "root reads everything and there is no setpriv"
    if need == "tmpfs":
        probe = tempfile.mkdtemp()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", probe],
                                 capture_output=True).returncode == 0
        if mounted:
            subprocess.run(["umount", probe], check=False)
        os.rmdir(probe)
        return None if mounted else "cannot mount a tmpfs"
    return None


class Runner:
    def __init__(self, assay, scratch):
        self.scratch = scratch
        self.world = scratch / "world"
        tools = scratch / "bin"
        tools.mkdir()
        (tools / "assay").symlink_to(assay)
        self.env = {**os.environ, "ASSAY": str(assay), "SOURCE": str(SOURCE), "NO_COLOR": "1",
                    "TOOLS": str(HERE), "WORLD": str(self.world), "LC_ALL": "C.UTF-8",
                    "PATH": f"{tools}:{os.environ['PATH']}"}
        os.chmod(scratch, 0o755)

    def shell(self, line, folder):
        env = {**self.env, "XDG_CACHE_HOME": str(folder / ".cache")}
        return subprocess.run(["bash", "-c", line], cwd=folder, env=env, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=240, text=True, errors="replace")

    def make_world(self):
        if self.world.exists():
            return
        project = SOURCE / "examples" / "short_video"
        made = self.shell(f"assay simulate {self.world} --events 120k --project {project} -q "
                          f"&& assay index {self.world} -q", self.scratch)
        if made.returncode != 0:
            sys.exit("cannot make the world: " + made.stderr)

    def run(self, case, number):
        """What is wrong with a case, a line each."""
        folder = self.scratch / f"case{number}"
        folder.mkdir()
        os.chmod(folder, 0o777)
        if any("WORLD" in line for line in [case["run"], *case["setup"], *case["after"]]):
            self.make_world()
        for name in case["fixture"]:
            source = HERE / "fixtures" / name
            if source.is_dir():
                shutil.copytree(source, folder / name)
            else:
                shutil.copy(source, folder / name)
        for line in case["setup"]:
            done = self.shell(line, folder)
            if done.returncode != 0:
                return [f"setup failed: {line}", done.stdout + done.stderr]
        done = self.shell(case["run"], folder)
        faults = self.compare(case, done, folder)
        for line in case["after"]:
            then = self.shell(line, folder)
            if then.returncode != 0:
                faults += [f"afterwards failed ({then.returncode}): {line}",
                           then.stdout[-400:] + then.stderr[-400:]]
        shutil.rmtree(folder, ignore_errors=True)
        return faults

    def compare(self, case, done, folder):
        faults = []
        if str(done.returncode) != case["exit"]:
            faults.append(f"exit {done.returncode}, expected {case['exit']}\n{done.stderr[-1500:]}")
        for stream in ("stdout", "stderr"):
            text = getattr(done, stream).replace(str(folder) + "/", "").replace(str(folder), ".")
            flat = re.sub(r"\s+", " ", text)
            for part in case[stream]:
                if re.sub(r"\s+", " ", part) not in flat:
                    faults.append(f"{stream} lacks: {part}\n--- {stream} ---\n{text[-1500:]}")
            for part in case["not " + stream]:
                if re.sub(r"\s+", " ", part) in flat:
                    faults.append(f"{stream} has: {part}")
            if stream + " whole" in case:
                lines = text.rstrip("\n").split("\n")
                expected = [line.rstrip() for line in case[stream + " whole"]]
                if os.environ.get("UPDATE"):
                    case[stream + " whole"] = lines
                elif [line.rstrip() for line in lines] != expected:
                    faults.append(f"{stream} is\n" + text)
        if "width" in case:
            faults += [f"wider than {case['width']}: {line}" for line in done.stdout.split("\n")
                       if columns(line) > int(case["width"])]
        return faults


def rewrite(path, cases):
    """The file with its whole-text blocks as they came out."""
    out, case, skipping = [], -1, False
    for line in path.read_text().splitlines():
        if skipping and (line.startswith("  ") or not line.strip()):
            continue
        if skipping:
            out.append("")
        skipping = False
        out.append(line)
        case += line.startswith("case:")
        key = line.rstrip(":")
        if key in WHOLE:
            out += [("  " + text).rstrip() for text in cases[case][key]]
            skipping = True
    path.write_text("\n".join(out) + "\n")


def main(assay, files):
    failed = ran = 0
    with tempfile.TemporaryDirectory(prefix="assay_cli_") as scratch:
        runner = Runner(pathlib.Path(assay).resolve(), pathlib.Path(scratch).resolve())
        for path in map(pathlib.Path, files):
            cases = parse(path)
            for case in cases:
                if reason := missing_need(case.get("needs")):
                    print(f"skipped: {case['case']}: {reason}")
                    continue
                ran += 1
                faults = runner.run(case, ran)
                failed += bool(faults)
                if faults:
                    print(f"FAILED {path.name}: {case['case']}\n  $ {case['run']}")
                    print("\n".join("  " + line for fault in faults for line in fault.split("\n")))
            if os.environ.get("UPDATE"):
                rewrite(path, cases)
    print(f"{ran} cases, {failed} failed")
    return 1 if failed or ran == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
