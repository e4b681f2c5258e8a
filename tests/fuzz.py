"""Random calls: what may never happen, whatever is given.

    python tests/fuzz.py --calls 1000000 --seed 1
    python tests/fuzz.py --seed 1 --first 1234 --calls 1      # one call again, told in words

Each call is drawn from the seed and its number alone: function, method, arguments of any dtype, shape, layout and value, `out` in
the memory of another argument. It is made on every backend, in worker processes: one that crashes or hangs is reported with the
number of its call, and another goes on. What is checked stands in `fuzzing.check.faults`. The exit code is 1 where there is a
fault.
"""

import argparse
import collections
import faulthandler
import json
import mmap
import re
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

EXAMPLES = 3  # of each kind of fault
HANGS_AFTER = 120  # seconds without a further call
SMALL_GRAIN = 256  # elements: even small arrays are shared out to threads


# ---- a worker ----------------------------------------------------------------------------------------------------------


def work(options):
    """Make every so many calls; the number of each is written to a file before it is made, the faults to the output."""
    from fuzzing.check import faults

    import fastact

    faulthandler.enable()
    _small_grain()
    backends = options.backend or fastact.backends.available()
    with open(options.progress, "r+b") as file, mmap.mmap(file.fileno(), 8) as progress:
        for number in range(options.first, options.first + options.calls, options.step):
            progress[:] = struct.pack("q", number)
            try:
                call, found = faults(options.seed, number, backends)
                text, method = call.text(), call.method
            except Exception:  # of the fuzzer itself
                found, text, method = [f"the fuzzer: {traceback.format_exc()}"], "", ""
            for fault in found:
                print(json.dumps([number, _kind(f"{method} {fault}"), fault, text]), flush=True)
        progress[:] = struct.pack("q", options.first + options.calls)


def _small_grain():
    try:
        from fastact.backends.native.engine import rows
    except ImportError:
        return
    rows._set_grain(SMALL_GRAIN)


def _kind(fault):
    """Faults that differ in numbers alone are of one kind."""
    return re.sub(r"\d+", "#", fault)[:200]


# ---- the command -------------------------------------------------------------------------------------------------------


class Worker:
    """A process that makes every `step`-th call from a first one on."""

    def __init__(self, options, first, last, folder, name):
        self.options, self.last, self.name = options, last, name
        self.progress, self.output = folder / f"{name}.progress", folder / f"{name}.output"
        self.start(first)

    def start(self, first):
        self.progress.write_bytes(struct.pack("q", first))
        command = [
            sys.executable,
            __file__,
            "--worker",
            "--seed",
            self.options.seed,
            "--first",
            first,
            "--calls",
            self.last - first,
        ]
        command += ["--step", self.options.jobs, "--progress", self.progress]
        command += [part for name in self.options.backend or () for part in ("--backend", name)]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=subprocess.PIPE, text=True)
        self.seen, self.since = first, time.monotonic()

    def look(self):
        """None while it works; else how it ended: 0 for well, or a text. One that ended ill is started again behind the call."""
        number = struct.unpack("q", self.progress.read_bytes())[0]
        if number != self.seen:
            self.seen, self.since = number, time.monotonic()
        code = self.process.poll()
        if code is None and time.monotonic() - self.since < HANGS_AFTER:
            return None
        if code is None:
            self.process.kill()
        message = self.process.communicate()[1]
        if code == 0:
            return 0
        self.start(min(number + self.options.step, self.last))
        return number, "hangs" if code is None else f"crash, exit code {code}", message


def run(options):
    """All calls, by several workers; the faults as (number, kind, fault, text)."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        last = options.first + options.calls
        options.step = options.jobs
        workers = [Worker(options, options.first + k, last, Path(folder), f"worker{k}") for k in range(options.jobs)]
        running = list(workers)
        try:
            while running:
                time.sleep(0.1)
                for worker in list(running):
                    outcome = worker.look()
                    if outcome == 0:
                        running.remove(worker)
                    elif outcome is not None:
                        number, what, message = outcome
                        found.append((number, what, f"{what}: {message[-2000:]}", ""))
        finally:
            for worker in running:
                worker.process.kill()
                worker.process.wait()
        for worker in workers:
            found += [tuple(json.loads(line)) for line in worker.output.read_text().splitlines() if line.startswith("[")]
    return sorted(found)


def report(found, seed):
    """Faults by kind, as text."""
    kinds = collections.defaultdict(list)
    for fault in found:
        kinds[fault[1]].append(fault)
    lines = []
    for several in sorted(kinds.values(), key=len, reverse=True):
        lines.append(f"{len(several)} x {several[0][2]}")
        lines += [f"    --seed {seed} --first {number} --calls 1: {text}" for number, _, _, text in several[:EXAMPLES]]
    return "\n".join(lines)


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000, help="how many (default: 10,000), each on every backend")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first call")
    parser.add_argument("--backend", action="append", help="on this backend alone; several may be given")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    for internal in ("--worker", "--step", "--progress"):
        parser.add_argument(internal, help=argparse.SUPPRESS, **({"action": "store_true"} if internal == "--worker" else {}))
    return parser.parse_args(arguments)


def main():
    options = parse()
    if options.worker:
        options.step = int(options.step)
        return work(options)
    options.jobs = min(options.jobs, options.calls)
    start = time.monotonic()
    if options.calls == 1:
        from fuzzing.draw import drawn

        print(drawn(options.seed, options.first).text(), flush=True)
    found = run(options)
    seconds = time.monotonic() - start
    print(report(found, options.seed))
    print(f"{options.calls} calls in {seconds:.0f} s, {options.calls / seconds:.0f} a second; {len(found)} faults")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
