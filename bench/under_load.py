"""Times calls beside busy processes, with as many threads as by default and with one, in turns: do threads ever make one slower?

    python bench/under_load.py [--busy 0,2,4] [--quota 0.5] [--only relu] [--seconds 3]

Prints a table in Markdown: for each number of busy processes the median and the 99th percentile of both, and their ratios. The
last part is measured within a control group that may use the given share of one processor. The script makes that group itself,
as root.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SIZES = {"65,536": (256, 256), "1 M": (1024, 1024), "16 M": (4096, 4096)}
FUNCTIONS = ("relu", "gelu", "softmax")
TURN = 0.1  # seconds, for which one of the two is timed
PERIOD = 100_000  # microseconds in which a quota is counted


def measure(only: str, seconds: float, group: str) -> None:
    """In a process of its own, and in this control group: time each call, and print its figures as a line of JSON."""
    if group:
        Path(group, "cgroup.procs").write_text("0")  # the process that writes
    import numpy as np

    import fastact

    by_default = fastact.get_num_threads()
    rng = np.random.default_rng(0)
    for size, shape in SIZES.items():
        x = rng.normal(size=shape).astype(np.float32)
        out = np.empty_like(x)
        for name in FUNCTIONS:
            if not any(part in name for part in only.split(",")):
                continue
            call, times = getattr(fastact, name), {1: [], by_default: []}
            spent = 0.0
            while spent < seconds:
                for threads, found in times.items():
                    fastact.set_num_threads(threads)
                    end = time.perf_counter() + TURN
                    while time.perf_counter() < end:
                        start = time.perf_counter_ns()
                        call(x, out=out)
                        found.append(time.perf_counter_ns() - start)
                spent += TURN
            if by_default == 1:  # the same calls: the two differ by chance alone
                times = {1: times[1][::2], 0: times[1][1::2]}
            figures = [[float(np.percentile(found, part)) for part in (50, 99)] for found in times.values()]
            print(json.dumps({"call": name, "size": size, "threads": by_default, "figures": figures}), flush=True)


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that never wait."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def make_group(quota: float) -> Path:
    """A control group with this quota, of version 2 or 1."""
    for root, settings in (
        (Path("/sys/fs/cgroup"), {"cpu.max": f"{int(quota * PERIOD)} {PERIOD}"}),
        (Path("/sys/fs/cgroup/cpu"), {"cpu.cfs_period_us": f"{PERIOD}", "cpu.cfs_quota_us": f"{int(quota * PERIOD)}"}),
    ):
        folder = root / f"fastact-{os.getpid()}"
        if (root / "cgroup.procs").exists():
            with suppress(OSError):
                folder.mkdir()
                for name, value in settings.items():
                    (folder / name).write_text(value)
                return folder
    raise OSError("no control group can be made here")


def run(given: argparse.Namespace, label: str, group: Path | str = "") -> None:
    """Measure, in this control group, and print the rows of the table."""

    options = ["--only", given.only, "--seconds", str(given.seconds), "--group", str(group)]
    command = [sys.executable, os.path.abspath(__file__), "--measure", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as measuring:
        assert measuring.stdout
        for line in measuring.stdout:
            row = json.loads(line)
            (one, late), (default, late_default) = row["figures"]
            cells = [label, row["call"], row["size"], row["threads"]]
            cells += [f"{ns / 1000:,.1f}" for ns in (one, late, default, late_default)]
            cells += [f"{default / one:.2f}", f"{late_default / late:.2f}"]
            print("|", " | ".join(map(str, cells)), "|", flush=True)
    if measuring.returncode:
        sys.exit(measuring.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--busy", default="0,2,4", help="numbers of busy processes, separated by commas")
    parser.add_argument("--quota", type=float, default=0.5, help="the processors that the control group may use; 0: without it")
    parser.add_argument("--only", default="", help="of the functions with one of these in their names, separated by commas")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each function, size and number of threads")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--group", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.only, given.seconds, given.group)
        return
    print("Microseconds a call, float32, out=\n")
    print("| busy processes | call | elements | threads | one: median | 99 % | default: median | 99 % | medians | 99 % |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for count in map(int, filter(None, given.busy.split(","))):
        with busy(count):
            run(given, str(count))
    if given.quota:
        try:
            group = make_group(given.quota)
        except OSError as error:
            sys.exit(f"\nNothing within a quota: {error}")
        try:
            run(given, f"0, quota {given.quota:g}", group)
        finally:
            group.rmdir()


if __name__ == "__main__":
    main()
