"""What must hold for every call: see `faults`."""

import contextlib
import re
import warnings

import numpy as np

import fastact

from .draw import drawn

#: What a call may raise. AxisError is an error of value and of index.
KINDS = (TypeError, ValueError, IndexError)
#: By bytes of an element: how much backends may differ, relative to the largest number.
TOLERANCES = {2: 2e-2, 4: 1e-4, 8: 1e-9}


class Outcome:
    """What a call gave: results, or an error."""

    def __init__(self, call, backend):
        self.error = None
        self.results = ()
        self.raw = None
        fastact.set_num_threads(call.threads)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore" if call.method.startswith("ufunc") else "raise"):
                warnings.simplefilter("error")
                warnings.filterwarnings("ignore", "'where' used without 'out'")  # NumPy's own, of the caller's ways
                self.raw = call.target(backend)(*call.positional, **call.keywords)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            self.error = error
        else:
            self.results = self.raw if isinstance(self.raw, tuple) else (self.raw,)

    def keep(self):
        """Copies of the results, as `out` is used again."""
        self.results = tuple(
            np.array(result, copy=True, subok=True) if isinstance(result, np.ndarray) else result for result in self.results
        )

    @property
    def kind(self):
        return "a result" if self.error is None else f"{type(self.error).__name__}: {self.error}"


def faults(seed, number, backends):
    """What is wrong with this call: texts, which begin with the kind of fault. Nothing, mostly.

    On every backend
    - only TypeError, ValueError and IndexError are raised, they name the function, and there is no warning;
    - inputs stay as they are, and so does everything around an `out`, between its elements too, and where `where` says no;
    - a call that raises writes nothing;
    - a result stands in `out` where one was given, and else in memory of its own;
    - the result has the dtype and shape of the first backend's, and nearly its numbers, the error its kind and text, unless
      there may be several to tell of.
    """
    call = drawn(seed, number)
    found, first = [], None
    for k, name in enumerate(backends):
        if k and call.again:
            call = drawn(seed, number)
        backend = fastact.backends.load(name)
        if not call.hostile:
            _allow(call)
        outcome = Outcome(call, backend)
        found += [f"{fault} [{name}]" for fault in _alone(call, outcome)]
        outcome.keep()
        if first is None:
            first = outcome
        elif not call.hostile:
            difference = _difference(call, first, outcome)
            if difference:
                found.append(f"{difference} [{backends[0]}, {name}]")
        for block in call.blocks:
            block.restore()
    return call, found


def _allow(call):
    """Mark what may be written to: the elements of each `out`, where `where` says so."""
    where = call.keywords.get("where", True)
    for out in call.outs:
        block = next((block for block in call.blocks if block.holds(out)), None)
        if block is not None:
            mask = None
            with contextlib.suppress(ValueError, TypeError):
                mask = None if where is True else np.broadcast_to(np.array(where).astype(bool), out.shape)
            block.allow(np.asarray(out), mask)


def _alone(call, outcome):
    """What is wrong on one backend."""
    error = outcome.error
    if error is not None and not call.method.startswith("ufunc"):  # NumPy's own errors
        if not isinstance(error, KINDS) or isinstance(error, UnicodeError):
            if not (call.hostile and isinstance(error, (AttributeError, BufferError))):
                yield f"kind of error: {outcome.kind}"
        elif call.name not in str(error) and not _is_alias(call, error):
            yield f"no name in the error: {outcome.kind}"
        elif re.search(r"__call__|_gradient|MaskedMap|Native", str(error)):
            yield f"private name in the error: {outcome.kind}"
    if call.hostile:
        return
    for block in call.blocks:
        if block.written(error is None):
            yield "written although an error was raised" if error is not None else "written outside of out"
    for array, elements in zip(call.plain, call.held, strict=True):
        kept = elements is not None and (error is not None or not any(np.may_share_memory(array, out) for out in call.outs))
        if kept and repr(array.tolist()) != elements:
            yield "written: an input or, with an error, out"
    if error is None and not call.method.startswith("ufunc.") and call.keywords.get("out") is not ...:
        yield from _places(call, outcome)


def _is_alias(call, error):
    function = getattr(fastact, call.name)
    return function.name in str(error)


def _places(call, outcome):
    """Whether the results stand where they should."""
    out = call.keywords.get("out")
    given = out if isinstance(out, tuple) else (out,)
    results = (
        outcome.results[-1:]
        if "targets" in call.keywords or (call.method == "value_and_grad" and len(given) == 1)
        else outcome.results
    )
    for array, result in zip(given, results, strict=False):
        if array is not None:
            if result is not array:
                yield "the result is not out"
        elif isinstance(result, np.ndarray):
            for block in call.blocks:
                if np.may_share_memory(block.bytes, result):
                    yield "the result shares memory with an argument"


def _difference(call, a, b):
    """How the outcomes of two backends differ; None if they don't."""
    arrays = any(isinstance(value, np.ndarray | np.generic | list) for value in call.positional[1:])
    if call.method.startswith("ufunc") and (a.error or b.error or call.odd_dtypes or arrays):
        return None  # NumPy's own errors; parameters that are arrays, and numbers beside bfloat16, decide the dtype there
    if (a.error is None) != (b.error is None) or (type(a.error) is not type(b.error) and not _has_several(call)):
        return f"other kind of outcome: {a.kind} / {b.kind}"
    if a.error is not None:
        same = str(a.error) == str(b.error) or call.method.startswith("ufunc") or _has_several(call)
        return None if same else f"other text: {a.kind} / {b.kind}"
    if len(a.results) != len(b.results):
        return "other number of results"
    for one, other in zip(a.results, b.results, strict=True):
        if type(one) is not type(other):
            return f"other type of result: {type(one).__name__} / {type(other).__name__}"
        if one is None:
            continue
        if one.dtype != other.dtype or one.shape != other.shape:
            return f"other dtype or shape: {one.dtype} {one.shape} / {other.dtype} {other.shape}"
        if not call.tame or one.dtype.hasobject:
            continue
        if not _same(_written(call, one), _written(call, other), call.itemsize):
            return "other numbers"
    return None


def _has_several(call):
    """Whether it may have several faults, of which one backend tells another first: how to cast, beside a bad number, say."""
    return any(key in call.keywords for key in ("casting", "dtype", "signature"))


def _written(call, result):
    """What of a result was written to: memory of its own is left as it came where `where` says no."""
    result, where = np.asarray(result), call.keywords.get("where", True)
    if where is True or isinstance(call.keywords.get("out"), np.ndarray | tuple):
        return result
    return result[np.broadcast_to(np.array(where).astype(bool), result.shape)]


def _same(one, other, itemsize):
    return one.tobytes() == other.tobytes() or _close(one, other, itemsize)


def _close(one, other, itemsize):
    # NumPy lets ufuncs put the bytes or digits of numbers into some; a dtype of its own tests is of no type
    if one.dtype.type is None or issubclass(one.dtype.type, np.flexible):
        return True
    if one.dtype.kind == "c":  # nor is there a reason against these
        return _close(one.real, other.real, itemsize) and _close(one.imag, other.imag, itemsize)
    if one.dtype.kind not in "fV":
        return False
    tolerance = TOLERANCES[min(one.dtype.itemsize, itemsize)]
    with np.errstate(all="ignore"):  # signalling NaN
        one, other = one.astype(np.float64), other.astype(np.float64)
    finite = np.isfinite(one)
    if not np.array_equal(finite, np.isfinite(other)) or not np.array_equal(one[~finite], other[~finite], equal_nan=True):
        return False
    one, other = one[finite], other[finite]
    largest = max(1.0, np.abs(one).max(initial=0))
    return bool((np.abs(one - other) <= tolerance * largest).all())
