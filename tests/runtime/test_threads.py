"""Threads and streaming: neither changes a bit; how many there are; and that forks, exits, refused threads do no harm."""

import contextlib
import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from matrix import BACKENDS, FLOATS
from processes import python

import fastact
from fastact.runtime.cpu_count import processors, usable_processors
from fastact.runtime.threads import team

COMPILED = [name for name in BACKENDS if name != "numpy"]
pytestmark = pytest.mark.skipif(not COMPILED, reason="needs compiled kernels")

NEVER, ALWAYS = 1 << 50, 0
#: Threads, from what size on they share, from what on output is streamed.
WAYS = ((2, 100, NEVER), (3, 5_000, ALWAYS), (5, 1_000, NEVER), (1, NEVER, ALWAYS))


@pytest.fixture
def use():
    """Set the number of threads, and from what sizes on they and streaming are used. Helpers take part in all jobs."""
    engine, before = importlib.import_module("fastact.backends.native.engine.elementwise"), team.set_limit(1)
    eager = team._set_eager(True)

    def set_all(threads, grain, stream_from):
        fastact.set_num_threads(threads)
        return engine._set_sizes(grain, stream_from)

    sizes = set_all(1, NEVER, NEVER)
    yield set_all
    engine._set_sizes(*sizes)
    team._set_eager(eager)
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
    assert run(PRINT)[0] == str(usable_processors())
    assert run(PRINT, OMP_NUM_THREADS="3") == ("3", "")
    assert run(PRINT, OMP_NUM_THREADS="4,2") == ("4", "")
    assert run(PRINT, OMP_NUM_THREADS="3", FASTACT_NUM_THREADS="5") == ("5", "")
    assert run(PRINT, OMP_NUM_THREADS=" 3 ", FASTACT_NUM_THREADS=" ") == ("3", "")


@pytest.mark.parametrize("value", ["abc", "0", "-3", "1.5", "2147483648", "4294967296", "9" * 30, "9" * 9999, "2,", "\x01"])
def test_a_broken_variable(value):
    """It is named, with its value, and the default is used."""
    out, err = run(PRINT, FASTACT_NUM_THREADS=value, OMP_NUM_THREADS="3")
    assert out == "3"
    assert err.count("RuntimeWarning") == 1
    assert f"FASTACT_NUM_THREADS={value!r} is not a number of threads from 1 to 2147483647: it stays at 3" in err
    if value != "2,":
        out, err = run(PRINT, OMP_NUM_THREADS=value)
        assert out == str(usable_processors())
        assert err.count("RuntimeWarning") == 1
        said = f"OMP_NUM_THREADS={value!r} is not a number of threads from 1 to 2147483647: it stays at {usable_processors()}"
        assert said in err


#: As large as an int, or larger: an int, an unsigned int, a size_t.
HUGE = ["2147483647", "2147483648", "3000000000", "4294967295", "4294967296", "4294967297", "18446744073709551615", "9" * 30]


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "FASTACT_NUM_THREADS", "FASTACT_CACHE_MB", "call"])
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


LIMITS = """
{imports}
def ours():
    (found,) = [info for info in threadpoolctl.threadpool_info() if info["internal_api"] == "fastact"]
    return found
assert ours()["num_threads"] == 3 and ours()["user_api"] == "openmp" and ours()["version"] == fastact.__version__
for limits in ({{"limits": 1}}, {{"limits": 1, "user_api": "openmp"}}, {{"limits": {{"openmp": 1}}}}):
    with threadpoolctl.threadpool_limits(**limits):
        assert fastact.get_num_threads() == 1 and ours()["num_threads"] == 1
        fastact.set_num_threads(2)
        assert fastact.get_num_threads() == 1
    assert fastact.get_num_threads() == 2 and ours()["num_threads"] == 3
with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
    assert fastact.get_num_threads() == 2
assert sum(type(finder).__name__ == "_Finder" for finder in sys.meta_path) == 0
assert inspect.getsource(threadpoolctl)
"""


@pytest.mark.parametrize(
    "imports",
    [
        "import fastact, threadpoolctl",
        "import threadpoolctl, fastact",
        "import fastact; from threadpoolctl import *; import threadpoolctl",
    ],
)
def test_threadpoolctl(imports):
    run("import inspect, sys\n" + LIMITS.format(imports=imports), OMP_NUM_THREADS="3")


def test_threadpoolctl_is_not_imported():
    run("import sys, fastact; assert 'threadpoolctl' not in sys.modules")


def test_without_threadpoolctl():
    """What is not there cannot be imported, and the error is Python's own."""
    code = """
import sys, fastact
sys.path[:] = []
try:
    import threadpoolctl
except ModuleNotFoundError as error:
    assert error.name == "threadpoolctl"
else:
    raise AssertionError
"""
    run(code)


FORKS = """
import multiprocessing, os
import numpy as np
import fastact
from fastact.runtime import team
team._set_eager(True)
x = np.linspace(-3, 3, 300_000, dtype=np.float32)
fastact.set_num_threads(2)
expected = fastact.sigmoid(x)
def right(_=None):
    return (fastact.sigmoid(x) == expected).all()
def child():
    alone = right() and fastact.get_num_threads() == 1 and team.helpers() == 0
    with fastact.num_threads(3):
        shared = right() and fastact.get_num_threads() == 3 and team.helpers() > 0
    return alone and shared and fastact.get_num_threads() == 1
for _ in range(50):
    assert right() and fastact.get_num_threads() == 2 and team.helpers() == 1
    pid = os.fork()
    if pid == 0:
        os._exit(0 if child() else 1)
    assert os.waitpid(pid, 0)[1] == 0
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert all(pool.map(right, range(8)))
assert right()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_forks():
    """A child uses one thread, or as many as it asks for; then it has helpers of its own."""
    run(FORKS)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("threads", ["2", "8"])
def test_a_storm(threads):
    """Short here; `python tests/storm.py` takes the numbers of calls and forks."""
    script = Path(__file__).parents[1] / "storm.py"
    ran = python(str(script), "--threads", "8", "--forks", "20", "--calls", "4000", FASTACT_NUM_THREADS=threads)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_exit_while_helpers_work():
    """A thread that Python does not wait for is in a call, with helpers, when the interpreter ends."""
    code = """
import threading, time
import numpy as np
import fastact
from fastact.runtime import team
team._set_eager(True)
fastact.set_num_threads(4)
x = np.ones(3_000_000, np.float32)
def work():
    while True:
        fastact.gelu(x, out=x)
threading.Thread(target=work, daemon=True).start()
while team.helpers() < 3:
    time.sleep(0.001)
"""
    for _ in range(5):
        run(code)


REFUSED = """
import numpy as np
import fastact
from fastact.runtime import team
x = np.linspace(-3, 3, 2_000_000, dtype=np.float32)
with fastact.num_threads(1):
    expected = fastact.gelu(x)
fastact.set_num_threads(8)
team._set_eager(True)
{refuse}
for _ in range(5):
    assert (fastact.gelu(x) == expected).all()
print(team.helpers(), fastact.get_num_threads())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux counts memory and processes")
@pytest.mark.parametrize(
    "refuse",
    [
        "team._refuse_threads(True)",
        # a user who is not root may have so many threads, and has more
        "import os, resource; os.getuid() or os.setuid(65534); resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))",
    ],
    ids=["by a switch", "by the system"],
)
def test_a_system_that_refuses_threads(refuse):
    """The caller does all."""
    assert run(REFUSED.format(refuse=refuse))[0] == "0 8"


def test_a_system_that_refuses_some_threads(use, rng):
    """Those that there are do the work; later, more are tried."""
    x = draw(rng, 200_000, np.float32)
    expected = fastact.gelu(x)
    use(3, 1_000, NEVER)
    fastact.gelu(x)
    there = team.helpers()
    team._refuse_threads(True)
    use(16, 1_000, NEVER)
    for _ in range(20):
        np.testing.assert_array_equal(fastact.gelu(x), expected)
    assert team.helpers() <= max(there, 2)
    team._refuse_threads(False)
    for _ in range(1100):
        fastact.relu(x)
    np.testing.assert_array_equal(fastact.gelu(x), expected)
    assert team.helpers() > 2


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux shows threads")
def test_signals_are_not_for_helpers():
    code = """
import os, signal, time
import numpy as np
import fastact
from fastact.runtime import team
before = set(os.listdir("/proc/self/task"))
team._set_eager(True)
fastact.set_num_threads(2)
fastact.gelu(np.ones(2_000_000))
(helper,) = set(os.listdir("/proc/self/task")) - before
with open(f"/proc/self/task/{helper}/status") as lines:
    (blocked,) = [int(line.split()[1], 16) for line in lines if line.startswith("SigBlk")]
for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGCHLD"):
    assert blocked >> (getattr(signal, name) - 1) & 1, name
assert not blocked >> (signal.SIGSEGV - 1) & 1
assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])
"""
    run(code)


def test_without_compiled_modules():
    """As where the team's cannot be loaded: NumPy computes, on one thread."""
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
"""
    assert run(code)[0] == "numpy 1"


def test_on_the_numpy_backend():
    code = "import fastact; fastact.set_num_threads(1); fastact.relu(-1.0); fastact.set_num_threads('x')"
    code = f"""
try:
    {code}
except TypeError:
    print(fastact.backend())
"""
    assert run(code, FASTACT_BACKEND="numpy")[0] == "numpy"
