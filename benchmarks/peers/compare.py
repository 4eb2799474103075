"""Runs our cases and the peers', and prints how often faster than the best peer we are.

compare.py BENCH [--filter TEXT] [--seconds S] [--json FILE]

BENCH is our benchmark program. Each peer runs in a process of its own, after ours and on the same
core. Peers that are not installed are left out with a message: `python3 -m pip install -r
benchmarks/peers/requirements.txt`, and WENGERT_PYTHON names the interpreter that has them.
"""
import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = {"torch": "torch_cases.py", "jax": "jax_cases.py"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench")
    parser.add_argument("--filter", default="")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--json")
    return parser.parse_args()


def output_of(command, options):
    """What a benchmark wrote as JSON; its table goes to our output."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        subprocess.run(command + ["--json", path, "--filter", options.filter], check=True)
        with open(path) as file:
            return json.load(file)


def ours(options):
    """By case: (our variant, microseconds). A loop and a program of one name are two variants."""
    found = {}
    for r in output_of([options.bench], options):
        name, _, variant = r["case"].partition("/")
        if name not in ("kernel", "fused"):
            found.setdefault(name, {})[variant or "program"] = r["min"] * r["unit_ns"] / 1e3
    return found


def theirs(options, installed):
    found = {}
    for peer in installed:
        command = [sys.executable, os.path.join(HERE, PEERS[peer])]
        for r in output_of(command + ["--seconds", str(options.seconds)], options):
            found.setdefault(r["case"], {})[r["variant"]] = r["min_us"]
    return found


def table(own, other):
    print(f"\n{'case':<36} {'ours':>11} {'loop':>11} {'best peer':>11}  ratio  which")
    for name, variants in own.items():
        if name not in other or "program" not in variants:
            continue
        best = min(other[name], key=other[name].get)
        ratio = other[name][best] / variants["program"]
        loop = f"{variants['loop']:11.2f}" if "loop" in variants else " " * 11
        print(
            f"{name:<36} {variants['program']:11.2f} {loop} {other[name][best]:11.2f} "
            f"{ratio:6.2f}  {best}"
        )
    print("microseconds, minima of short chunks, one thread; ratio: best peer / ours")


def main():
    options = arguments()
    installed = [peer for peer in PEERS if importlib.util.find_spec(peer)]
    for peer in PEERS:
        if peer not in installed:
            print(f"bench-peers: {peer} is not installed for {sys.executable}: left out")
    if not installed:
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    own, other = ours(options), theirs(options, installed)
    table(own, other)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"ours": own, "peers": other}, file, indent=1)


main()
