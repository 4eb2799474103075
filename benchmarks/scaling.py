#!/usr/bin/env python3
"""How much faster N threads are than one, case by case.

    ./zigw build bench -- --filter none          # builds the program
    python3 benchmarks/scaling.py PROGRAM [--threads 2,4] [--filter TEXT] [--rounds 5]

PROGRAM is the benchmark program. It runs with one thread and with each other number by turns, so
that what disturbs the machine disturbs all of them, and of each the smallest minimum of all rounds
counts. The last column is the time at one thread over the time at N. Needs nothing but Python.
"""
import argparse
import json
import os
import subprocess
import tempfile


def run(program, threads, text):
    """The smallest time of each case, in its unit."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "times.json")
        command = [program, "--threads", str(threads), "--json", path]
        if text:
            command += ["--filter", text]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(path, encoding="utf-8") as file:
            return {case["case"]: case["min"] for case in json.load(file)
                    if case["threads"] == threads}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--filter", default="")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    counts = [1] + [int(n) for n in asked.threads.split(",")]
    best = {n: {} for n in counts}
    for _ in range(asked.rounds):
        for n in counts:
            for case, time in run(asked.program, n, asked.filter).items():
                best[n][case] = min(time, best[n].get(case, time))
    for case, single in best[1].items():
        for n in counts[1:]:
            if case in best[n]:
                print(f"{case:34} {n:3} {single:12.3f} {best[n][case]:12.3f} "
                      f"{single / best[n][case]:6.2f}")


if __name__ == "__main__":
    main()
