#!/usr/bin/env python3
"""Runs the same three stages with AntFlow for Python and with antflow, and prints the ratio.

    python3 benches/against_python.py [--items N] [--rounds N]

AntFlow for Python comes from the package index, in its newest version, into an environment that is
deleted at the end. antflow is built with `cargo build --release`. Both run `x * 31 + 1` on 64-bit
numbers in three stages of four workers, in turn, each round in processes of their own, and check
all results and their order. Printed are medians.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

WORKSPACE = Path(__file__).resolve().parent.parent

# Runs inside of the environment. The time is that of `run` alone.
PYTHON_SIDE = '''
import asyncio, json, logging, sys, time
from importlib.metadata import version
from antflow import Pipeline, Stage, StatusTracker

logging.disable(logging.CRITICAL)
items, observe = int(sys.argv[1]), sys.argv[2]
MASK = (1 << 64) - 1

async def a(x): return (x * 31 + 1) & MASK
async def b(x): return (x * 31 + 1) & MASK
async def c(x): return (x * 31 + 1) & MASK

def expected(x):
    for _ in range(3):
        x = (x * 31 + 1) & MASK
    return x

async def main():
    tracker = StatusTracker() if observe == "tracker" else None
    stages = [Stage(name=f.__name__.upper(), workers=4, tasks=[f]) for f in (a, b, c)]
    pipeline = Pipeline(stages=stages, status_tracker=tracker)
    start = time.perf_counter()
    results = await pipeline.run(range(items))
    seconds = time.perf_counter() - start
    assert [r.value for r in results] == [expected(x) for x in range(items)], "wrong results"
    print(json.dumps({"version": version("antflow"), "items_per_second": items / seconds}))

asyncio.run(main())
'''


def python_side(python, items, observe):
    """One run of AntFlow for Python."""
    command = [python, "-c", PYTHON_SIDE, str(items), observe]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(said.splitlines()[-1])


def rust_side(versus, observe):
    """One run of antflow, of a million items."""
    command = [versus, "--workload", "hop", "--only", "antflow", "--observe", observe]
    command += ["--rounds", "1", "--json"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(said.splitlines()[-1])


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--items", type=int, default=20_000, help="items of the Python side")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments = arguments.parse_args()

    build = ["cargo", "build", "--release", "-p", "antflow-benches"]
    build += ["--bin", "versus", "--bin", "versus_counting"]
    subprocess.run(build, check=True, cwd=WORKSPACE)
    versus = WORKSPACE / "target" / "release" / "versus"

    with tempfile.TemporaryDirectory() as directory:
        venv.create(directory, with_pip=True)
        python = Path(directory) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "antflow"], check=True)
        for observe in ("none", "tracker"):
            theirs, ours = [], []
            for _ in range(arguments.rounds):
                sample = python_side(python, arguments.items, observe)
                version = sample["version"]
                theirs.append(sample["items_per_second"])
                ours.append(rust_side(versus, observe)["items_per_second"])
            theirs, ours = statistics.median(theirs), statistics.median(ours)
            print(
                f"observe {observe}: AntFlow {version} for Python {theirs:,.0f} items/s, "
                f"antflow {ours:,.0f} items/s, {ours / theirs:,.0f} times as fast"
            )


if __name__ == "__main__":
    sys.exit(main())
