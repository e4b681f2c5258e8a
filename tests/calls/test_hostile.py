"""Arguments that change others while they are converted, and objects that were never made: an error or a result, no crash."""

import contextlib
import itertools
import sys
import tracemalloc

import numpy as np
import pytest
from fuzzing.hostile import CHANGES, Hostile

from fastact.functions import entries, loss_functions, row_functions, units

SHAPE = (40, 50)


def ones(count, shape=SHAPE):
    return [np.ones(shape, np.float32) for _ in range(count)]


def loss_calls(backend, change):
    """Calls of losses in which one argument is hostile to the others."""
    for labels in (np.zeros(SHAPE[0], np.int64), np.zeros(SHAPE[0], np.int8), np.ones(SHAPE)):
        for method in ("__call__", "value_and_grad"):
            for place in ("targets", "weight", "sample_weight", "mask", "axis", "ignore_index", "label_smoothing", "out"):
                for reduction in ("mean", "none"):
                    x, out = ones(2)
                    given = {"weight": np.ones(SHAPE[1]), "axis": -1, "ignore_index": -1, "label_smoothing": 0.1}
                    given |= {"sample_weight": np.ones(SHAPE[0]), "mask": np.ones(SHAPE, bool)}
                    if place in ("mask", "sample_weight"):
                        given["label_smoothing"] = 0.0
                    targets = labels.copy()
                    victims = [x, out, targets, given["weight"], given["sample_weight"], given["mask"]]
                    if place == "targets":
                        hostile = Hostile(targets.copy(), change, *victims)
                        yield lambda t=hostile, m=method, x=x, g=given, r=reduction: getattr(backend.cross_entropy, m)(
                            x, t, reduction=r, **g
                        )
                        continue
                    if place == "out":
                        given["out"] = Hostile(out, change, *victims)
                    else:
                        given[place] = Hostile(given[place], change, *victims)
                    yield lambda t=targets, m=method, x=x, g=given, r=reduction: getattr(backend.cross_entropy, m)(
                        x, t, reduction=r, **g
                    )
    f = backend.nll_loss
    for method, place in itertools.product((f, f.value_and_grad), ("targets", "weight", "sample_weight", "axis", "ignore_index")):
        x, targets = np.ones(SHAPE, np.float32), np.zeros(SHAPE[0], np.int64)
        given = {"weight": np.ones(SHAPE[1]), "sample_weight": np.ones(SHAPE[0]), "axis": -1, "ignore_index": -1}
        victims = [x, targets, given["weight"], given["sample_weight"]]
        if place == "targets":
            hostile = Hostile(targets.copy(), change, *victims)
            yield lambda m=method, x=x, t=hostile, g=given: m(x, t, **g)
        else:
            given[place] = Hostile(given[place], change, *victims)
            yield lambda m=method, x=x, t=targets, g=given: m(x, t, **g)
    f = backend.binary_cross_entropy
    for method in (f, f.value_and_grad):
        for reduction in ("mean", "none"):
            for place in ("weight", "pos_weight"):
                x, t, out, w = ones(4)
                given = {place: Hostile(w, change, x, t, out, w), "reduction": reduction}
                yield lambda m=method, x=x, t=t, out=out, g=given: m(x, t, out=out, **g)
            x, t = ones(2)
            yield lambda m=method, x=x, t=t, r=reduction: m(x, Hostile(t, change, x, t), reduction=r)


def row_calls(backend, change):
    """Calls of functions of rows in which one argument is hostile to the others."""
    for name, record in row_functions.items():
        f = getattr(backend, name)
        result = SHAPE[:1] if record.reduces else SHAPE

        def forward(f=f, result=result, **keywords):
            x, out = np.ones(SHAPE, np.float32), np.empty(result, np.float32)
            return lambda: f(x, out=out, **against(x, out, keywords))

        def backward(f=f, result=result, **keywords):
            x, out, dy = np.ones(SHAPE, np.float32), np.empty(SHAPE, np.float32), np.ones(result, np.float32)
            return lambda: f.backward(dy, x, out=out, **against(x, out, dy, keywords))

        def against(*arrays):
            """The keywords, with the arrays as victims of those that are hostile."""
            *victims, keywords = arrays
            victims += [value for value in keywords.values() if isinstance(value, np.ndarray)]
            for value in keywords.values():
                for part in value if isinstance(value, tuple) else (value,):
                    if isinstance(part, Hostile):
                        part.victims = victims
            return keywords

        for call in (forward, backward):
            yield call(axis=Hostile(-1, change))
            yield call(axis=(Hostile(1, change),))
            yield call(axis=(0, Hostile(1, change)), result=() if record.reduces else SHAPE)
            if not record.masked:
                continue
            for mask in (np.ones(SHAPE, bool), np.ones(SHAPE, np.float32)):
                yield call(mask=Hostile(mask, change))
                yield call(mask=mask, scale=Hostile(2.0, change))
                yield call(mask=mask, scale=Hostile(np.ones((SHAPE[0], 1)), change))
            yield call(mask=("causal", Hostile(3, change)), scale=np.ones((SHAPE[0], 1)))


def calls(backend, change):
    """Calls in which one argument is hostile to the others."""
    yield from row_calls(backend, change)
    yield from loss_calls(backend, change)
    for name, entry in entries.items():
        f = getattr(backend, name)
        for p in entry.options:
            x, dy, out = ones(3)
            yield lambda f=f, x=x, out=out, p=p: f(x, out=out, **{p.name: Hostile(p.default, change, x, out)})
            yield lambda f=f, x=x, out=out, dy=dy, p=p: f.backward(
                dy, x, out=out, **{p.name: Hostile(np.float32(p.default), change, x, dy, out)}
            )
        x, dy, out, bias = *ones(3), np.ones(SHAPE[1], np.float32)
        yield lambda f=f, x=x, out=out, b=bias: f(x, out=out, bias=Hostile(b, change, x, out, b))
        x, dy, out, bias = *ones(3), np.ones(SHAPE[1], np.float32)
        yield lambda f=f, x=x, dy=dy, out=out, b=bias: f.backward(dy, x, out=out, bias=Hostile(b, change, x, out, dy, b))
        yield lambda f=f, x=x, out=out: f(x, out=out, where=Hostile(np.ones(SHAPE, bool), change, x, out))
    for name in units:
        f = getattr(backend, name)
        x, dy, out, value = ones(4)
        yield lambda f=f, x=x, v=value, out=out: f(x, Hostile(v, change, x, v, out), out=out)
        x, dy, out, value = ones(4)
        yield lambda f=f, x=x, v=value, dy=dy: f.backward(dy, x, Hostile(v, change, x, v, dy))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_arguments_that_change_others(backend, change):
    for call in calls(backend, change):
        with contextlib.suppress(TypeError, ValueError, IndexError, AttributeError), np.errstate(all="ignore"):
            call()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_arrays_that_change_take_no_memory(backend, change):
    """Labels that had grown were broadcast against the mask: 13 GB for these 2,000 logits."""
    for call in loss_calls(backend, change):
        tracemalloc.start()
        try:
            with contextlib.suppress(TypeError, ValueError, IndexError, AttributeError), np.errstate(all="ignore"):
                call()
            assert tracemalloc.get_traced_memory()[1] < 50e6
        finally:
            tracemalloc.stop()


class Liar(np.ndarray):
    """Says that it has another shape and dtype, and can be written to."""

    shape = property(lambda self: SHAPE)
    ndim = property(lambda self: 2)
    dtype = property(lambda self: np.dtype(np.float32))
    size = property(lambda self: SHAPE[0] * SHAPE[1])
    flags = property(lambda self: np.empty(1).flags)


def lying_calls(f, x, targets, liar):
    """Calls in which one argument is such an array; not all of them are ways to call this function."""
    return [
        lambda: f(x, *targets, out=liar),
        lambda: f(x, *targets, out=liar, reduction="none"),
        lambda: f(liar, *targets),
        lambda: f(x, *([liar] if targets else [])),
        lambda: f.value_and_grad(x, *targets, out=liar),
        lambda: f.value_and_grad(x, *targets, out=(liar, liar)),
        lambda: f.backward(x, x, out=liar),
        lambda: f.backward(x, liar),
        lambda: f.backward(liar, x),
        lambda: f(x, mask=liar),
        lambda: f(x, *targets, weight=liar),
        lambda: f(x, *targets, sample_weight=liar),
        lambda: f(x, bias=liar),
    ]


@pytest.mark.parametrize("kind", ["f4", "f8", "i1", "O", "c8"])
def test_subclasses_that_lie(backend, kind):
    x = np.ones(SHAPE, np.float32)
    labels = np.zeros(SHAPE[0], int)
    targets = {"cross_entropy": [labels], "nll_loss": [labels], "binary_cross_entropy": [x], "swiglu": [x]}
    for name in [*row_functions, "cross_entropy", "nll_loss", "binary_cross_entropy", "relu", "gelu", "prelu", "swiglu"]:
        for array in (np.ones((1, 1), kind), np.ones(3, kind), np.broadcast_to(np.ones((), kind), SHAPE)):
            for call in lying_calls(getattr(backend, name), x, targets.get(name, []), array.view(Liar)):
                with contextlib.suppress(Exception), np.errstate(all="ignore"):
                    call()


def classes_of(backend):
    """The classes of all functions, and the compiled ones that they are made of."""
    found = {
        base for name in [*entries, *units, *row_functions, *loss_functions] for base in type(getattr(backend, name)).__mro__
    }
    return sorted((cls for cls in found if cls.__module__.startswith("fastact")), key=str)


def test_objects_that_were_never_made(backend):
    x, t = np.ones(SHAPE, np.float32), np.zeros(SHAPE[0], int)
    for cls in classes_of(backend):
        f = cls.__new__(cls)
        attempts = [
            lambda f=f: f(x),
            lambda f=f: f(x, x),
            lambda f=f: f(x, t),
            lambda f=f: f(x[:, ::2]),
            lambda f=f: f(),
            lambda f=f: f(1.0),
            lambda f=f: f.backward(x, x),
            lambda f=f: f.backward(x, x, x),
            lambda f=f: f.backward(x, x[:, ::2]),
            lambda f=f: f.value_and_grad(x),
            lambda f=f: f.value_and_grad(x, t),
            lambda f=f: f.ufunc,
        ]
        for attempt in attempts:
            with pytest.raises((TypeError, AttributeError, NotImplementedError)):
                attempt()
        if backend.name != "numpy" and cls.__name__.startswith("Native"):
            with pytest.raises(TypeError, match="without __init__"):
                f(x, x)


def compiled_modules():
    return [module for name, module in sys.modules.items() if name.startswith("fastact.backends.native.engine.")]


def test_compiled_objects_that_were_never_made():
    def attempt(function, *arguments):
        with contextlib.suppress(TypeError, ValueError, AttributeError, NotImplementedError):
            return function(*arguments)

    for cls in [value for module in compiled_modules() for value in vars(module).values() if isinstance(value, type)]:
        for arguments in ((), (None,), (object(),), (np.ones(3), 0)):
            made = attempt(cls.__new__, cls, *arguments)
            for name in [name for name in dir(made) if not name.startswith("__")]:
                for given in ((), (None,), (None, None), (np.ones(3), np.ones(3))):
                    attempt(lambda *given, made=made, name=name: getattr(made, name)(*given), *given)


@pytest.mark.parametrize(
    ("name", "arguments"), [("vectorcall", 1), ("sum_by_column", 2), ("make_ufunc", 4), ("add_bfloat16", 5), ("run_drawn", 7)]
)
def test_compiled_functions_of_nothing(name, arguments):
    for function in [vars(module)[name] for module in compiled_modules() if name in vars(module)]:
        with pytest.raises((TypeError, AttributeError)):
            function(*[None] * arguments)
