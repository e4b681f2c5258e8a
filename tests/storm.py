"""Calls of changing sizes from many Python threads at once, and forks amid them: no call hangs, none gives a wrong bit.

    python tests/storm.py --calls 1000000 --threads 8 --forks 200

Every result is compared with what one thread gave before. Each child makes the same calls, on one thread and on several, and must
end in time. The exit code is 1 if anything was wrong.
"""

import argparse
import os
import random
import sys
import threading
import time
import warnings

import numpy as np

import fastact

LARGEST = 300_000
COLUMNS = 100
NAMES = ("relu", "gelu", "sigmoid", "tanh")
PATIENCE = 60  # seconds that a child may take


class Storm:
    def __init__(self, seed):
        self.x = np.random.default_rng(seed).normal(size=LARGEST).astype(np.float32)
        self.seed = seed
        with fastact.num_threads(1):
            self.expected = {name: getattr(fastact, name)(self.x) for name in NAMES}
            self.rows = fastact.softmax(self.x.reshape(-1, COLUMNS))
        self.calls, self.faults, self.stopped = 0, [], False

    def call(self, given, out):
        """One call, of any size; whether its bits are right."""
        n = int(LARGEST ** given.random())
        if given.random() < 0.2:
            rows = max(1, n // COLUMNS)
            y = fastact.softmax(self.x[: rows * COLUMNS].reshape(-1, COLUMNS), out=out[: rows * COLUMNS].reshape(-1, COLUMNS))
            return np.array_equal(y.view(np.int32), self.rows[:rows].view(np.int32))
        name = given.choice(NAMES)
        y = getattr(fastact, name)(self.x[:n], out=out[:n] if given.random() < 0.5 else None)
        return np.array_equal(y.view(np.int32), self.expected[name][:n].view(np.int32))

    def work(self, number, calls):
        """So many calls, or until the storm is over."""
        given, out = random.Random(f"{self.seed} {number}"), np.empty_like(self.x)
        for k in range(calls):
            if self.stopped:
                return
            if not self.call(given, out):
                self.faults.append(f"thread {number}, call {k}: wrong bits")
            self.calls += 1

    def child(self, number):
        """In a forked child: the exit code."""
        given, out = random.Random(f"{self.seed} child {number}"), np.empty_like(self.x)
        right = fastact.get_num_threads() == 1
        for threads in (1, 3):
            fastact.set_num_threads(threads)
            right = all(self.call(given, out) for _ in range(20)) and right
        return 0 if right else 1

    def fork(self, number):
        pid = os.fork()
        if pid == 0:
            code = 2
            try:
                code = self.child(number)
            finally:
                os._exit(code)
        end = time.monotonic() + PATIENCE
        while not (ended := os.waitpid(pid, os.WNOHANG))[0] and time.monotonic() < end:
            time.sleep(0.001)
        if ended[0] == 0:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        if ended != (pid, 0):
            self.faults.append(f"child {number}: " + (f"status {ended[1]}" if ended[0] else "hangs"))

    def run(self, calls, threads, forks):
        """The calls, shared out to the threads, and the forks meanwhile. The threads go on until the last child has ended."""
        each = calls // threads if calls else sys.maxsize
        workers = [threading.Thread(target=self.work, args=(k, each)) for k in range(threads)]
        for worker in workers:
            worker.start()
        for number in range(forks):
            self.fork(number)
        self.stopped = not calls
        for worker in workers:
            worker.join()
        return self.faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=0, help="in all; 0: as many as fit in beside the forks")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--forks", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks amid threads, from Python 3.12 on
    start = time.monotonic()
    storm = Storm(given.seed)
    faults = storm.run(given.calls, given.threads, given.forks)
    print(f"{storm.calls:,} calls, {given.forks} forks, {time.monotonic() - start:.0f} s, {len(faults)} faults")
    print(*faults[:20], sep="\n", end="")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
