"""Threads and streaming: neither changes a bit; how many there are; and that a fork, or no OpenMP at all, does no harm."""

import contextlib
import importlib
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from matrix import BACKENDS, FLOATS

import fastact
from fastact.runtime.threads import team

COMPILED = [name for name in BACKENDS if name != "numpy"]
pytestmark = pytest.mark.skipif(not COMPILED or team is None, reason="needs compiled kernels and OpenMP")

NEVER, ALWAYS = 1 << 50, 0
#: Threads, from what size on they share, from what on output is streamed.
WAYS = ((2, 100, NEVER), (3, 5_000, ALWAYS), (5, 1_000, NEVER), (1, NEVER, ALWAYS))


@pytest.fixture
def use():
    """Set the number of threads, and from what sizes on they and streaming are used."""
    engine, before = importlib.import_module("fastact.backends.native.engine.elementwise"), team.set_limit(1)

    def set_all(threads, grain, stream_from):
        fastact.set_num_threads(threads)
        return engine._set_sizes(grain, stream_from)

    sizes = set_all(1, NEVER, NEVER)
    yield set_all
    engine._set_sizes(*sizes)
    team.set_limit(before)


def draw(rng, shape, dtype):
    with np.errstate(under="ignore"):
        return rng.uniform(-3, 3, shape).astype(dtype)


def arrays(rng, dtype, n):
    """Arrays of n elements in every layout that goes its own way through the engine."""
    x = draw(rng, 2 * n, dtype)
    yield x[:n]
    yield x[::2]
    yield x[n - 1 :: -1]
    yield np.frombuffer(b"x" + x[:n].tobytes(), np.uint8)[1:].view(dtype) if n else x[:0]
    yield np.broadcast_to(x[:1], n)
    yield x[: n // 7 * 7].reshape(-1, 7).T


def calls(backend, name, rng, dtype):
    """What a function gives for all kinds of calls, as bytes."""
    f = getattr(backend, name)
    for n in (0, 1, 20_011):
        for x in arrays(rng, dtype, n):
            dy = draw(rng, x.shape, dtype)
            yield from (f(x), f.backward(dy, x), f(x, out=x.copy()), f.backward(dy, x, out=dy))
            if name not in ("prelu", "rrelu"):
                yield f.value_and_grad(x)
    for rows, columns in ((4_000, 1), (3_000, 5), (300, 64), (70, 300), (9, 2_500), (1, 70_000)):
        x, dy = draw(rng, (2, rows, columns), dtype)
        bias = draw(rng, columns, dtype)
        yield f(x, bias=bias)
        yield f.backward(dy, x, bias=bias)
        yield f.backward(dy, x, bias=bias, out=dy)


def gated_calls(backend, name, rng, dtype):
    f = getattr(backend, name)
    for shape in ((20_000,), (100, 200), (40, 3_000)):
        dy, gate, value = draw(rng, (3, *shape), dtype)
        packed = np.concatenate([gate, value], axis=-1)
        halves = np.split(packed, 2, axis=-1)
        for a, b in ((gate, value), halves, (gate.T, value.T)):
            yield f(a, b)
        yield f.backward(dy, gate, value)
        yield f.backward(dy, *halves)
        yield f.backward(dy, *halves, out=tuple(halves))


def bits(results):
    """Every array of these results, as it is now: some are overwritten by the next call."""
    return [np.asarray(array).tobytes() for result in results for array in (result if isinstance(result, tuple) else (result,))]


@pytest.mark.parametrize("backend", COMPILED, indirect=True)
@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize(
    ("name", "of"),
    [*((name, calls) for name in ("relu", "gelu", "sinusoid", "prelu", "rrelu")), ("reglu", gated_calls), ("geglu", gated_calls)],
)
def test_no_bit_changes(backend, name, of, dtype, use):
    expected = bits(of(backend, name, np.random.default_rng(5), dtype))
    for way in WAYS:
        use(*way)
        found = bits(of(backend, name, np.random.default_rng(5), dtype))
        assert [k for k, pair in enumerate(zip(expected, found, strict=True)) if pair[0] != pair[1]] == [], way


OVERLAPS = {
    "ahead": (np.s_[1:30_001], np.s_[:30_000]),
    "a line ahead": (np.s_[64:30_064], np.s_[:30_000]),
    "behind": (np.s_[:30_000], np.s_[1:30_001]),
    "faster": (np.s_[:60_000:2], np.s_[:30_000]),
    "from the end": (np.s_[59_999::-2], np.s_[59_999:29_999:-1]),
    "backwards": (np.s_[29_999::-1], np.s_[:30_000]),
}


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize(("read", "written"), OVERLAPS.values(), ids=OVERLAPS)
def test_partial_overlap(read, written, dtype, use, rng):
    """What one thread overwrites another has not yet to read."""
    memory = draw(rng, 60_064, dtype)
    x, dy = memory[read].copy(), draw(rng, 30_000, dtype)
    expected = fastact.gelu(x), fastact.gelu.backward(dy, x), fastact.gelu.backward(x, dy)
    for way in WAYS * 3:
        use(*way)
        calls = (fastact.gelu,), (fastact.gelu.backward, dy), (lambda x, out: fastact.gelu.backward(x, dy, out=out),)
        for (f, *before), wanted in zip(calls, expected, strict=True):
            work = memory.copy()
            f(*before, work[read], out=work[written])
            assert work[written].tobytes() == wanted.tobytes(), way


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, bool])
@pytest.mark.parametrize("name", ["relu", "sigmoid"])
def test_no_bit_of_integers_changes(name, dtype, use, rng):
    x = rng.integers(0, 2 if dtype is bool else 100, 20_011).astype(dtype)
    expected = getattr(fastact, name)(x)
    for way in WAYS:
        use(*way)
        np.testing.assert_array_equal(getattr(fastact, name)(x), expected)


@pytest.mark.parametrize("backend", COMPILED, indirect=True)
@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: dtype.__name__)
def test_nothing_beside_the_output_is_written(backend, dtype, use, rng):
    """At any distance from a cache line, for any remainder."""
    x = draw(rng, 3_000, dtype)
    y, d = backend.sigmoid.value_and_grad(x)
    memory = np.empty(x.size + 200, dtype)
    other = np.empty_like(memory)
    line = 64 // x.itemsize
    for offset in range(line + 1):
        use(3 if offset % 5 == 0 else 1, 100, ALWAYS)
        for n in (1, line - 1, 700 + offset, 1_024, 3_000 - offset):
            memory[:], other[:] = 77, 77
            backend.sigmoid.value_and_grad(x[:n], out=(memory[offset : offset + n], other[60 : 60 + n]))
            np.testing.assert_array_equal(memory, np.concatenate([np.full(offset, 77, dtype), y[:n], memory[offset + n :]]))
            np.testing.assert_array_equal(other[60 : 60 + n], d[:n])
            for beside in (memory[:offset], memory[offset + n :], other[:60], other[60 + n :]):
                assert (beside == 77).all()


@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20, (1 << 20) + 33])
def test_from_what_size_on_output_is_streamed(size, use, rng):
    """Just below and above the limit for arrays as large as real ones, with the second output's lines elsewhere."""
    x = draw(rng, size, np.float32)
    expected = fastact.gelu.value_and_grad(x)
    use(2, 1 << 19, (1 << 20) * 3 * 4 // 4)
    other = np.empty(size + 3, np.float32)[3:]
    found = fastact.gelu.value_and_grad(x, out=(np.empty_like(x), other))
    np.testing.assert_array_equal(found, expected)


def test_python_threads_at_once(use, rng):
    """One of them gets the team."""
    x = draw(rng, 300_000, np.float32)
    b = draw(rng, 30, np.float32)
    wide = x.reshape(-1, 30)

    def work():
        return bits([fastact.gelu(x), fastact.tanh.value_and_grad(x), fastact.silu.backward(wide, wide, bias=b)])

    expected, results = work(), []
    use(3, 1_000, NEVER)
    threads = [threading.Thread(target=lambda: results.extend(work() for _ in range(5))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 40
    assert all(result == expected for result in results)


def test_flags_of_every_thread_are_left_alone(use):
    """-1 overflows in exp's other arm, and the like: no thread keeps a flag of that."""
    x = np.linspace(-1e30, 1e30, 200_000, dtype=np.float32)
    use(2, 1_000, NEVER)
    with np.errstate(all="raise"):
        fastact.sigmoid(x[::2])
        fastact.sigmoid.ufunc(x)
        np.add(x, x)


def processors():
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def test_set_num_threads(use):
    fastact.set_num_threads(3)
    assert fastact.get_num_threads() == 3
    with fastact.num_threads(2):
        assert fastact.get_num_threads() == 2
        with contextlib.suppress(KeyError), fastact.num_threads(np.int8(1)):
            assert fastact.get_num_threads() == 1
            raise KeyError
        assert fastact.get_num_threads() == 2
    assert fastact.get_num_threads() == 3
    fastact.set_num_threads(10**30)
    assert fastact.get_num_threads() == max(16, processors())


@pytest.mark.parametrize(
    ("n", "error"),
    [(0, ValueError), (-3, ValueError), (True, TypeError), (2.0, TypeError), ("2", TypeError), (None, TypeError)],
)
def test_a_bad_number_changes_nothing(n, error, use):
    fastact.set_num_threads(3)
    with pytest.raises(error, match=repr(n)):
        fastact.set_num_threads(n)
    with pytest.raises(error, match=repr(n)), fastact.num_threads(n):
        pass
    assert fastact.get_num_threads() == 3


def run(code, **environment):
    """What Python prints, in a process of its own, which must not hang."""
    names = ("FASTACT_NUM_THREADS", "OMP_NUM_THREADS", "FASTACT_BACKEND")
    environment = {k: v for k, v in os.environ.items() if k not in names} | environment
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.strip(), ran.stderr


PRINT = "import fastact; print(fastact.get_num_threads())"


def test_environment():
    assert run(PRINT)[0] == str(processors())
    assert run(PRINT, OMP_NUM_THREADS="3") == ("3", "")
    assert run(PRINT, OMP_NUM_THREADS="3", FASTACT_NUM_THREADS="5") == ("5", "")
    assert run(PRINT, OMP_NUM_THREADS="3", FASTACT_NUM_THREADS=" ") == ("3", "")
    work = "import fastact, numpy as np; print((fastact.sigmoid(np.zeros(300_000)) == 0.5).all(), fastact.get_num_threads() > 0)"
    assert run(work, OMP_NUM_THREADS="abc")[0] == "True True"


@pytest.mark.parametrize("value", ["abc", "0", "-3", "1.5"])
def test_a_broken_variable(value):
    out, err = run(PRINT, FASTACT_NUM_THREADS=value, OMP_NUM_THREADS="3")
    assert out == "3"
    assert err.count("RuntimeWarning") == 1
    assert f"FASTACT_NUM_THREADS must be an integer of at least 1, not '{value}'" in err


#: Larger than an int, an unsigned int, a size_t: OpenMP's library cuts such numbers off.
HUGE = ["2147483647", "2147483648", "3000000000", "4294967295", "4294967296", "4294967297", "18446744073709551615", "9" * 30]


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "FASTACT_NUM_THREADS", "OMP_THREAD_LIMIT", "FASTACT_CACHE_MB", "call"])
def test_huge_numbers(variable, number):
    code = f"""
import numpy as np, fastact
{f"fastact.set_num_threads({number})" if variable == "call" else ""}
x, out = np.full((400, 1000), 2, np.float32), np.zeros((400, 1000), np.float32)
assert 1 <= fastact.get_num_threads() <= max(16, {os.cpu_count()})
assert (fastact.relu(x, out=out) == 2).all() and (out == 2).all()
assert (fastact.softmax(x, out=out) == out[0, 0]).all() and 0 < out[0, 0] < 1
dx, db = fastact.relu.backward(x, x, bias=x[0])
assert (db == 800).all() and (dx == 2).all()
assert (fastact.swiglu(x, x, out=out) == out[0, 0]).all() and out[0, 0] > 3
"""
    run(code, **({} if variable == "call" else {variable: number}))


def test_threadpoolctl_with_any_number():
    code = """
import numpy as np, fastact, threadpoolctl
x, out = np.ones(400_000, np.float32), np.zeros(400_000, np.float32)
for number in (0, -1, -2**31, 2**31 - 1, 1):
    with threadpoolctl.threadpool_limits(number):
        out[:] = 0
        assert fastact.get_num_threads() >= 1
        assert (fastact.relu(x, out=out) == 1).all() and (out == 1).all()
"""
    run(code)


SMALL_STACK = """
import numpy as np, ml_dtypes
import fastact
from fastact.backends.native.engine import elementwise, rows
fastact.set_num_threads(4)
rows._set_grain(1000)
def calls(backend, dtype):
    x = (np.arange(60_000) % 97 / 16 - 3).reshape(60, 1000).astype(dtype)
    b, labels = x[0].copy(), np.arange(60)
    for name in ("relu", "gelu", "prelu", "mish", "rrelu"):
        f = getattr(backend, name)
        for z in (x, x[:, ::2], x.T, x.astype(x.dtype.newbyteorder())):
            f(z), f.backward(z, z), f.value_and_grad(z)
        for z in (x, x[:, :7].copy()):
            f(z, bias=b[: z.shape[1]]), f.backward(z, z, bias=b[: z.shape[1]])
    backend.swiglu(x[:, :500], x[:, 500:]), backend.swiglu.backward(x[:, :500], x[:, :500], x[:, 500:])
    for z in (x, x[:, ::2], x.T, x.astype(x.dtype.newbyteorder()), np.asfortranarray(x)):
        for axis in (0, 1):
            backend.maxout.backward(backend.maxout(z, axis=axis), z, axis=axis)
            for mask in (z > 0, z.copy(), z.astype(np.float64)):
                y = backend.softmax(z, axis=axis, mask=mask, scale=0.5)
                backend.softmax.backward(z, y=y, axis=axis, mask=mask)
                backend.logsumexp(z, axis=axis, mask=mask)
        backend.softmax(z, mask="causal"), backend.sparsemax(z)
    for options in ({}, {"weight": np.ones(1000), "label_smoothing": 0.1}):
        backend.cross_entropy.value_and_grad(x, labels, **options)
        backend.cross_entropy.value_and_grad(x, np.abs(x), **options)
    backend.binary_cross_entropy.value_and_grad(x, np.abs(x), weight=np.abs(b))
np.seterr(all="ignore")
for streamed_from in (1 << 50, 0):
    elementwise._set_sizes(1000, streamed_from)
    for name in fastact.backends.available():
        for dtype in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64) if name != "numpy" else ():
            calls(fastact.backends.load(name), dtype)
"""


@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="a sanitizer's stack frames are several times as large")
def test_small_stacks():
    """The stacks of OpenMP's threads may be as small as the system allows."""
    run(SMALL_STACK, OMP_STACKSIZE="16K")


def test_threadpoolctl():
    code = """
import fastact, threadpoolctl
with threadpoolctl.threadpool_limits(1):
    assert fastact.get_num_threads() == 1
    fastact.set_num_threads(2)
    assert fastact.get_num_threads() == 1
assert fastact.get_num_threads() == 2
"""
    run(code, OMP_NUM_THREADS="3")


FORKS = """
import multiprocessing, os
import numpy as np
import fastact
x = np.linspace(-3, 3, 300_000, dtype=np.float32)
fastact.set_num_threads(2)
expected = fastact.sigmoid(x)
def right(_=None):
    return (fastact.sigmoid(x) == expected).all()
for _ in range(200):
    assert right() and fastact.get_num_threads() == 2
    pid = os.fork()
    if pid == 0:
        os._exit(0 if right() and fastact.get_num_threads() == 1 else 1)
    assert os.waitpid(pid, 0)[1] == 0
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert all(pool.map(right, range(8)))
assert right()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_forks():
    run(FORKS)


def test_without_openmp():
    """As where its library cannot be loaded."""
    code = """
import sys
sys.modules["fastact.runtime.team"] = None
import numpy as np
import fastact
fastact.set_num_threads(3)
with fastact.num_threads(2):
    assert (fastact.sigmoid(np.zeros(1_000_000)) == 0.5).all()
try:
    fastact.set_num_threads(0)
except ValueError:
    print(fastact.backend(), fastact.get_num_threads())
fastact.show_config()
"""
    out, _ = run(code)
    assert out.splitlines()[0] == f"{COMPILED[0]} 1"
    assert "1, for want of OpenMP" in out


def test_on_the_numpy_backend():
    code = "import fastact; fastact.set_num_threads(1); fastact.relu(-1.0); fastact.set_num_threads('x')"
    code = f"""
try:
    {code}
except TypeError:
    print(fastact.backend())
"""
    assert run(code, FASTACT_BACKEND="numpy")[0] == "numpy"
