"""What the tests of calls share: numbers, layouts, comparisons, and the memory that a call takes."""

import tracemalloc

import numpy as np

import fastact


def cast(x, dtype):
    with np.errstate(all="ignore"):
        return x.astype(dtype)


def normal(rng, shape, dtype, spread=1.0):
    return cast(spread * rng.normal(size=shape), dtype)


def inside(f, x, summands=1):
    """Numbers like these, of their dtype, within the domain of an activation; and the sum of so many such, too."""
    low, high = f.info.domain
    if low == -np.inf:
        return x
    a = np.abs(x.astype(np.float64)) + 0.125
    return cast((a if high == np.inf else a / (a + 1)) / summands, x.dtype)


def layouts(x):
    """The same elements in every layout; all but one can be written to."""
    yield x
    yield np.asfortranarray(x)
    yield np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0)
    yield x[::-1].copy()[::-1]
    yield x[..., ::-1].copy()[..., ::-1]
    spread = np.zeros((2 * x.shape[0], *x.shape[1:-1], 3 * x.shape[-1]) if x.ndim > 1 else 3 * x.size, x.dtype)
    spread = spread[::2, ..., ::3] if x.ndim > 1 else spread[::3]
    spread[...] = x
    yield spread
    rows_apart = np.zeros((*x.shape[:-1], 2 * x.shape[-1] + 3), x.dtype)[..., 3 : 3 + x.shape[-1]]
    rows_apart[...] = x
    yield rows_apart
    yield x.astype(x.dtype.newbyteorder())
    record = np.zeros(x.shape, dtype=[("pad", "u1"), ("x", x.dtype)])
    record["x"] = x
    yield record["x"]
    misaligned = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    misaligned[...] = x
    yield misaligned
    readonly = x.copy()
    readonly.flags.writeable = False
    yield readonly


def same_bits(a, b):
    """The same dtype, shape and bits; any NaN is the same."""
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
    bits, keep = f"u{a.dtype.itemsize}", ~np.isnan(a)
    np.testing.assert_array_equal(a[keep].view(bits), b[keep].view(bits))


def peak(call):
    """The most bytes in use at once during a call, beyond those before it: not the first call, nor with memory that was kept."""
    call()
    fastact.empty_cache()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
