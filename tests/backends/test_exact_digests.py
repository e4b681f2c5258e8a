"""Results of the mode "exact" are the same on every machine: exact_digests.txt has their digests, and every backend gives them.

After a change that is to change results: `python tests/backends/test_exact_digests.py` writes the list anew. With backends named
after it, it prints for each the digests of 105 million float32 instead, a line a function; backends that agree print the same.
"""

import hashlib
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import fastact
from fastact.functions import entries

LIST = Path(__file__).with_name("exact_digests.txt")
NAMES = tuple(name for name, entry in entries.items() if not entry.noise)
ROWS = ("softmax", "log_softmax", "softmin", "logsumexp", "sparsemax", "entmax15")
#: Of 2^32 float32 every so many-th: odd, so that all digits occur, and a prime, so that none is left out for long.
STEP = 32749
#: The same for those that are compared now and then, in portions of so many.
SMALL_STEP, PORTION = 41, 1 << 20


def inputs():
    """Of each dtype: the whole of 16 bits, and every STEP-th float32."""
    halves = np.arange(1 << 16, dtype=np.uint16)
    floats = (np.arange(1 << 17, dtype=np.uint64) * STEP).astype(np.uint32)
    return floats.view(np.float32), halves.view(np.float16), halves.view(ml_dtypes.bfloat16)


def digest(arrays):
    """Of their bits; all NaN are one."""
    found = hashlib.sha256()
    for array in arrays:
        bits = np.where(np.isnan(array), np.array(np.nan, array.dtype), array).view(f"u{array.dtype.itemsize}")
        found.update(bits.astype(bits.dtype.newbyteorder("<")).tobytes())
    return found.hexdigest()[:16]


def of_activation(f):
    """The digests of values and of derivatives."""
    parameters = [p.name for p in f._entry.options if p.array]
    pairs = [f.value_and_grad(x, **dict.fromkeys(parameters, x.dtype.type(0.25))) for x in inputs()]
    return digest(y for y, _ in pairs), digest(d for _, d in pairs)


def of_many(f):
    """The digests of values and of derivatives of every SMALL_STEP-th float32."""
    parameters = dict.fromkeys([p.name for p in f._entry.options if p.array], np.float32(0.25))
    starts = range(0, 1 << 32, SMALL_STEP * PORTION)
    portions = (np.arange(start, min(start + SMALL_STEP * PORTION, 1 << 32), SMALL_STEP, np.uint32) for start in starts)
    hashes = hashlib.sha256(), hashlib.sha256()
    for portion in portions:
        for found, result in zip(hashes, f.value_and_grad(portion.view(np.float32), **parameters), strict=True):
            found.update(digest([result]).encode())
    return tuple(found.hexdigest()[:16] for found in hashes)


def of_rows(f):
    """The digests of values and gradients of rows of several lengths, in float32."""
    values, gradients = [], []
    for rows, n in ((97, 5), (64, 100), (5, 5000)):
        x = np.sin(np.arange(rows * n, dtype=np.float64).reshape(rows, n) ** 2 % 1009 / 7).round(3).astype(np.float32) * 8
        y = f(x)
        values.append(y)
        gradients.append(f.backward(y, x))
    return digest(values), digest(gradients)


def committed():
    return {line.split()[0]: tuple(line.split()[1:]) for line in LIST.read_text().splitlines() if not line.startswith("#")}


@pytest.mark.parametrize("name", NAMES)
def test_activation(backend, name):
    assert of_activation(getattr(backend.exact, name)) == committed()[name]


@pytest.mark.parametrize("name", ROWS)
def test_rows(backend, name):
    if backend.name in ("baseline", "numpy"):
        pytest.skip("without FMA the last bit of a sum may differ")
    assert of_rows(getattr(backend.exact, name)) == committed()[name]


def test_list():
    assert list(committed()) == [*NAMES, *ROWS]


def compare(backends):
    for name in NAMES:
        for backend in backends:
            sys.stdout.write(" ".join([name, *of_many(getattr(fastact.backends.load(backend).exact, name)), backend]) + "\n")
            sys.stdout.flush()


def write():
    exact = fastact.backends.current().exact
    lines = [f"# Function, digest of its values, of its derivatives or gradients. By {Path(__file__).name}"]
    lines += [" ".join([name, *of_activation(getattr(exact, name))]) for name in NAMES]
    lines += [" ".join([name, *of_rows(getattr(exact, name))]) for name in ROWS]
    LIST.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(compare(sys.argv[1:]) if sys.argv[1:] else write())
