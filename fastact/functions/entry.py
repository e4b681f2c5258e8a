"""What an activation is made of: the type of one entry of `activations.py`, and the decorator that registers it."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .noise import Noise

if TYPE_CHECKING:
    from ..calls.elementwise import Activation


@dataclass(frozen=True)
class Parameter:
    """One parameter of an activation: its name, default and domain.

    `open_low` excludes `low` itself. An `array` parameter is broadcast against the input.
    """

    name: str
    default: float
    low: float = -math.inf
    open_low: bool = False
    array: bool = False

    @property
    def domain(self) -> str:
        if self.low == -math.inf:
            return "a finite number"
        return f"a finite number {'>' if self.open_low else '>='} {self.low:g}"

    def admits(self, value: float) -> bool:
        return math.isfinite(value) and (value > self.low if self.open_low else value >= self.low)


@dataclass(frozen=True)
class Info:
    """The properties of an activation with its default parameters.

    Attributes
    ----------
    formula, derivative : str
        The definition of f(x) and f'(x), in Python's notation, of x, the parameters, and the functions of mathematics:
        exp, expm1, log, log1p, sqrt, the trigonometric and hyperbolic ones, arctan, arsinh, sigmoid, logaddexp, erf, erfc, Phi
        and phi (the standard normal distribution and density), sinpi, cospi, sinc, abs, min, max, pi. `reference.py` evaluates
        it, as what the kernels are measured against: so write the textbook's form, but one that in float64 is right for
        every float32 x, which neither cancels nor overflows where the function does not.
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


@dataclass(frozen=True, eq=False)
class Entry:
    """One activation: NumPy formulas, parameters and properties. Fallback, tests, docs and kernels all read it.

    `parameters` are what the formulas take after x, `options` what the user gives. They are the same but for an activation
    with `noise`: its formulas take one number drawn per element, its user gives the distribution's parameters.
    """

    name: str
    doc: str
    forward: Callable[..., Any]
    derivative: Callable[..., Any]
    derivative_from_output: Callable[..., Any] | None
    derivative_by_parameter: Callable[..., Any] | None
    parameters: tuple[Parameter, ...]
    options: tuple[Parameter, ...]
    ordered: tuple[str, str] | None
    thresholds: tuple[str, ...]
    from_output_low: Mapping[str, float]
    keeps_integers: bool
    noise: Noise | None
    info: Info = field(repr=False)

    @property
    def light(self) -> bool:
        """Whether nothing but arithmetic and comparisons define it, so that it waits for memory rather than computes."""
        return set(re.findall(r"(\w+)\(", self.info.formula)) <= {"abs", "max", "min"}

    @property
    def array_parameter(self) -> Parameter | None:
        """The parameter that is an array: prelu's slope, or what is drawn per element."""
        return next((p for p in self.parameters if p.array), None)

    @property
    def learnt_parameter(self) -> Parameter | None:
        """The array parameter that has a gradient of its own."""
        return self.array_parameter if self.derivative_by_parameter else None


#: Every registered activation by name, in the order of `activations.py`.
entries: dict[str, Entry] = {}


def activation(
    *,
    derivative: Callable[..., Any],
    derivative_from_output: Callable[..., Any] | None = None,
    derivative_by_parameter: Callable[..., Any] | None = None,
    domain: Mapping[str, tuple[float, bool]] | None = None,
    ordered: tuple[str, str] | None = None,
    thresholds: tuple[str, ...] = (),
    noise: Noise | None = None,
    from_output_low: Mapping[str, float] | None = None,
    keeps_integers: bool = False,
    info: Info,
) -> Callable[[Callable[..., Any]], Activation]:
    """Register the decorated NumPy formula as an activation and return it as the backend in use computes it.

    Parameters
    ----------
    derivative, derivative_from_output : callable
        f'(x, *parameters) and, where the derivative can be had from the output alone, the same from y.
    derivative_by_parameter : callable, optional
        df/dp(x, p) of an activation whose parameter p is an array.
    domain : mapping, optional
        Per parameter its lower bound, and whether the bound itself is excluded. Every parameter must be finite.
    ordered : pair of str, optional
        Two parameters of which the first must not exceed the second.
    thresholds : tuple of str, optional
        The parameters that x is only compared with, or clipped to: beyond the range of integer input they are brought into it.
    noise : Noise, optional
        How the one parameter is drawn; the user's parameters are then the keyword-only ones of the formula.
    from_output_low : mapping, optional
        Per parameter the least value for which y determines the derivative.
    keeps_integers : bool
        Integer input and parameters give integer output; otherwise integers are computed in float64.
    info : Info
        The properties.
    """

    def register(forward: Callable[..., Any]) -> Activation:
        from .. import backends

        bounds = domain or {}
        arguments = list(inspect.signature(forward).parameters.values())[1:]

        def of(kind: Any, array: bool) -> tuple[Parameter, ...]:
            return tuple(
                Parameter(p.name, p.default, *bounds.get(p.name, (-math.inf, False)), array) for p in arguments if p.kind == kind
            )

        parameters = of(inspect.Parameter.POSITIONAL_OR_KEYWORD, noise is not None or derivative_by_parameter is not None)
        options = parameters
        if noise:
            options = of(inspect.Parameter.KEYWORD_ONLY, False)
            parameters = (replace(parameters[0], default=noise.mean({p.name: p.default for p in options})),)
        entry = Entry(
            name=forward.__name__,
            doc=inspect.cleandoc(forward.__doc__ or ""),
            forward=forward,
            derivative=derivative,
            derivative_from_output=derivative_from_output,
            derivative_by_parameter=derivative_by_parameter,
            parameters=parameters,
            options=options,
            ordered=ordered,
            thresholds=thresholds,
            from_output_low=dict(from_output_low or {}),
            keeps_integers=keeps_integers,
            noise=noise,
            info=info,
        )
        entries[entry.name] = entry
        return backends.current().make(entry)

    return register
