"""Stops programs at many moments and asks each time whether what was there is still whole.

    kill_build.py index PROJECT SIGNAL ROUNDS
    kill_build.py simulate FOLDER SIGNAL ROUNDS
    kill_build.py nothing FOLDER

index: `assay index --force` over an index; after every stop the index must pass `--verify` and
answer as before. simulate: another world over a world; after every stop the folder must hold the
old world, byte for byte, or (after SIGKILL, in the moment of the exchange) no truth; the next run
must make the new world whole.
nothing: a world in a new folder, stopped by SIGINT as soon as the folder is there; afterwards it
must be gone.
With SIGINT the program must end with 130 and say that nothing is half-written. Moments are spread
evenly over the duration of a run left alone. Only signals that hit the program at work count, and
ROUNDS of them must.
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
    """Sends the signal after `wait` seconds: "early", "late", or "at work" when it was."""
    process = subprocess.Popen(["assay", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    time.sleep(wait)
    process.send_signal(number)
    _, said = process.communicate()
    if process.returncode == 0:
        return "late"
    if number == signal.SIGINT and process.returncode == -number:
        return "early"  # Before it listens to signals.
    if process.returncode == -number and number != signal.SIGINT:
        return "at work"
    if process.returncode != 130:
        sys.exit(f"ended with {process.returncode}: {said}")
    if "nothing is half-written" not in said:
        sys.exit("does not say that nothing is half-written: " + said)
    return "at work"


def leave_nothing(folder):
    """The folder appears when the program is at work, and so listens to signals."""
    process = subprocess.Popen(["assay", "simulate", folder, "--events", "20M", "-q"],
                               stderr=subprocess.PIPE, text=True)
    while not pathlib.Path(folder).exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    if process.returncode != 130 or "nothing is half-written" not in said:
        sys.exit(f"ended with {process.returncode}: {said}")
    if pathlib.Path(folder).exists():
        sys.exit("a folder is left")


def main(kind, folder, name, rounds):
    number = getattr(signal, name)
    subject = {"index": Index, "simulate": World}[kind](folder)
    subject.reset()
    begin = time.monotonic()
    must(*subject.words)
    duration = time.monotonic() - begin
    stopped = tries = 0
    while stopped < rounds and tries < 5 * rounds:
        subject.reset()
        hit = stop_one(subject.words, number, duration * (stopped + 0.5) / rounds)
        tries += 1
        # The machine may be busier or idler than when the duration was taken.
        duration *= {"early": 1.3, "late": 0.8, "at work": 1.0}[hit]
        if hit == "at work":
            stopped += 1
            subject.check(number)
    print(f"{stopped} of {rounds} stopped at work")
    if stopped < rounds:
        sys.exit(f"only {stopped} of {tries} signals hit the program at work")


if __name__ == "__main__":
    if sys.argv[1] == "nothing":
        leave_nothing(sys.argv[2])
        sys.exit(0)
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
