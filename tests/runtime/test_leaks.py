"""A part of the calls of `tests/leaks.py`, in a process of its own: memory stays flat."""

import subprocess
import sys
from pathlib import Path

import leaks
from matrix import BACKENDS

CALLS = 10_000  # a backend


def test_memory_stays_flat():
    command = [sys.executable, leaks.__file__, "--calls", str(CALLS * len(BACKENDS))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(leaks.__file__).parents[1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("flat") == len(BACKENDS)


def test_what_leaks_is_found(monkeypatch):
    """A call that keeps an argument and makes an object each time."""
    kept, argument = [], object()

    def leaking(value):
        kept.append((value, [object() for _ in range(100)]))

    monkeypatch.setattr(leaks, "calls", lambda backend: [(leaking, (argument,), {})])
    found, made = leaks.growth(1000, None)
    assert made == leaks.TIMES * leaks.ROUNDS
    assert any("references more" in text for text in found)
    assert any("blocks of Python's allocator" in text for text in found)
