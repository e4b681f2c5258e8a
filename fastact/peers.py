"""The same functions elsewhere: NumPy as its users write it, PyTorch, JAX, SciPy, numexpr; for `bench.py` and bench/.

ONE table per peer. An entry is what a user of the peer would type, as text, so that what is timed can be read and printed, and
nothing is timed besides. The names in it are those of `Operands` (x, dy, y, out, tmp, mask) and of the peer's modules;
statements are separated by "; ", and the last is an expression whose value is the result, or None when `out` has it.

NumPy is there twice. `numpy` is what people write: the formula, with `out=` where it fits. `numpy_tuned` is the fastest that
NumPy can do: scratch memory kept at hand (tmp, mask), every step in place, and no `np.where`, which is many times slower
where the processor can't guess the sign.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import repeat
from typing import Any

import numpy as np

from .registry import Entry, entries

#: A pair of statements, forward and backward; None where the peer has no such function.
Pair = tuple[str | None, str | None]

#: What NumPy's users write. A function missing here is written as in `NUMPY_TUNED`.
NUMPY: dict[str, Pair] = {
    "relu": ("np.maximum(x, 0, out=out)", "np.multiply(dy, x > 0, out=out)"),
    "relu6": ("np.clip(x, 0, 6, out=out)", "np.multiply(dy, (x > 0) & (x < 6), out=out)"),
    "leaky_relu": ("np.where(x > 0, x, 0.01 * x)", "np.where(x > 0, dy, 0.01 * dy)"),
    "prelu": (
        "np.where(x > 0, x, 0.25 * x)",
        "(np.where(x > 0, dy, 0.25 * dy), np.sum(dy * np.minimum(x, 0)))",
    ),
    "elu": ("np.where(x > 0, x, np.expm1(x))", "np.multiply(dy, np.where(x > 0, 1, np.exp(x)), out=out)"),
    "sigmoid": (
        "np.divide(1, 1 + np.exp(-x), out=out)",
        "s = 1 / (1 + np.exp(-x)); np.multiply(dy, s * (1 - s), out=out)",
    ),
    "tanh": ("np.tanh(x, out=out)", "np.multiply(dy, 1 - np.tanh(x) ** 2, out=out)"),
    "softplus": ("np.logaddexp(0, x, out=out)", "np.divide(dy, 1 + np.exp(-x), out=out)"),
    "softsign": ("np.divide(x, 1 + np.abs(x), out=out)", "np.divide(dy, (1 + np.abs(x)) ** 2, out=out)"),
    "arctan": ("np.arctan(x, out=out)", "np.divide(dy, 1 + x**2, out=out)"),
    "silu": (
        "np.divide(x, 1 + np.exp(-x), out=out)",
        "s = 1 / (1 + np.exp(-x)); np.multiply(dy, s * (1 + x * (1 - s)), out=out)",
    ),
    "softmax": (
        "e = np.exp(x - x.max(axis=-1, keepdims=True)); np.divide(e, e.sum(axis=-1, keepdims=True), out=out)",
        "np.multiply(y, dy - np.sum(y * dy, axis=-1, keepdims=True), out=out)",
    ),
}

#: What they take from SciPy.
NUMPY_WITH_SCIPY: dict[str, Pair] = {
    "gelu": (
        "np.multiply(0.5 * x, 1 + special.erf(x * 0.7071067811865476), out=out)",
        "cdf = 0.5 * (1 + special.erf(x * 0.7071067811865476)); "
        "np.multiply(dy, cdf + x * np.exp(-0.5 * x**2) * 0.3989422804014327, out=out)",
    ),
}

_SIGMOID = "r = np.negative(x, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.reciprocal(r, out=r)"
_SLOPE = "r = np.maximum(np.greater(x, 0, out=mask), {0}, out=out, dtype=x.dtype); np.multiply(dy, r, out=r)"

NUMPY_TUNED: dict[str, Pair] = {
    "identity": ("x.copy() if out is None else np.copyto(out, x)", "dy.copy() if out is None else np.copyto(out, dy)"),
    "binary_step": (
        "(x >= 0).astype(x.dtype) if out is None else np.greater_equal(x, 0, out=out, casting='unsafe')",
        "np.zeros_like(x) if out is None else out.fill(0)",
    ),
    "relu": ("np.maximum(x, 0, out=out)", "np.multiply(dy, np.greater(x, 0, out=mask), out=out)"),
    "relu6": ("x.clip(0, 6, out=out)", "m = np.greater(x, 0, out=mask); m &= x < 6; np.multiply(dy, m, out=out)"),
    "leaky_relu": ("r = np.multiply(x, 0.01, out=out); np.maximum(x, r, out=r)", _SLOPE.format(0.01)),
    "prelu": (
        "r = np.multiply(x, 0.25, out=out); np.maximum(x, r, out=r)",
        _SLOPE.format(0.25) + "; (r, np.vdot(dy, np.minimum(x, 0, out=tmp)))",
    ),
    "elu": (
        "t = np.minimum(x, 0, out=tmp); np.expm1(t, out=t); r = np.maximum(x, 0, out=out); np.add(r, t, out=r)",
        "r = np.minimum(x, 0, out=out); np.exp(r, out=r); np.multiply(dy, r, out=r)",
    ),
    "sigmoid": (
        _SIGMOID,
        f"{_SIGMOID}; t = np.subtract(1, r, out=tmp); np.multiply(t, r, out=t); np.multiply(dy, t, out=r)",
    ),
    "tanh": (
        "np.tanh(x, out=out)",
        "r = np.tanh(x, out=out); np.multiply(r, r, out=r); np.subtract(1, r, out=r); np.multiply(dy, r, out=r)",
    ),
    # an eighth of the time of np.logaddexp(0, x)
    "softplus": (
        "r = np.abs(x, out=out); np.negative(r, out=r); np.exp(r, out=r); np.log1p(r, out=r); "
        "np.add(r, np.maximum(x, 0, out=tmp), out=r)",
        "r = np.negative(x, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(dy, r, out=r)",
    ),
    "softsign": (
        "r = np.abs(x, out=out); np.add(r, 1, out=r); np.divide(x, r, out=r)",
        "r = np.abs(x, out=out); np.add(r, 1, out=r); np.multiply(r, r, out=r); np.divide(dy, r, out=r)",
    ),
    "arctan": ("np.arctan(x, out=out)", "r = np.multiply(x, x, out=out); np.add(r, 1, out=r); np.divide(dy, r, out=r)"),
    "silu": (
        "r = np.negative(x, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(x, r, out=r)",
        f"{_SIGMOID}; t = np.subtract(1, r, out=tmp); np.multiply(t, x, out=t); np.add(t, 1, out=t); np.multiply(t, r, out=t); "
        "np.multiply(dy, t, out=r)",
    ),
    "softmax": (
        "r = np.subtract(x, x.max(axis=-1, keepdims=True), out=out); np.exp(r, out=r); "
        "np.divide(r, r.sum(axis=-1, keepdims=True), out=r)",
        "r = np.subtract(dy, np.vecdot(dy, y)[:, None], out=out); np.multiply(r, y, out=r)",
    ),
}

NUMPY_TUNED_WITH_SCIPY: dict[str, Pair] = {
    "gelu": (  # the normal distribution function is as fast as 1 + erf(x / sqrt(2)) and needs fewer passes
        "r = special.ndtr(x, out=out); np.multiply(x, r, out=r)",
        "r = special.ndtr(x, out=out); t = np.multiply(x, x, out=tmp); np.multiply(t, -0.5, out=t); np.exp(t, out=t); "
        "np.multiply(t, x, out=t); np.multiply(t, 0.3989422804014327, out=t); np.add(r, t, out=r); np.multiply(dy, r, out=r)",
    ),
}

SCIPY: dict[str, Pair] = {
    "sigmoid": ("special.expit(x, out=out)", None),
    "gelu": NUMPY_TUNED_WITH_SCIPY["gelu"],
    "softmax": ("special.softmax(x, axis=-1)", None),
}

#: `nn` holds the compiled functions behind torch.nn.functional, some of whose Python functions don't pass `out` on.
TORCH: dict[str, Pair] = {
    "identity": ("out.copy_(x)", "out.copy_(dy)"),
    "relu": ("torch.clamp_min(x, 0, out=out)", "aten.threshold_backward.grad_input(dy, x, 0, grad_input=out)"),
    "relu6": ("nn.hardtanh(x, 0, 6, out=out)", "aten.hardtanh_backward.grad_input(dy, x, 0, 6, grad_input=out)"),
    "leaky_relu": (
        "nn.leaky_relu(x, 0.01, out=out)",
        "aten.leaky_relu_backward.grad_input(dy, x, 0.01, False, grad_input=out)",
    ),
    "prelu": ("torch.prelu(x, torch.tensor([0.25], dtype=x.dtype))", None),
    "elu": ("nn.elu(x, 1, out=out)", "aten.elu_backward.grad_input(dy, 1, 1, 1, False, x, grad_input=out)"),
    "sigmoid": ("torch.sigmoid(x, out=out)", "aten.sigmoid_backward.grad_input(dy, y, grad_input=out)"),
    "tanh": ("torch.tanh(x, out=out)", "aten.tanh_backward.grad_input(dy, y, grad_input=out)"),
    "softplus": ("nn.softplus(x, out=out)", "aten.softplus_backward.grad_input(dy, x, 1, 20, grad_input=out)"),
    "softsign": ("F.softsign(x)", None),
    "arctan": ("torch.atan(x, out=out)", None),
    "silu": ("nn.silu(x, out=out)", "aten.silu_backward.grad_input(dy, x, grad_input=out)"),
    "gelu": ("nn.gelu(x, out=out)", "aten.gelu_backward.grad_input(dy, x, grad_input=out)"),
    "softmax": (
        "torch.softmax(x, -1, out=out)",
        "aten._softmax_backward_data.out(dy, y, -1, x.dtype, grad_input=out)",
    ),
}

#: Per activation the JAX function; it is jitted, and differentiated for the backward pass.
JAX: dict[str, str] = {
    "relu": "jax.nn.relu",
    "relu6": "jax.nn.relu6",
    "leaky_relu": "jax.nn.leaky_relu",
    "elu": "jax.nn.elu",
    "sigmoid": "jax.nn.sigmoid",
    "tanh": "jax.numpy.tanh",
    "softplus": "jax.nn.softplus",
    "softsign": "jax.nn.soft_sign",
    "arctan": "jax.numpy.arctan",
    "silu": "jax.nn.silu",
    "gelu": "partial(jax.nn.gelu, approximate=False)",
    "softmax": "jax.nn.softmax",
}

#: Expressions; other numbers than integers would make numexpr compute float32 in float64, so they are operands.
NUMEXPR: dict[str, Pair] = {
    "identity": ("x", "dy"),
    "binary_step": ("where(x >= 0, one, zero)", "dy * zero"),
    "relu": ("where(x > 0, x, zero)", "where(x > 0, dy, zero)"),
    "relu6": ("where(x < 0, zero, where(x > six, six, x))", "where((x > 0) & (x < 6), dy, zero)"),
    "leaky_relu": ("where(x > 0, x, hundredth * x)", "where(x > 0, dy, hundredth * dy)"),
    "prelu": ("where(x > 0, x, quarter * x)", None),
    "elu": ("where(x > 0, x, expm1(x))", "where(x > 0, dy, dy * exp(x))"),
    "sigmoid": ("1 / (1 + exp(-x))", "dy * exp(-x) / (1 + exp(-x)) ** 2"),
    "tanh": ("tanh(x)", "dy * (1 - tanh(x) ** 2)"),
    "softplus": ("where(x > 0, x, zero) + log1p(exp(-abs(x)))", "dy / (1 + exp(-x))"),
    "softsign": ("x / (1 + abs(x))", "dy / (1 + abs(x)) ** 2"),
    "arctan": ("arctan(x)", "dy / (1 + x * x)"),
    "silu": ("x / (1 + exp(-x))", "dy * (1 + x * exp(-x) / (1 + exp(-x))) / (1 + exp(-x))"),
}


@dataclass(eq=False)
class Operands:
    """One case's arrays: input, gradient, where to put the result, scratch memory (the last three None: fresh arrays)."""

    x: np.ndarray
    dy: np.ndarray
    function: Any  # fastact's, on the backend that is measured
    out: np.ndarray | None = None
    tmp: np.ndarray | None = None
    mask: np.ndarray | None = None

    @cached_property
    def y(self) -> np.ndarray:
        """The output of the forward pass."""
        return np.asarray(self.function(self.x))


class Contestant:
    """One peer's way to compute one case, compiled from its text.

    Attributes
    ----------
    peer, statement : str
        Whose it is, and the text.
    """

    def __init__(self, peer: str, statement: str, namespace: Mapping[str, Any]) -> None:
        self.peer, self.statement = peer, statement
        self._names = {**namespace, "repeat": repeat}
        *before, last = statement.split("; ")
        source = (
            "def loop(count, clock):\n start = clock()\n"
            f" for _ in repeat(None, count):\n  {statement}\n return clock() - start\n"
            f"def call():\n {'; '.join([*before, f'return {last}'])}\n"
        )
        exec(compile(source, f"<{peer}: {statement}>", "exec"), self._names)

    def seconds(self, count: int, clock: Callable[[], float]) -> float:
        """The time of `count` calls in a loop of nothing else, by the clock given."""
        return float(self._names["loop"](count, clock))

    @property
    def call(self) -> Callable[[], Any]:
        """One call, for benchmarks with a loop of their own."""
        return self._names["call"]  # type: ignore[no-any-return]

    def result(self) -> np.ndarray:
        """What one call computes, as an array; of a pair the first, the input's gradient."""
        value = self.call()
        value = self._names.get("out") if value is None else value
        return np.asarray(value[0] if isinstance(value, tuple) else value)


def installed(name: str) -> bool:
    """Whether a peer can take part here."""
    return name in ("fastact", "numpy", "numpy_tuned") or importlib.util.find_spec(name) is not None


def find(peer: str, name: str, direction: str, operands: Operands) -> Contestant | None:
    """A peer's way to compute a case, or None where it has none or isn't installed.

    Parameters
    ----------
    peer : str
        A key of `PEERS`.
    name, direction : str
        The function, and "forward" or "backward".
    operands : Operands
        The arrays, and fastact's function.
    """
    return PEERS[peer](name, direction, operands) if installed(peer) else None


@contextlib.contextmanager
def one_thread(peer: str) -> Iterator[None]:
    """Have a peer use one thread, as NumPy and a fastact call on one core do; afterwards as before."""
    if not installed(peer) or peer not in ("torch", "numexpr"):
        yield
        return
    module = _import(peer)
    before = module.get_num_threads()
    module.set_num_threads(1)
    try:
        yield
    finally:
        module.set_num_threads(before)


def _pick(pair: Pair | None, direction: str) -> str | None:
    return pair[direction == "backward"] if pair else None


def _import(module: str) -> Any:
    with warnings.catch_warnings():  # of no interest here, and errors where warnings are
        warnings.simplefilter("ignore")
        return importlib.import_module(module)


def _contestant(peer: str, statement: str | None, modules: Mapping[str, Any], operands: Operands) -> Contestant | None:
    """A contestant that sees those of the operands which its statement names (y may have to be computed first)."""
    if statement is None:
        return None
    named = set(re.findall(r"\w+", statement)) & {"x", "dy", "y", "out", "tmp", "mask"}
    return Contestant(peer, statement, {**modules, **{name: getattr(operands, name) for name in named}})


def _fastact(name: str, direction: str, operands: Operands) -> Contestant | None:
    saved = "x" if name in entries else "y"  # the functions along an axis go back from their output
    statement = "f(x, out=out)" if direction == "forward" else f"f.backward(dy, {saved}, out=out)"
    return _contestant("fastact", statement, {"f": operands.function}, operands)


def _numpy(name: str, direction: str, operands: Operands) -> Contestant | None:
    return _numpy_from("numpy", {**NUMPY_TUNED, **NUMPY}, NUMPY_WITH_SCIPY, name, direction, operands)


def _numpy_tuned(name: str, direction: str, operands: Operands) -> Contestant | None:
    return _numpy_from("numpy_tuned", NUMPY_TUNED, NUMPY_TUNED_WITH_SCIPY, name, direction, operands)


def _numpy_from(
    peer: str, table: Mapping[str, Pair], with_scipy: Mapping[str, Pair], name: str, direction: str, operands: Operands
) -> Contestant | None:
    modules = {"np": np}
    if installed("scipy"):
        table, modules = {**table, **with_scipy}, {"np": np, "special": _import("scipy.special")}
    statement = _pick(table.get(name), direction)
    if statement is None and name in entries:
        return _formula(peer, entries[name], direction, operands)
    return _contestant(peer, statement, modules, operands)


def _formula(peer: str, entry: Entry, direction: str, operands: Operands) -> Contestant | None:
    """What stands in for an idiom that nobody has written yet: the registry's formula, in the arrays' own dtype."""
    parameters = "".join(f", {p.default!r}" for p in entry.parameters)

    def call(key: str) -> str:
        few = operands.x.ravel()[:2]
        with np.errstate(all="ignore"):
            result = getattr(entry, key)(few, *(p.default for p in entry.parameters))
        return f"{key}(x{parameters})" + ("" if result.dtype == few.dtype else ".astype(x.dtype)")

    statement = call("forward") if direction == "forward" else f"dy * {call('derivative')}"
    if direction == "backward" and entry.array_parameter:
        statement = f"({statement}, np.vdot(dy, {call('derivative_by_parameter')}))"
    formulas = {key: getattr(entry, key) for key in ("forward", "derivative", "derivative_by_parameter")}
    return _contestant(peer, statement, {"np": np, **formulas}, operands)


def _scipy(name: str, direction: str, operands: Operands) -> Contestant | None:
    return _contestant("scipy", _pick(SCIPY.get(name), direction), {"np": np, "special": _import("scipy.special")}, operands)


def _torch(name: str, direction: str, operands: Operands) -> Contestant | None:
    statement = _pick(TORCH.get(name), direction)
    if statement is None:
        return None
    torch = _import("torch")
    modules = {"torch": torch, "F": torch.nn.functional, "nn": torch._C._nn, "aten": torch.ops.aten}
    named = set(re.findall(r"\w+", statement)) & {"x", "dy", "y", "out"}
    arrays = {key: getattr(operands, key) for key in named}  # tensors over the same memory
    tensors = {key: None if array is None else torch.from_numpy(array) for key, array in arrays.items()}
    return Contestant("torch", statement, {**modules, **tensors})


def _jax(name: str, direction: str, operands: Operands) -> Contestant | None:
    if name not in JAX or operands.x.dtype != np.float32:  # JAX's float64 is a switch of the whole process
        return None
    jax = _import_jax()
    f = eval(JAX[name], {"jax": jax, "partial": partial})
    if direction == "forward":
        arrays, jitted = {"x": operands.x}, jax.jit(f)
    else:
        arrays, jitted = {"x": operands.x, "dy": operands.dy}, jax.jit(lambda x, dy: jax.vjp(f, x)[1](dy)[0])
    held = {key: jax.device_put(array) for key, array in arrays.items()}
    return Contestant("jax", f"f({', '.join(arrays)}).block_until_ready()", {"f": jitted, **held})


def _import_jax() -> Any:
    """JAX on one thread of the CPU, as far as it lets itself be told; it reads the flags when it starts."""
    flags = os.environ.get("XLA_FLAGS")
    os.environ["XLA_FLAGS"] = f"{flags or ''} --xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1".strip()
    try:
        jax = _import("jax")
        jax.devices("cpu")
    finally:
        os.environ.pop("XLA_FLAGS")
        if flags is not None:
            os.environ["XLA_FLAGS"] = flags
    return jax


def _numexpr(name: str, direction: str, operands: Operands) -> Contestant | None:
    expression = _pick(NUMEXPR.get(name), direction)
    if expression is None:
        return None
    constants = {"zero": 0, "one": 1, "six": 6, "hundredth": 0.01, "quarter": 0.25}
    available = {key: operands.x.dtype.type(value) for key, value in constants.items()} | {"x": operands.x, "dy": operands.dy}
    named = set(re.findall(r"\w+", expression)) & available.keys()
    names = {"ne": _import("numexpr"), "names": {key: available[key] for key in named}, "out": operands.out}
    return Contestant("numexpr", f"ne.evaluate({expression!r}, names, out=out)", names)


#: Who can be asked: each gives its contestant for a function's name, a direction and operands, or None.
PEERS: dict[str, Callable[[str, str, Operands], Contestant | None]] = {
    "fastact": _fastact,
    "numpy": _numpy,
    "numpy_tuned": _numpy_tuned,
    "torch": _torch,
    "jax": _jax,
    "scipy": _scipy,
    "numexpr": _numexpr,
}
