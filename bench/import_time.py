"""What it costs to import fastact, beyond NumPy, and what the first calls cost: each step in many fresh processes.

    python bench/import_time.py
    python bench/import_time.py --processes 200

Milliseconds of time and of processor time: the smallest, and the median in brackets. The first process is not counted: it writes
the bytecode, as an installation does.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys

#: One after another in the same process.
STEPS = (
    "import numpy",
    "import fastact",
    "from fastact import relu",
    "relu(numpy.ones(8))",
    "from fastact import gelu, silu",
    "from fastact import softmax",
    "fastact.activations",
    "help(relu)",
)
_CHILD = """
import contextlib, io, json, sys, time
found = []
for step in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()):
        wall, processor = time.perf_counter(), time.process_time()
        exec(step)
        found.append((time.perf_counter() - wall, time.process_time() - processor))
print(json.dumps(found))
"""


def run() -> list[tuple[float, float]]:
    """The seconds of each step in a fresh process."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-P", "-c", _CHILD, json.dumps(STEPS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [(wall, processor) for wall, processor in json.loads(done.stdout)]


def told(seconds: list[float]) -> str:
    return f"{1e3 * min(seconds):.2f} ({1e3 * statistics.median(seconds):.2f})"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--processes", type=int, default=50, help="how many to start (50)")
    given = parser.parse_args(arguments)
    run()
    found = [run() for _ in range(given.processes)]
    print(f"{'ms':<32}{'time':>18}{'processor':>18}")
    for step, times in zip(STEPS, zip(*found, strict=True), strict=True):
        wall, processor = zip(*times, strict=True)
        print(f"{step:<32}{told(list(wall)):>18}{told(list(processor)):>18}")


if __name__ == "__main__":
    main()
