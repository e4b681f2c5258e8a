"""Many tasks, measured in several processes."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from .printing import Bars
from .results import Result, merge
from .tasks import Task


def processors() -> int:
    """How many this process may use."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Work(Protocol):
    """What a process can be given: a task, or a portion of another measurement."""

    def run(self) -> Sequence[Any]: ...


_Work = TypeVar("_Work", bound=Work)


def measure(work: Sequence[_Work], jobs: int | None = None) -> Iterator[tuple[_Work, Sequence[Any]]]:
    """Measure in `jobs` processes (default: as many as there are processors), in this one if it is 1; tasks as they are done."""
    jobs = min(jobs or processors(), len(work))
    if jobs <= 1:
        for task in work:
            yield task, task.run()
        return
    # Ctrl-C is for this process alone. Workers are started while it is ignored, so that they ignore it from their first moment.
    others = multiprocessing.active_children()
    with _no_interrupts():
        pool = concurrent.futures.ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _ignore_interrupts)
        futures = {pool.submit(task.run): task for task in work}
    try:
        for future in concurrent.futures.as_completed(futures):
            yield futures.pop(future), future.result()
    except BaseException:
        for worker in multiprocessing.active_children():
            if worker not in others:
                worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def measure_groups(work: Sequence[Task], bars: Bars, jobs: int | None = None) -> Iterator[list[Result]]:
    """The same, all results of a function and dtype together, as soon as they are complete."""
    left = Counter((task.name, task.dtype) for task in work)
    found: dict[tuple[str, str], list[Result]] = {}
    for task, results in measure(work, jobs):
        bars.advance(task)
        group = task.name, task.dtype
        left[group] -= 1
        found[group] = merge([*found.get(group, ()), *results])
        if not left[group]:
            yield found.pop(group)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _no_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
