"""Every dtype that no function takes, in every argument of every function: a TypeError that names both, and nothing written.

All dtypes that NumPy and ml_dtypes know are tried. What turns a dtype into a number or a row of a table must know all of them.
"""

import contextlib
import inspect
import subprocess
import sys

import numpy as np
import pytest
from dtypes import UNSUPPORTED

import fastact
from fastact.functions import row_functions, units

NOT_LABELS = [*UNSUPPORTED, np.dtype(bool)]
# Keywords whose dtype is not looked at: numbers, names and options; `where` takes whatever is true or false.
NO_ARRAY = {
    *("axis", "bias_axis", "casting", "dtype", "empty", "from_logits", "gate_first", "hard", "ignore_index", "keepdims"),
    *("label_smoothing", "lower", "order", "reduction", "return_index", "rng", "signature", "subok", "tau", "upper", "where"),
}
NOT_A_MASK = [*UNSUPPORTED, *map(np.dtype, "bBhHiIlLqQ")]
SHAPE = (3, 4)
X = np.linspace(-2, 2, 12, dtype=np.float32).reshape(SHAPE)
ROW = X[0]


def filled(shape, dtype):
    """An array of ones, if the dtype has them."""
    if dtype.char == "\0":
        return np.ones(shape).view(dtype)
    array = np.zeros(shape, dtype)
    with contextlib.suppress(TypeError, ValueError):
        array[...] = 1
    return array


def calls(backend):
    """(the function's name, what it takes, the argument under test -> shape, unsupported dtypes)"""
    for name in fastact.activations:
        f = getattr(backend, name)
        yield name, f, (X,), {}, {0: SHAPE, "out": SHAPE}
        yield name, f, (X,), {"bias": ROW}, {0: SHAPE, "bias": ROW.shape, "out": SHAPE}
        yield name, f.backward, (X, X), {}, {0: SHAPE, 1: SHAPE, "out": SHAPE}
        yield name, f.backward, (X, X), {"bias": ROW}, {0: SHAPE, 1: SHAPE, "bias": ROW.shape, "out": SHAPE}
        if f._entry.derivative_from_output is not None:
            yield name, f.backward, (X,), {"y": X}, {0: SHAPE, "y": SHAPE, "out": SHAPE}
        yield name, f.value_and_grad, (X,), {}, {0: SHAPE, "out 0": SHAPE, "out 1": SHAPE}
        yield name, f.value_and_grad, (X,), {"bias": ROW}, {0: SHAPE, "bias": ROW.shape, "out 0": SHAPE, "out 1": SHAPE}
        if f._entry.learnt_parameters:
            parameter = f._entry.learnt_parameters[0].name
            yield name, f, (X,), {parameter: ROW}, {parameter: ROW.shape}
            yield name, f.backward, (X, X), {parameter: ROW}, {parameter: ROW.shape}
        if f._entry.noise:
            yield name, f, (X,), {"rng": np.random.default_rng(0)}, {0: SHAPE, "out": SHAPE}
    for name in units:
        f = getattr(backend, name)
        yield name, f, (X, X), {}, {0: SHAPE, 1: SHAPE, "out": SHAPE}
        yield name, f.backward, (X, X, X), {}, {0: SHAPE, 1: SHAPE, 2: SHAPE, "out 0": SHAPE, "out 1": SHAPE}
    for name, record in row_functions.items():
        f = getattr(backend, name)
        result = SHAPE[:1] if record.reduces else SHAPE
        yield name, f, (X,), {}, {0: SHAPE, "out": result}
        yield name, f.backward, (X[:, 0] if record.reduces else X, X), {}, {0: result, 1: SHAPE, "out": SHAPE}
        if "y" in inspect.signature(f.backward).parameters:
            yield name, f.backward, (X,), {"y": X}, {0: SHAPE, "y": SHAPE, "out": SHAPE}
        if "mask" in str(f.__doc__).split("\n")[0]:
            mask = {"mask": X > 0}
            yield name, f, (X,), mask, {0: SHAPE, "mask": SHAPE, "out": result}
            yield name, f.backward, (X[:, 0] if record.reduces else X, X), mask, {0: result, "mask": SHAPE, "out": SHAPE}
            scale = {"scale": X[:, :1]}
            yield name, f, (X,), scale, {0: SHAPE, "scale": (3, 1), "out": result}
            yield name, f.backward, (X[:, 0] if record.reduces else X, X), scale, {0: result, "scale": (3, 1), "out": SHAPE}
        alone = () if record.reduces else SHAPE
        yield name, f, (X,), {"axis": None}, {0: SHAPE, "out": alone}
        yield name, f.backward, (X[0, 0] if record.reduces else X, X), {"axis": (0, 1)}, {0: alone, 1: SHAPE, "out": SHAPE}
        if record.reduces:
            yield name, f, (X,), {"keepdims": True}, {0: SHAPE, "out": (3, 1)}
            yield name, f.backward, (X[:, :1], X), {"keepdims": True}, {0: (3, 1), 1: SHAPE, "out": SHAPE}
    yield from loss_calls(backend)


def loss_calls(backend):
    """The same of losses."""
    labels, weight = np.array([0, 1, 3]), np.ones(4)
    for targets, t in ((labels, SHAPE[:1]), (np.abs(X), SHAPE)):
        f = backend.cross_entropy
        options = {"weight": weight}, {"label_smoothing": 0.1}, {"sample_weight": np.ones(3)}, {"mask": np.ones(SHAPE, bool)}
        for extra in ({}, *options):
            of_extra = {key: np.shape(value) for key, value in extra.items() if key != "label_smoothing"}
            yield f.name, f, (X, targets), extra, {0: SHAPE, 1: t, "out": (), **of_extra}
            yield f.name, f, (X, targets), {**extra, "reduction": "none"}, {0: SHAPE, 1: t, "out": SHAPE[:1], **of_extra}
            yield f.name, f.value_and_grad, (X, targets), extra, {0: SHAPE, 1: t, "out": SHAPE, **of_extra}
    f = backend.nll_loss
    for extra in ({}, {"weight": weight}, {"sample_weight": np.ones(3)}):
        of_extra = {key: value.shape for key, value in extra.items()}
        yield f.name, f, (X, labels), extra, {0: SHAPE, 1: SHAPE[:1], "out": (), **of_extra}
        yield f.name, f.value_and_grad, (X, labels), extra, {0: SHAPE, 1: SHAPE[:1], "out": SHAPE, **of_extra}
    f, p = backend.binary_cross_entropy, np.abs(X) / 10
    for extra in ({}, {"weight": ROW + 2}, {"pos_weight": ROW + 2}, {"from_logits": False}):
        of_extra = dict.fromkeys(extra.keys() - {"from_logits"}, ROW.shape)
        yield f.name, f, (p, p), extra, {0: SHAPE, 1: SHAPE, "out": (), **of_extra}
        yield f.name, f, (p, p), {**extra, "reduction": "none"}, {0: SHAPE, 1: SHAPE, "out": SHAPE, **of_extra}
        yield f.name, f.value_and_grad, (p, p), extra, {0: SHAPE, 1: SHAPE, "out": SHAPE, **of_extra}


def unsupported(function, place):
    if place == "mask":
        return NOT_A_MASK
    return NOT_LABELS if function in ("cross_entropy", "nll_loss") and place == 1 else UNSUPPORTED


def test_there_are_many():
    assert len(UNSUPPORTED) > 40
    names = {str(dtype) for dtype in UNSUPPORTED}
    assert {"complex64", "object", "float8_e4m3fn", "int4", "uint4", "|V4", "<U2", "StringDType()"} <= names


def test_no_argument_is_left_out(backend):
    """What is tried below is all that the signatures have."""
    tried = {}
    for name, function, _, _, places in calls(backend):
        positions = list(inspect.signature(function).parameters)
        named = {positions[place] if isinstance(place, int) else place.split()[0] for place in places}
        tried.setdefault((name, getattr(function, "__name__", name)), set()).update(named)
    for name in (*fastact.activations, *units, *row_functions, "cross_entropy", "nll_loss", "binary_cross_entropy"):
        f = getattr(backend, name)
        entry = getattr(f, "_entry", None)
        numbers = {p.name for p in entry.parameters if not p.array} if hasattr(entry, "parameters") else set()
        for method in (f, getattr(f, "backward", None), getattr(f, "value_and_grad", None)):
            if method is not None:
                taken = set(inspect.signature(method).parameters) - NO_ARRAY - numbers - {"params"}
                if entry is not None and getattr(entry, "derivative_from_output", entry) is None:
                    taken -= {"y"}  # it is refused
                left_out = taken - tried.get((name, method.__name__), set())
                assert not left_out, f"{name}.{method.__name__}"


def test_unsupported_dtypes(backend):
    wrong, before = [], X.copy()
    for name, function, args, keywords, places in calls(backend):
        for place, shape in places.items():
            for dtype in unsupported(name, place):
                array = filled(shape, dtype)
                held = array.tobytes() if dtype.kind not in "OT" else array.tolist()
                positional, named = list(args), dict(keywords)
                if isinstance(place, int):
                    positional[place] = array
                elif place.startswith("out "):
                    named["out"] = (array, None) if place == "out 0" else (None, array)
                else:
                    named[place] = array
                try:
                    function(*positional, **named)
                except TypeError as error:
                    said = "" if name in str(error) and str(array.dtype) in str(error) else f"says {error}"
                except Exception as error:  # collected: it is shown which calls raise what
                    said = f"raises {error!r}"
                else:
                    said = "raises nothing"
                if (array.tobytes() if dtype.kind not in "OT" else array.tolist()) != held:
                    said += ", and is written to"
                if said:
                    method = getattr(function, "__name__", "")
                    wrong.append(f"{name} {method} {sorted(keywords)}: {place} of {dtype} {said}")
    np.testing.assert_array_equal(X, before)
    assert not wrong, f"{len(wrong)} of them:\n" + "\n".join(wrong[:40])


@pytest.mark.parametrize("dtype", UNSUPPORTED, ids=str)
def test_unsupported_dtype_keyword(backend, dtype):
    for name in fastact.activations:
        out = np.full(SHAPE, 7, np.float32)
        with pytest.raises(TypeError, match=name):
            getattr(backend, name)(X, out=out, dtype=dtype)
        assert (out == 7).all()


def test_new_style_dtype_before_bfloat16_is_known():
    """Its number is that of no dtype. In a process of its own, because the first bfloat16 array changes what is known."""
    code = """
import numpy as np, fastact
from numpy._core._multiarray_umath import _get_sfloat_dtype
x = np.ones(4).view(_get_sfloat_dtype()(1.0))
for call in (fastact.relu, fastact.softmax, fastact.relu.value_and_grad, lambda x: fastact.swiglu(x, x),
             lambda x: fastact.relu.backward(x, x), lambda x: fastact.cross_entropy(x, 0)):
    try:
        call(x)
    except TypeError as error:
        assert "not supported" in str(error), error
    else:
        raise AssertionError(call)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
