"""Some random calls of `tests/fuzz.py`: the same each time, and others each day."""

import datetime
from types import SimpleNamespace

import fuzz
import pytest
from fuzzing.draw import drawn, functions, ways

import fastact

CALLS = 2000


@pytest.mark.parametrize("seed", ["fixed", "of the day"])
def test_random_calls(seed):
    number = 12 if seed == "fixed" else int(datetime.datetime.now(datetime.UTC).strftime("%Y%m%d"))
    options = SimpleNamespace(seed=number, first=0, calls=CALLS, jobs=1, backend=None)
    found = fuzz.run(options)
    assert not found, fuzz.report(found, number)


def test_all_functions_and_methods_are_found():
    assert set(functions()) == set(fastact.api.bound)
    assert {way.method for name in functions() for way in ways(name)} >= {"", "backward", "value_and_grad"}
    relu = next(way for way in ways("leaky_relu") if way.method == "backward")
    assert {*relu.operands, *relu.keywords} >= {"dy", "x", "y", "out", "bias", "negative_slope"}


def test_a_call_is_drawn_from_its_number_alone():
    assert [drawn(5, k).text() for k in (0, 1, 77)] == [drawn(5, k).text() for k in (0, 1, 77)]
    assert len({drawn(5, k).text() for k in range(50)}) > 40


def test_crashes_and_hangs_are_told_with_the_number(monkeypatch, tmp_path):
    """A worker that dies is reported, and another makes the calls behind that one."""
    script = tmp_path / "worker.py"
    script.write_text(
        "import os, struct, sys\n"
        "given = dict(zip(sys.argv[2::2], sys.argv[3::2]))\n"
        "first = int(given['--first'])\n"
        "if first <= 4:\n"
        "    open(given['--progress'], 'r+b').write(struct.pack('q', 4))\n"
        "    os.abort()\n"
    )
    monkeypatch.setattr(fuzz, "__file__", str(script))
    found = fuzz.run(SimpleNamespace(seed=0, first=0, calls=20, jobs=1, backend=None))
    assert [(number, kind) for number, kind, _, _ in found] == [(4, "crash, exit code -6")]
