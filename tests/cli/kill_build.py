"""Kills `assay index --force` at many moments and asks each time whether the old index is whole.

    kill_build.py PROJECT SIGNAL ROUNDS

After every kill the index must pass `--verify` and answer as before. With SIGINT the program must
end with 130 and say that nothing was changed. Moments are spread evenly over a build's duration.
"""

import signal
import subprocess
import sys
import time


def run(*words):
    return subprocess.run(["assay", *words], capture_output=True, text=True, check=False)


def answer(project):
    done = run("active-users", project, "--format", "csv", "-q")
    if done.returncode != 0:
        sys.exit("no answer: " + done.stderr)
    return done.stdout


def main(project, name, rounds):
    number = getattr(signal, name)
    begin = time.monotonic()
    build = run("index", project, "--force", "-q")
    if build.returncode != 0:
        sys.exit("no index: " + build.stderr)
    duration = time.monotonic() - begin
    before = answer(project)
    caught = 0
    for turn in range(rounds):
        process = subprocess.Popen(["assay", "index", project, "--force", "-q"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(duration * (turn + 0.5) / rounds)
        process.send_signal(number)
        _, said = process.communicate()
        if number == signal.SIGINT and process.returncode != 0:
            if process.returncode not in (130, -signal.SIGINT):
                sys.exit(f"ended with {process.returncode}: {said}")
            if process.returncode == 130 and "nothing was changed" not in said:
                sys.exit("does not say that nothing was changed: " + said)
        caught += process.returncode != 0
        whole = run("index", project, "--verify", "-q")
        if whole.returncode != 0 or "Every byte was read" not in whole.stdout:
            sys.exit(f"not whole after {name} in turn {turn}: {whole.stdout}{whole.stderr}")
        if answer(project) != before:
            sys.exit(f"another answer after {name} in turn {turn}")
    print(f"{rounds} times stopped" if caught else "never stopped in mid-build")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
