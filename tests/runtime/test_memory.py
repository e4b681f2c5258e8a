"""The memory of large results: kept when freed, for the next of the same size; bounded, and only theirs."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import fastact
from fastact import relu
from fastact.runtime import memory

buffers = pytest.importorskip("fastact.runtime.buffers")

MEBIBYTE = 1 << 20
HANDLER = "fastact"


def handler_of(array):
    return np._core.multiarray.get_handler_name(array)


def address(array):
    return array.__array_interface__["data"][0]


@pytest.fixture(autouse=True)
def limit():
    """64 MiB to keep, nothing kept yet; afterwards as before."""
    before = buffers.kept()[1]
    buffers.set_limit(64 * MEBIBYTE)
    yield
    buffers.set_limit(before)


@pytest.fixture
def x():
    return np.linspace(-1, 1, MEBIBYTE, dtype=np.float32)


def kept():
    return buffers.kept()[0]


def test_a_freed_results_memory_takes_the_next(x):
    y = memory.empty_array(x.shape, x.dtype)
    first = address(y)
    del y
    assert kept() == x.nbytes
    y = memory.empty_array(x.shape, x.dtype)
    assert address(y) == first
    assert kept() == 0


@pytest.mark.skipif(fastact.backend() == "numpy", reason="NumPy's ufuncs make their results themselves")
def test_results_are_made_there(x):
    value, slope = relu.value_and_grad(x)
    results = [relu(x), relu.backward(x, x), value, slope]
    assert all(handler_of(result) == HANDLER for result in results)
    assert not any(np.may_share_memory(a, b) for i, a in enumerate(results) for b in results[:i])
    np.testing.assert_array_equal(results[0], np.maximum(x, 0))
    assert handler_of(relu(x[:99])) != HANDLER


def test_sizes_within_an_eighth_share_and_others_do_not(x):
    y = memory.empty_array(7 * MEBIBYTE, np.uint8)
    first = address(y)
    del y
    other = memory.empty_array(4 * MEBIBYTE, np.uint8)
    assert address(other) != first
    alike = memory.empty_array(7 * MEBIBYTE - 99, np.uint8)
    assert address(alike) == first
    alike[:] = 1
    del alike
    assert kept() == 7 * MEBIBYTE


def test_the_limit_holds_and_the_oldest_go_first(x):
    arrays = [memory.empty_array(4 * MEBIBYTE, np.uint8) for _ in range(20)]
    last = address(arrays[-1])
    while arrays:
        del arrays[0]
    assert kept() == 64 * MEBIBYTE
    assert address(memory.empty_array(4 * MEBIBYTE, np.uint8)) == last
    too_large = memory.empty_array(65 * MEBIBYTE, np.uint8)
    del too_large
    assert kept() == 64 * MEBIBYTE
    many = [memory.empty_array(MEBIBYTE, np.uint8) for _ in range(99)]
    del many
    assert kept() <= 64 * MEBIBYTE


def test_empty_cache_frees_all(x):
    memory.empty_array(x.shape, x.dtype)
    assert kept()
    assert fastact.empty_cache() is None
    assert kept() == 0


def test_limit_zero_turns_it_off(x):
    buffers.set_limit(0)
    y = memory.empty_array(x.shape, x.dtype)
    assert handler_of(y) != HANDLER
    del y
    assert kept() == 0


def test_an_array_of_ours_may_grow_and_shrink(x):
    y = memory.empty_array(x.shape, x.dtype)
    y[:] = x
    y.resize(2 * x.size, refcheck=False)
    np.testing.assert_array_equal(y[: x.size], x)
    assert not y[x.size :].any()
    y.resize(9, refcheck=False)
    np.testing.assert_array_equal(y, x[:9])
    del y
    assert kept() == 0


def test_another_handlers_arrays_are_left_alone(x):
    y = x.copy()
    assert handler_of(y) != HANDLER
    relu(y)
    assert handler_of(np.ones_like(x)) != HANDLER


def test_threads_never_share_memory(x):
    errors = []

    def work(seed):
        for i in range(50):
            value = np.float32(seed * 1000 + i)
            y = memory.empty_array(x.shape, x.dtype)
            y[::999] = value
            if (y[::999] != value).any():
                errors.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert kept() <= 64 * MEBIBYTE


@pytest.mark.parametrize(
    ("given", "limit"),
    [("0", 0), (" 32", 32), ("", memory.DEFAULT), ("-3", None), ("1.5", None), ("much", None), ("9" * 30, None)],
)
def test_environment_variable(given, limit):
    warn = "import warnings; warnings.simplefilter('error' if {strict} else 'ignore')"
    code = f"{warn}; from fastact.runtime import memory; print(memory.kept_megabytes())"
    environment = {**os.environ, memory.VARIABLE: given}

    def run(strict):
        return subprocess.run(
            [sys.executable, "-c", code.format(strict=strict)], env=environment, capture_output=True, text=True, check=False
        )

    found = run(strict=limit is not None)
    assert found.stdout.strip() == f"(0, {memory.DEFAULT if limit is None else limit})", found.stderr
    if limit is None:
        found = run(strict=True)
        assert f"{memory.VARIABLE}={given!r}" in found.stderr
        assert "RuntimeWarning" in found.stderr
