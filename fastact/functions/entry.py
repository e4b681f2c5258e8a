"""What an elementwise activation is made of: the type of its record, and the decorator that makes one of a NumPy formula.

The formulas see contiguous blocks of float64 (or of integers, where an entry keeps them), with floating-point warnings off. They
are the NumPy backend, and what the kernels are tested against. Some have an argument `dtype` last, in all formulas of the entry:
the computed type of the loop that they stand for, float32 or float64, as what that rounds decides where a kink is.

Conventions: a = |x|, e = exp(-a), s = sigmoid(x). At a kink the derivative is PyTorch's. NaN in, NaN out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .noise import Noise
from .record import Call, Record
from .signatures import arguments_of


@dataclass(frozen=True)
class Parameter:
    """One parameter of an activation: its name, default and domain.

    `open_low` excludes `low` itself. An `array` parameter is broadcast against the input. `infinite` says that infinities make
    sense: as a bound that is none, or as a constant. `ordinary` are the magnitudes with which the kernels keep the error
    bounds: a call with another is left to the formula in NumPy, which takes any.
    """

    name: str
    default: float
    low: float = -math.inf
    open_low: bool = False
    array: bool = False
    infinite: bool = False
    ordinary: tuple[float, float] = (0.0, math.inf)

    @property
    def domain(self) -> str:
        number = "a number" if self.infinite else "a finite number"
        return number if self.low == -math.inf else f"{number} {'>' if self.open_low else '>='} {self.low:g}"

    def admits(self, value: float) -> bool:
        within = not math.isnan(value) if self.infinite else math.isfinite(value)
        return within and (value > self.low if self.open_low else value >= self.low)


#: The names that a definition may use besides x and the parameters: see `Info`.
DEFINED = frozenset((
    *("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "arsinh"),
    *("sigmoid", "logaddexp", "erf", "erfc", "Phi", "phi", "sinpi", "cospi", "sinc", "abs", "min", "max", "pi"),
))  # fmt: skip


@dataclass(frozen=True)
class Info:
    """The properties of an activation with its default parameters.

    Attributes
    ----------
    formula, derivative : str
        The definition of f(x) and f'(x), in Python's notation, of x, the parameters, and the functions of mathematics in
        `fastact.functions.entry.DEFINED`, of which Phi and phi are the standard normal distribution and density.
        `reference.py` evaluates it, as what the kernels are measured against: so write the textbook's form, but one that in
        float64 is right for every float32 x, which neither cancels nor overflows where the function does not.
    range : tuple of float
        Greatest lower and least upper bound of f(x).
    monotonic : bool
        f never decreases.
    smooth : bool
        f' is continuous.
    zero_centred : bool
        f takes both signs and f(0) = 0.
    identity_near_zero : bool
        f(0) = 0 and f'(0) = 1.
    ulp : float
        Bound of the forward error in units in the last place, over every float32 and float64 input.
    derivative_ulp : float
        The same for the derivative, in units in the last place of its largest term.
    term : str
        A term of f(x) which others may cancel where the parameters are not the defaults, as a definition. The error of f(x) is
        then in units of the larger of the two.
    domain : tuple of float
        Where f(x) is a number: outside it is NaN. The ends belong to it.
    sampled : tuple of str
        The properties that were found by computing f at many points, and not by proof.
    """

    formula: str
    derivative: str
    range: tuple[float, float]
    monotonic: bool
    smooth: bool
    zero_centred: bool
    identity_near_zero: bool
    ulp: float = 2
    derivative_ulp: float = 4
    term: str = "0"
    domain: tuple[float, float] = (-math.inf, math.inf)
    sampled: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Entry(Record):
    """One activation. The NumPy backend, the kernels' build, documentation, tests and tools all read it.

    Attributes
    ----------
    doc : str
        Its own part of the documentation, indented as it is written.
    forward, derivative : callable
        f(x, *parameters) and f'(x, *parameters), in NumPy.
    derivative_from_output : callable or None
        f' from y = f(x), where that can be had.
    derivative_by : mapping
        By the name of each array parameter that can be learnt the derivative df/dp(x, *parameters).
    parameters : tuple of Parameter
        What the formulas take after x. Any of them may be arrays.
    options : tuple of Parameter
        What the user gives. They are the parameters, but for an activation with `noise`: its formulas take one number drawn for
        each element, its user gives the distribution's parameters.
    ordered : pair of str, or None
        Two parameters of which the first must not exceed the second.
    to_integers : callable or None
        to_integers(low, high, *parameters) gives parameters that mean the same to integers from low to high, and are such
        integers where that is possible: x is only compared with some of them.
    from_output_low : mapping
        For a parameter the least value for which y determines the derivative.
    keeps_integers : bool
        Integer input and parameters give integer output.
    light : bool
        It waits for memory rather than computes: it is made of arithmetic and comparisons alone. Then a thread needs more bytes
        to be worth waking, and fewer bytes are enough to write past the caches.
    noise : Noise or None
        How the one parameter is drawn.
    takes_dtype : bool
        The formulas take the computed type of the loop, by the keyword `dtype`.
    info : Info
        The properties.
    """

    call: Call = Call.ACTIVATION
    doc: str
    forward: Callable[..., Any]
    derivative: Callable[..., Any]
    derivative_from_output: Callable[..., Any] | None
    derivative_by: Mapping[str, Callable[..., Any]]
    parameters: tuple[Parameter, ...]
    options: tuple[Parameter, ...]
    ordered: tuple[str, str] | None
    to_integers: Callable[..., tuple[int, ...]] | None
    from_output_low: Mapping[str, float]
    keeps_integers: bool
    light: bool
    noise: Noise | None
    takes_dtype: bool
    info: Info = field(repr=False)

    @property
    def file(self) -> str:
        """The file of this record, in the sources."""
        return f"{self.forward.__module__.replace('.', '/')}.py"

    @property
    def never_rounds(self) -> bool:
        """Whether every result is a number that is given, or 0 or 1: exact in any type. With an error of 0 it is so."""
        return self.call is not Call.DEFINED and self.info.ulp == self.info.derivative_ulp == 0

    @property
    def array_parameters(self) -> tuple[Parameter, ...]:
        """The parameters that are arrays: prelu's slope, or what is drawn per element."""
        return tuple(p for p in self.parameters if p.array)

    @property
    def learnt_parameters(self) -> tuple[Parameter, ...]:
        """The array parameters that have a gradient of their own."""
        return tuple(p for p in self.parameters if p.array and p.name in self.derivative_by)


def activation(
    *,
    derivative: Callable[..., Any],
    derivative_from_output: Callable[..., Any] | None = None,
    derivative_by: Mapping[str, Callable[..., Any]] | None = None,
    domain: Mapping[str, tuple[float, bool]] | None = None,
    infinite: tuple[str, ...] = (),
    ordinary: Mapping[str, tuple[float, float]] | None = None,
    ordered: tuple[str, str] | None = None,
    to_integers: Callable[..., tuple[int, ...]] | None = None,
    noise: Noise | None = None,
    from_output_low: Mapping[str, float] | None = None,
    keeps_integers: bool = False,
    light: bool = False,
    aliases: tuple[str, ...] = (),
    info: Info,
) -> Callable[[Callable[..., Any]], Entry]:
    """Make the record of the activation whose NumPy formula is decorated. Its defaults are those in the formula's signature.

    Parameters
    ----------
    derivative, derivative_from_output : callable
        f'(x, *parameters) and, where the derivative can be had from the output alone, the same from y.
    derivative_by : mapping, optional
        Per parameter that is an array its derivative df/dp(x, *parameters).
    domain : mapping, optional
        Per parameter its lower bound, and whether the bound itself is excluded.
    infinite : tuple of str, optional
        The parameters that may be infinite; every other one must be finite, and none NaN.
    ordinary : mapping, optional
        Per parameter the least and the largest magnitude with which the kernels keep the error bounds; see `Parameter`.
    ordered : pair of str, optional
        Two parameters of which the first must not exceed the second.
    to_integers : callable, optional
        Brings parameters beyond the range of integer input into it; see `Entry`.
    noise : Noise, optional
        How the one parameter is drawn; the user's parameters are then the keyword-only ones of the formula.
    from_output_low : mapping, optional
        Per parameter the least value for which y determines the derivative.
    keeps_integers : bool
        Integer input and parameters give integer output; otherwise integers are computed in float64.
    light : bool
        Whether it waits for memory rather than computes; see `Entry`.
    aliases : tuple of str
        Other public names.
    info : Info
        The properties.
    """

    def record(forward: Callable[..., Any]) -> Entry:
        bounds, usual = domain or {}, ordinary or {}
        positional, keywords, defaults = arguments_of(forward)
        if noise:  # the formula takes what is drawn, and tells of the distribution by keywords
            defaults[positional[0]] = noise.mean(defaults)

        def of(names: Iterable[str], arrays: Container[str]) -> tuple[Parameter, ...]:
            return tuple(
                Parameter(
                    name,
                    defaults[name],
                    *bounds.get(name, (-math.inf, False)),
                    array=name in arrays,
                    infinite=name in infinite,
                    ordinary=usual.get(name, (0.0, math.inf)),
                )
                for name in names
                if name != "dtype"
            )

        parameters = of(positional, positional if noise else derivative_by or ())
        options = of(keywords, ()) if noise else parameters
        return Entry(
            name=forward.__name__,
            doc=forward.__doc__ or "",
            forward=forward,
            derivative=derivative,
            derivative_from_output=derivative_from_output,
            derivative_by=dict(derivative_by or {}),
            parameters=parameters,
            options=options,
            ordered=ordered,
            to_integers=to_integers,
            from_output_low=dict(from_output_low or {}),
            keeps_integers=keeps_integers,
            light=light,
            aliases=aliases,
            noise=noise,
            takes_dtype="dtype" in positional,
            info=info,
        )

    return record
