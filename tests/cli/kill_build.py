"""Stops programs at many moments and asks each time whether what was there is still whole.

    kill_build.py index PROJECT SIGNAL ROUNDS
    kill_build.py simulate FOLDER SIGNAL ROUNDS

index: `assay index --force` over an index; after every stop the index must pass `--verify` and
answer as before. simulate: another world over a world; after every stop the folder must hold the
old world, byte for byte, or (after SIGKILL, in the moment of the exchange) no truth; the next run
must make the new world whole.
With SIGINT the program must end with 130 and say that nothing is half-written. Moments are spread
evenly over the duration of a run left alone; at least half of them must have hit the program at
work, or the test proves nothing and fails.
"""

import hashlib
import pathlib
import signal
import subprocess
import sys
import time


def run(*words):
    return subprocess.run(["assay", *words], capture_output=True, text=True, check=False)


def must(*words):
    done = run(*words)
    if done.returncode != 0:
        sys.exit(f"assay {' '.join(words)}: {done.stderr}")
    return done.stdout


class Index:
    """An index built over and over from the same files."""

    def __init__(self, project):
        self.project = project
        self.words = ["index", project, "--force", "-q"]
        must(*self.words)
        self.before = self.answer()

    def answer(self):
        return must("active-users", self.project, "--format", "csv", "-q")

    def reset(self):
        pass

    def check(self, _):
        if "Every byte was read" not in must("index", self.project, "--verify", "-q"):
            sys.exit("the index was not verified")
        if self.answer() != self.before:
            sys.exit("another answer")


class World:
    """A world that another one is written over."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.words = ["simulate", folder, "--events", "300k", "--seed", "2", "-q"]
        self.reset()
        self.before = self.content()
        must(*self.words)
        self.after = self.content()

    def reset(self):
        must("simulate", str(self.folder), "--events", "50k", "--seed", "1", "-q")

    def content(self):
        """The truth and the events with their bytes; not what lies beside them."""
        files = [self.folder / "truth.json", *(self.folder / "data" / "events").rglob("*.parquet")]
        return {path: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in files if path.is_file()}

    def check(self, number):
        content = self.content()
        if number == signal.SIGINT:
            if content != self.before or (self.folder / "data" / ".next").exists():
                sys.exit("interrupted, the old world is not as it was")
        elif content not in (self.before, self.after) and (self.folder / "truth.json").exists():
            sys.exit("killed, a truth stands beside other events")
        must(*self.words)
        if self.content() != self.after or (self.folder / "data" / ".next").exists():
            sys.exit("the next run does not make the new world")


def stop_one(words, number, wait):
    """Sends the signal after `wait` seconds; whether it ended a program that was at work."""
    process = subprocess.Popen(["assay", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    time.sleep(wait)
    process.send_signal(number)
    _, said = process.communicate()
    if process.returncode == 0 or (number == signal.SIGINT and process.returncode == -number):
        return False  # Done before, or not yet begun.
    if process.returncode == -number and number != signal.SIGINT:
        return True
    if process.returncode != 130:
        sys.exit(f"ended with {process.returncode}: {said}")
    if "nothing is half-written" not in said:
        sys.exit("does not say that nothing is half-written: " + said)
    return True


def main(kind, folder, name, rounds):
    number = getattr(signal, name)
    subject = {"index": Index, "simulate": World}[kind](folder)
    subject.reset()
    begin = time.monotonic()
    must(*subject.words)
    duration = time.monotonic() - begin
    stopped = 0
    for turn in range(rounds):
        subject.reset()
        at_work = stop_one(subject.words, number, duration * (turn + 0.5) / rounds)
        stopped += at_work
        if at_work:
            subject.check(number)
    print(f"{stopped} of {rounds} stopped at work")
    if 2 * stopped < rounds:
        sys.exit(f"only {stopped} of {rounds} signals hit the program at work")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
