"""How the peers' cases are timed: as ours are (harness.c), so that the figures can be divided.

A case is a function that does the work once. Repetitions are doubled until a chunk is long beside
reading a clock, then many chunks run; the smallest says what the code can do. One thread, pinned.
"""
import argparse
import gc
import json
import os
import statistics
import sys
import time

CHUNK_SECONDS = 2e-3
CHUNKS_MIN = 12


def arguments(text):
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--json", help="file to write")
    parser.add_argument("--filter", default="", help="only the cases whose name contains it")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each case")
    return parser.parse_args()


def pin():
    """Before the peer is imported, so that it sees one core."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def chunks_of(work, wait, seconds):
    """Seconds of a repetition, chunk by chunk."""

    def chunk(count):
        start = time.perf_counter()
        for _ in range(count):
            work()
        wait()
        return (time.perf_counter() - start) / count

    count = 1
    while chunk(count) * count < CHUNK_SECONDS:
        count *= 2
    found, start = [], time.perf_counter()
    while len(found) < CHUNKS_MIN or time.perf_counter() - start < seconds:
        found.append(chunk(count))
    return found


class Clock:
    def __init__(self, options):
        self.options, self.results = options, []

    def wants(self, name):
        return self.options.filter in name

    def measure(self, name, variant, make, wait=lambda: None, steps=1):
        """make() returns the work, which does `steps` repetitions; wait() returns when it is done."""
        if not self.wants(name):
            return
        try:
            work = make()
            for _ in range(3):
                work()
            wait()
            gc.disable()
            times = [t / steps * 1e6 for t in chunks_of(work, wait, self.options.seconds)]
        except Exception as error:  # a peer that cannot do a case is a line of the table
            print(f"{name:<38} {variant:<16} {type(error).__name__}: {str(error)[:120]!r}", flush=True)
            return
        finally:
            gc.enable()
        low, middle = min(times), statistics.median(times)
        self.results.append({"case": name, "variant": variant, "min_us": low, "median_us": middle})
        print(f"{name:<38} {variant:<16} {low:12.2f} {middle:12.2f} us", flush=True)

    def write(self):
        if self.options.json:
            with open(self.options.json, "w") as file:
                json.dump(self.results, file, indent=1)
        sys.stdout.flush()
