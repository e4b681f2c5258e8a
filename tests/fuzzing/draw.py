"""One random call, from a seed and its number: function, method and every argument are taken from the public interface."""

import decimal
import fractions
import functools
import inspect
import math
import random
import warnings

import ml_dtypes
import numpy as np

import fastact

from . import arrays
from .hostile import CHANGES, Hostile

BACKENDS = fastact.backends.available()
UFUNC_METHODS = ("reduce", "accumulate", "outer", "at", "reduceat")
_OPERANDS = frozenset({"x", "dy", "y", "gate", "value", "logits", "targets"})
_NUMBERS = (0.0, 1.0, 0.5, 2.0, -1.0, 0.01, 3, 1, 0, 20.0, 1e-3, 100.0)
_EXTREME = (1e300, 1e-300, -1e30, 1e39, 1e-46, 5e-324, math.inf, -math.inf, 2**31, 2**63, -(2**63), 2**64)
_NO_NUMBERS = (math.nan, 10**400, -(10**400), "0.5", None, 1j, [0.5], b"1", object, {}, fractions.Fraction(10**400, 3))
_ODD_NUMBERS = (
    True,
    np.float32(0.5),
    np.float16(2),
    np.int8(1),
    np.array(0.25),
    np.array([0.5]),
    np.longdouble(0.5),
    np.complex64(1),
    np.datetime64(1, "s"),
    ml_dtypes.bfloat16(0.5),
    fractions.Fraction(1, 3),
    decimal.Decimal("0.5"),
    np.float32(np.inf),
)
_GOOD_TEXTS = {
    "casting": ("same_kind", "no", "equiv", "safe", "unsafe"),
    "order": ("K", "A", "C", "F"),
    "reduction": ("mean", "sum", "none"),
    "empty": ("nan", "zero", "uniform"),
}
_BAD_TEXTS = ("nonsense", "", None, 3, b"mean", ["mean"], "K\0", "ﬁ")
_BAD_AXES = (
    9,
    -9,
    2**40,
    10**400,
    0.5,
    "0",
    b"x",
    (0, 0),
    (0, 9),
    [0],
    (),
    (0, "a"),
    object,
    np.array([0, 1]),
    1j,
    np.float32(1),
)
_SIGNATURES = (
    "f->f",
    "d->d",
    "e->e",
    "l->l",
    (None, "f4"),
    ("f4", "f4"),
    "ff->f",
    "->",
    "f",
    (None,),
    ("O", "O"),
    5,
    "D->D",
    "?->?",
)
_DTYPES = ("f4", "f8", "f2", np.float32, float, int, "i1", "?", arrays.BFLOAT16, np.dtypes.Float32DType)
_BAD_DTYPES = (
    *map(np.dtype, ("c8", "O", ">f4", "S3", "M8[s]", "V4")),
    "nonsense",
    3,
    [("a", "f4")],
    np.dtypes.StringDType(),
    object,
)


class Way:
    """A public function and one of its methods, with what its signature says."""

    def __init__(self, name, method, callable_):
        self.name, self.method = name, method
        parameters = inspect.signature(callable_).parameters.values()
        self.operands = {p.name: p.default is not p.empty for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
        self.keywords = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            function = getattr(fastact, name)
            every = inspect.signature(function).parameters
            own = [*getattr(function, "params", ()), *(["rng"] if "rng" in every else [])]
            self.keywords.update({key: every[key].default for key in own})


@functools.cache
def functions():
    """All public functions by name: what `fastact` exports that says which backend computes it."""
    found = {name: getattr(fastact, name) for name in fastact.__all__}
    return {name: f for name, f in found.items() if callable(f) and isinstance(getattr(f, "backend", None), str)}


@functools.cache
def ways(name):
    """How this function can be called: by itself, by its methods."""
    function = functions()[name]
    found = [Way(name, "", function)]
    for method in dir(function):
        attribute = getattr(function, method, None)  # what draws numbers has no derivative
        if not method.startswith("_") and callable(attribute) and method not in ("activation", "ufunc"):
            found.append(Way(name, method, attribute))
    return found


@functools.cache
def groups():
    """The names by the class of their function, the larger groups repeated: each kind of function is drawn often enough."""
    found = {}
    for name, function in functions().items():
        found.setdefault(type(function).__name__, []).append(name)
    return [names for names in found.values() for _ in range(1 + (len(names) > 8) * 3)]


class Call:
    """A call as drawn: the arguments, the memory that they stand in, and what may be expected."""

    def __init__(self, draw):
        self.draw = draw
        self.name = self.method = ""
        self.positional, self.keywords = [], {}
        self.blocks = []
        self.outs = []
        self.plain, self.held = [], []  # arrays that stand in no block, and what is in them
        self.tame = True  # neither huge nor special numbers: all backends give nearly the same
        self.again = False  # arguments must be drawn again for each call
        self.hostile = False
        self.odd = False  # an array class of its own, or a Python object: what the call does is partly the object's affair
        self.odd_dtypes = False  # bfloat16, or none that is taken
        self.threads = 1
        self.itemsize = 8  # of the narrowest floating argument

    def target(self, backend):
        function = getattr(backend, self.name)
        for attribute in filter(None, self.method.split(".")):
            function = getattr(function, attribute)
        return function

    def text(self):
        """The call in words."""
        given = [*map(told, self.positional), *(f"{key}={told(value)}" for key, value in self.keywords.items())]
        method = f".{self.method}" if self.method else ""
        return f"{self.name}{method}({', '.join(given)})"


def told(value):
    """An argument in words: short, with no address in them."""
    if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
        return f"({', '.join(map(told, value))})"
    if isinstance(value, Hostile):
        return f"Hostile({told(value.value)}, {value.change.__name__})"
    if isinstance(value, np.ndarray):
        strides = "" if value.flags.c_contiguous else f" strides={value.strides}"
        kind = "" if type(value) is np.ndarray else f" {type(value).__name__}"
        locked = "" if value.flags.writeable else " read-only"
        try:
            numbers = f" = {np.asarray(value).tolist()}" if value.size <= 12 else ""
        except ValueError:
            numbers = ""
        return (
            f"<{value.dtype.str if value.dtype.kind in 'iufcb' else value.dtype} {value.shape}{strides}{locked}{kind}{numbers}>"
        )
    try:
        return f"{type(value).__name__}({value})" if isinstance(value, np.generic) else repr(value)[:100]
    except ValueError:  # a datetime without meaning
        return f"<{type(value).__name__}>"


class _Drawing:
    """The state while one call is drawn."""

    def __init__(self, draw):
        self.draw = draw
        self.call = Call(draw)
        self.shape = self._shape()
        self.axis = -1
        self.result_shape = self.shape
        self.calm = draw.random() < 0.65
        self.call.tame = self.calm
        self.dtype = draw.choice(arrays.COMMON)
        self.arrays = {}  # name -> array, among which an `out` may lie
        self.room_for = None  # the operand whose block the `out` shares

    def _shape(self):
        draw = self.draw
        ndim = draw.choice((0, 1, 1, 2, 2, 2, 3, 3, 4))
        if draw.random() < 0.004:
            ndim = draw.choice((32, 63, 64))
        if ndim > 4:
            return (*(1,) * (ndim - 1), 3)
        shape = [draw.choice((1, 2, 3, 4, 5, 7, 8)) for _ in range(ndim)]
        if ndim and draw.random() < 0.06:
            shape[draw.randrange(ndim)] = 0
        elif ndim and draw.random() < 0.2:
            shape[-draw.choice((1, 1, 1, min(2, ndim)))] = draw.choice((16, 17, 33, 64, 100, 257, 600))
            if ndim <= 2 and draw.random() < 0.15:
                shape[0] = draw.choice((200, 700, 1500))
        return tuple(shape)

    # ---- arrays -------------------------------------------------------------------------------------------------------

    def broadcastable(self, shape=None):
        shape = self.shape if shape is None else shape
        cut = self.draw.randrange(len(shape) + 1) if shape else 0
        return tuple(1 if self.draw.random() < 0.3 else n for n in shape[cut if self.draw.random() < 0.5 else 0 :])

    def wrong_shape(self, shape):
        draw = self.draw
        return draw.choice(
            (
                (*shape, 1),
                (1, *shape),
                shape[1:],
                shape[:-1],
                shape[::-1],
                (*shape[:-1], draw.choice((0, 1, 2, 9))),
                (),
                (0,),
                (2, 3),
            )
        )

    def array(self, name, shape, dtype=None, kind=None, bad=False):
        """An input: mostly an array in a block, at times a list, a number, an object."""
        draw = self.draw
        if bad:
            flaw = draw.random()
            if flaw < 0.3:
                shape = self.wrong_shape(shape)
            elif flaw < 0.75:
                dtype = arrays.any_dtype(draw)
            else:
                self.call.tame = False
                return self._no_array(shape)
        if dtype is None:
            dtype = self.dtype if draw.random() < 0.75 else draw.choice(arrays.COMMON)
        if draw.random() < 0.1 and dtype.itemsize > 1 and dtype.char not in "T\0":
            dtype = dtype.newbyteorder()
        if kind is None:
            kind = "tame" if self.calm else draw.choice(("wild", "tame", "bytes"))
        if dtype.kind in "iub" and self.calm:
            kind = "whole" if kind == "tame" else kind
        self.call.odd_dtypes = self.call.odd_dtypes or dtype.num > 23
        if dtype.kind in "fV" and dtype.itemsize in (2, 4):
            self.call.itemsize = min(self.call.itemsize, dtype.itemsize)
        size = math.prod(shape)
        if self.call.hostile or not arrays.in_block(dtype) or len(shape) > 62:
            array = arrays.owned(draw, shape[-64:], dtype, kind)
            if not self.call.hostile:
                self.call.plain.append(array)
                self.call.again = True
            self.arrays[name] = array
            return array
        room = size * dtype.itemsize if name == self.room_for else 0
        layout = draw.choice(arrays.LAYOUTS) if draw.random() < 0.5 else "C"
        array, block = arrays.guarded(draw, shape, dtype, layout, room)
        arrays.fill(draw, array, kind)
        self.call.blocks.append(block)
        self.arrays[name] = array
        return self._of_class(array, dtype)

    def _of_class(self, array, dtype):
        """The array, or the same as something else."""
        chance = self.draw.random()
        if chance < 0.86:
            if chance < 0.05:
                array.flags.writeable = False
            return array
        if chance < 0.90 and not array.ndim:
            return array[()]
        if chance < 0.92 and array.size < 100 and dtype.kind in "fiub" and dtype.isnative:
            self.call.odd = True
            return array.tolist()
        if chance < 0.95:
            self.call.odd = True
            return array.view(arrays.Subclass)
        if chance < 0.97:
            self.call.odd = self.call.again = True
            self.call.tame = False
            return np.ma.MaskedArray(
                array, mask=arrays.numbers(self.draw, "whole", np.dtype(bool), array.size).reshape(array.shape)
            )
        if chance < 0.98 and not array.ndim:
            return float(self.draw.choice(_NUMBERS))
        return array

    def _no_array(self, shape):
        return self.draw.choice(
            (None, "abc", [1, [2, 3]], {}, object, 10**400, 1j, b"12", [[1.0], ["a"]], range(3), np.ones((1, 2)).view(np.matrix))
        )

    def hostile(self, value):
        """The same argument, hostile to all the others; `strike` finds them once all are drawn."""
        return Hostile(value, self.draw.choice(CHANGES))

    # ---- arguments by their names -------------------------------------------------------------------------------------

    def operand(self, name, bad):
        shape = self.result_shape if name == "dy" and self.reduces else self.shape
        if name == "dy" and not bad and not self.reduces and self.elementwise and self.draw.random() < 0.15:
            shape = self.broadcastable()
        if name == "targets":
            return self._targets(bad)
        other = self.arrays.get("x", self.arrays.get("gate"))
        if other is not None and other.shape == shape and not bad and self.draw.random() < 0.06:
            return other
        return self.array(name, shape, bad=bad)

    def _saved_output(self, bad):
        """What a forward pass gives: with other numbers there is no right gradient."""
        array = given = self.operand("y", bad)
        self.call.tame = self.call.tame and not bad and isinstance(array, np.ndarray) and array.flags.writeable
        self.call.tame = self.call.tame and array.dtype.kind in "fV" and not issubclass(array.dtype.type, np.flexible)
        if self.call.tame:
            defaults = all(self.way.keywords[key] is value for key, value in self.call.keywords.items() if key in self.own)
            self.call.tame = self.call.tame and defaults
            with np.errstate(all="ignore"):
                x = np.asarray(array).astype(np.float64)
                y = getattr(fastact.backends.load("numpy"), self.call.name)(x) if x.ndim or self.elementwise else x
            if np.shape(y) == array.shape:
                array[...] = y
        return given

    def _targets(self, bad):
        if "axis" in self.way.keywords and self.shape and self.draw.random() < 0.6:
            axis = self.axis if isinstance(self.axis, int) and -len(self.shape) <= self.axis < len(self.shape) else -1
            rows = list(self.shape)
            classes = rows.pop(axis)
            array = self.array("targets", tuple(rows), self.draw.choice(arrays.INTEGERS), "labels", bad)
            if isinstance(array, np.ndarray) and array.dtype.kind in "iu" and array.flags.writeable and classes:
                base = np.asarray(array)
                base[...] = np.abs(base.astype(float)) % min(classes, 100)
                if base.size and base.ndim <= 32 and self.draw.random() < 0.15:
                    base.flat[0] = self.draw.choice((-100, -1, 5, classes, 127)) % 128
            return array
        return self.array("targets", self.shape, self.draw.choice(arrays.FLOATS), "positive", bad)

    def keyword(self, name, default, bad):
        draw = self.draw
        drawer = getattr(self, f"_{name}", None)
        if drawer is not None:
            return drawer(bad)
        if name in _GOOD_TEXTS:
            return draw.choice(_BAD_TEXTS) if bad else draw.choice(_GOOD_TEXTS[name])
        if isinstance(default, str):
            return draw.choice(_BAD_TEXTS) if bad else default
        if isinstance(default, bool):
            return draw.choice((None, 2, "yes", np.array([True, False]), object)) if bad else draw.random() < 0.5
        if default is None and name not in _OPERANDS:
            return draw.choice((*_BAD_TEXTS, *_NUMBERS, *_EXTREME)) if bad else self.array(name, self.broadcastable())
        return self._parameter(default, bad)

    def _parameter(self, default, bad):
        draw = self.draw
        if bad:
            self.call.tame = False
            return draw.choice(draw.choice((_NO_NUMBERS, _ODD_NUMBERS, _EXTREME)))
        if self.calm:
            return draw.choice((default, default, 0.5, 1.0, 2.0, 1, 0.25))
        return draw.choice(draw.choice((_NUMBERS, _NUMBERS, _EXTREME, _ODD_NUMBERS)))

    def _axis(self, bad):
        draw, ndim = self.draw, len(self.shape)
        if bad:
            return draw.choice(_BAD_AXES)
        axis = draw.randrange(-ndim, ndim) if ndim else -1
        if ndim and draw.random() < 0.15:
            several = tuple(draw.sample(range(ndim), draw.randrange(1, ndim + 1)))
            return draw.choice((None, several, np.int64(axis)))
        return axis

    def _bias_axis(self, bad):
        return self._axis(bad)

    def _keepdims(self, bad):
        return self.draw.choice((None, 2, "yes", np.array([True, False]))) if bad else self.draw.random() < 0.5

    def _bias(self, bad):
        axis = self.call.keywords.get("bias_axis", -1)
        fits = isinstance(axis, int) and -len(self.shape) <= axis < len(self.shape)
        shape = (self.shape[axis],) if fits and self.draw.random() < 0.8 else self.broadcastable()
        return self.array("bias", shape, bad=bad)

    def _slope(self, bad):
        if self.draw.random() < 0.4:
            return self._parameter(0.25, bad)
        return self.array("slope", self.broadcastable(), bad=bad)

    def _scale(self, bad):
        if "mask" not in self.way.keywords or self.draw.random() < 0.6:
            return self._parameter(1.0, bad)
        return self.array("scale", self.broadcastable(), bad=bad)

    def _where(self, bad):
        if self.draw.random() < 0.2:
            return self.draw.choice((True, False, np.True_, None, 1, "yes")) if bad else self.draw.random() < 0.5
        return self.array("where", self.broadcastable(), None if bad else np.dtype(bool), bad=bad)

    def _mask(self, bad):
        chance = self.draw.random()
        if chance < 0.2:
            return (
                self.draw.choice(("causal", "causal", 0, 1, -1))
                if not bad
                else self.draw.choice(("casual", b"causal", 0.5, 10**30))
            )
        return self.array("mask", self.broadcastable(), None if bad else self.draw.choice(arrays.MASKS), bad=bad)

    def _weight(self, bad):
        shape = self.broadcastable()
        if "axis" in self.way.keywords:
            fits = self.shape and isinstance(self.axis, int) and -len(self.shape) <= self.axis < len(self.shape)
            shape = (self.shape[self.axis],) if fits else ()
        return self.array("weight", shape, kind="positive" if self.calm or self.draw.random() < 0.5 else "wild", bad=bad)

    def _pos_weight(self, bad):
        return self.array("pos_weight", self.broadcastable(), kind="positive", bad=bad)

    def _sample_weight(self, bad):
        rows = list(self.shape)
        if rows:
            rows.pop(self.axis if isinstance(self.axis, int) and -len(rows) <= self.axis < len(rows) else -1)
        return self.array("sample_weight", tuple(rows), kind="positive", bad=bad)

    def _ignore_index(self, bad):
        return (
            self.draw.choice((None, 0.5, "0", 10**400, 2**64, object, np.array([1, 2])))
            if bad
            else self.draw.choice((-100, -1, 0, 2, 99))
        )

    def _label_smoothing(self, bad):
        return self._parameter(0.1, True) if bad else self.draw.choice((0.0, 0.1, 1.0, 1, 0.5))

    def _dtype(self, bad):
        self.call.itemsize = 2  # of those that may be asked for
        return self.draw.choice(_BAD_DTYPES) if bad else self.draw.choice(_DTYPES)

    def _signature(self, bad):
        self.call.itemsize = 2
        return self.draw.choice(_SIGNATURES) if bad else self.draw.choice(_SIGNATURES[:6])

    def _rng(self, bad):
        self.call.again = True
        self.call.tame = False
        if bad:
            return self.draw.choice((3, "seed", np.random, np.random.RandomState(3), object))
        return np.random.default_rng(self.draw.randrange(1000))

    # ---- outputs ------------------------------------------------------------------------------------------------------

    def _out(self, bad):
        draw = self.draw
        if draw.random() < 0.03:
            return ...
        if bad and draw.random() < 0.2:
            return draw.choice(([0.0], "abc", 3, (None, None), (None, None, None), (), {}, object))
        whole = self.way.method in ("backward", "value_and_grad") or not self.reduces
        shape = self.shape if whole else self.result_shape
        if isinstance(self.way.keywords.get("out"), tuple):
            return tuple(None if draw.random() < 0.2 else self._one_out(shape, bad and draw.random() < 0.6) for _ in range(2))
        out = self._one_out(shape, bad)
        return (out,) if draw.random() < 0.05 else out

    def _one_out(self, shape, bad):
        draw = self.draw
        dtype = self.dtype if draw.random() < 0.7 else draw.choice(arrays.FLOATS)
        if dtype.kind in "iub" and draw.random() < 0.7:
            dtype = draw.choice((np.dtype("f8"), np.dtype("f4")))
        other = self.arrays.get(self.room_for)
        chance = draw.random()
        if (
            other is not None
            and chance < 0.7
            and arrays.in_block(other.dtype)
            and max(other.ndim, len(shape)) < 62
            and not self.call.hostile
        ):
            return self._beside(other, shape, chance)
        if bad:
            flaw = draw.random()
            shape, dtype = (self.wrong_shape(shape), dtype) if flaw < 0.4 else (shape, arrays.any_dtype(draw))
        if self.call.hostile or not arrays.in_block(dtype) or len(shape) > 62:
            out = arrays.owned(draw, shape[-64:], dtype, "tame")
            self.call.plain.append(out)
            self.call.again = True
        else:
            layout = draw.choice(arrays.LAYOUTS[:-1]) if draw.random() < 0.5 else "C"
            out, block = arrays.guarded(draw, shape, dtype, layout)
            arrays.fill(draw, out, "tame")
            self.call.blocks.append(block)
        if bad and draw.random() < 0.2:
            out.flags.writeable = False
        chance = draw.random()
        if chance < 0.05:
            out = out.view(arrays.Subclass)
        elif chance < 0.07:
            self.call.odd = self.call.again = True
            self.call.tame = False
            out = np.ma.MaskedArray(out)
        self.call.outs.append(out)
        return out

    def _beside(self, other, shape, chance):
        """An `out` in the memory of another argument: the same, turned, or a little before or behind it."""
        draw = self.draw
        self.call.again = self.call.again or not isinstance(other, np.ndarray)
        if 0 in other.strides:
            self.call.tame = False
        if chance < 0.3:
            out = other
        elif chance < 0.4 and other.ndim:
            out = other[::-1] if draw.random() < 0.5 else other.T
        else:
            block = next((block for block in self.call.blocks if block.holds(other)), None)
            if block is None:  # dtypes whose size the values decide
                self.call.outs.append(other)
                return other
            dtype = other.dtype if draw.random() < 0.7 else draw.choice(arrays.FLOATS)
            layout = draw.choice(("C", "C", "F", "backwards", "apart"))
            strides, _ = arrays.strides_of(draw, layout, shape, dtype.itemsize)
            start = np.lib.array_utils.byte_bounds(other)[0] - block.bytes.__array_interface__["data"][0]
            step = draw.choice((1, dtype.itemsize, dtype.itemsize, dtype.itemsize * 4, max(dtype.itemsize, other.nbytes // 2)))
            start += draw.choice((-1, 1)) * step
            need = arrays.extent(shape, strides, dtype.itemsize)
            if start < arrays.GUARD or start + need > block.bytes.size - arrays.GUARD:
                out = other
            else:
                out = arrays.place(block, start, shape, dtype, strides)
        self.call.outs.append(out)
        return out

    # ---- the whole ----------------------------------------------------------------------------------------------------

    def whole(self):
        draw, call = self.draw, self.call
        name = draw.choice(draw.choice(groups()))
        self.function = functions()[name]
        self.own = getattr(self.function, "params", ())
        self.elementwise = name in fastact.activations or self.function in fastact.activations.values()
        way = self.way = draw.choice(ways(name))
        call.name, call.method = name, way.method
        call.threads = draw.choice((1, 1, 3))
        call.hostile = call.again = draw.random() < 0.03
        if hasattr(self.function, "ufunc") and draw.random() < 0.07:
            return self._ufunc_call()
        # What is given besides the operands, and which of all this is bad.
        given = [key for key in way.keywords if draw.random() < self._chance(key)]
        given.sort(key=lambda key: (key == "out", key == "y", key not in ("axis", "bias_axis")))
        operands = [key for key, optional in way.operands.items() if not optional or draw.random() < 0.6]
        if "x" in way.operands and "y" in way.keywords and draw.random() < 0.93:  # one of the two
            operands, given = self._one_of_two(operands, given)
        mood, bad = draw.random(), set()
        if mood > 0.45:
            every = [*operands, *given]
            bad = {draw.choice(every)} if mood < 0.85 and every else {key for key in every if draw.random() < 0.3}
        if "out" in given and operands and draw.random() < 0.4:
            self.room_for = draw.choice([*operands, *(key for key in given if key not in ("out", "axis"))])
        if "axis" in given:
            self.axis = call.keywords["axis"] = self._axis("axis" in bad)
        self.reduces = False
        arguments = {}
        for key in sorted(operands, key=lambda key: key == "dy"):
            if key == "dy" and not self.elementwise:
                self._forward_shape(arguments)
            arguments[key] = self.operand(key, key in bad)
        for key in given:
            if key == "axis":
                continue
            if key == "out" and not self.elementwise and not way.method:
                self._forward_shape(arguments)
            if key == "y":
                call.keywords[key] = self._saved_output(key in bad)
            else:
                call.keywords[key] = self.keyword(key, way.keywords[key], key in bad)
        call.positional = [arguments[key] for key in way.operands if key in arguments]
        if draw.random() < 0.04 and call.positional:
            key = [key for key in way.operands if key in arguments][-1]
            call.keywords[key] = call.positional.pop()
        if "where" in given and not isinstance(call.keywords.get("out"), np.ndarray | tuple):
            call.tame = False
        self._spoil()
        return call

    def _chance(self, key):
        if key == "out":
            return 0.4
        if key in ("axis", "where", "bias", "mask", "weight"):
            return 0.35
        return 0.12 if key in ("casting", "order", "subok", "signature", "dtype") else 0.25

    def _one_of_two(self, operands, given):
        """x or y=."""
        if self.draw.random() < 0.5:
            return [*(key for key in operands if key != "x"), "x"], [key for key in given if key != "y"]
        return [key for key in operands if key != "x"], [key for key in given if key != "y"] + ["y"]

    def _forward_shape(self, arguments):
        """The shape of the result, from a call of the function itself where that is possible."""
        forward = ways(self.call.name)[0]
        keywords = {key: value for key, value in self.call.keywords.items() if key in forward.keywords and key != "out"}
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                inputs = [np.array(arguments[key]) for key in forward.operands if key in arguments]
                if "x" in forward.operands and not inputs:
                    inputs = [np.zeros(self.shape)]
                result = getattr(fastact.backends.load("numpy"), self.call.name)(*inputs, **keywords)
            self.result_shape = np.shape(result)
        except Exception:  # whatever: this is only a guess
            axis = self.axis if isinstance(self.axis, int) else -1
            self.result_shape = tuple(n for i, n in enumerate(self.shape) if i != axis % max(1, len(self.shape)))
        self.reduces = self.result_shape != self.shape

    def _ufunc_call(self):
        draw, call = self.draw, self.call
        ufunc = self.function.ufunc
        call.method = "ufunc"
        if draw.random() < 0.2 and isinstance(ufunc, np.ufunc):
            call.method += f".{draw.choice(UFUNC_METHODS)}"
        self.reduces = False
        bad = draw.random() < 0.5
        count = ufunc.nin - (draw.random() < 0.03)
        large = getattr(ufunc, "signature", None) is not None and math.prod(self.shape) > 10_000  # squared by broadcasting
        for i in range(count):
            call.positional.append(
                self._parameter(1.0, bad and draw.random() < 0.3)
                if i and (draw.random() < 0.7 or large)
                else self.array(str(i), self.shape, bad=bad and draw.random() < 0.4)
            )
        for key, chance in (("out", 0.3), ("where", 0.1), ("dtype", 0.1), ("casting", 0.1), ("order", 0.1), ("axis", 0.3)):
            if draw.random() < chance and (key == "axis") == (
                getattr(ufunc, "signature", None) is not None or (key == "axis" and bad)
            ):
                call.keywords[key] = self.keyword(key, None, bad and draw.random() < 0.4)
        if "where" in call.keywords and "out" not in call.keywords:
            call.tame = False
        call.hostile = False
        return call

    def _spoil(self):
        """What is wrong with the call as a whole: a keyword that there is not, one operand more, a hostile object."""
        draw, call = self.draw, self.call
        chance = draw.random()
        if chance < 0.01:
            call.keywords[draw.choice(("dim", "nonsense", "input", "outt", "where", "axis"))] = draw.choice((0, None, "x"))
        elif chance < 0.02:
            call.positional.append(draw.choice((None, 0.5, *self.arrays.values())))
        if not call.hostile:
            return
        names = [key for key in call.keywords if key not in ("rng", "dtype", "casting", "order", "signature")]
        places = [*range(len(call.positional)), *names]
        if places:
            place = draw.choice(places)
            of = call.positional if isinstance(place, int) else call.keywords
            hostile = of[place] = self.hostile(of[place])
            victims = [*call.positional, *call.keywords.values(), hostile.value]
            hostile.victims = tuple(
                v for value in victims for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, np.ndarray)
            )
        call.tame = False


def drawn(seed, number):
    """The call of this number."""
    call = _Drawing(random.Random((seed << 40) + number)).whole()
    for block in call.blocks:
        block.hold()
    if not call.hostile:
        call.held = [None if array.dtype.char == "\0" else repr(array.tolist()) for array in call.plain]
    return call
