"""Formulas of activations whose parameters are arrays: there the kernels, which take numbers, can't be used.

The definitions of the catalogue overflow, or are no number, where the kernels are right. These have the kernels' limits, and
their digits where an exponential alone would be subnormal: it is taken as the product of two halves. Where x / alpha has become
subnormal they go on with x. Derivatives by a parameter do not cancel where that can be had.
"""

from __future__ import annotations

import functools

from ..functions import entries
from ..functions.entry import Entry
from . import expansion
from .nodes import Activate, Node, Parameter, in_order
from .vocabulary import read

#: By name a line for each part: `f`, `slope` and `by_PARAMETER` are the function and its derivatives, the others what they share.
#: Beyond 1600 exponentials vanish with their halves; from 40 on log1p(g) is g, and 1 + g is 1, for the exponential g of less.
_FORMS = {
    "leaky_relu": """
        f = where(x > 0, x, negative_slope * where(negative_slope == 0, clip(x, -1, 1), x))
        slope = where(x > 0, 1, negative_slope)
    """,
    "hard_sigmoid": """
        line = alpha * where(alpha == 0, clip(x, -1, 1), x) + beta
        f = where(line <= 0, 0, where(line >= 1, 1, line))
        slope = where(0 < line < 1, alpha, 0)
        by_alpha = where(0 < line < 1, x, 0)
        by_beta = where(0 < line < 1, 1, 0)
    """,
    "soft_shrink": """
        f = where(x > lambd, x - lambd, where(x < -lambd, x + lambd, copysign(0, x)))
        slope = where(abs(x) > lambd, 1, 0)
    """,
    "srelu": """
        x_left = where(slope_left == 0, clip(x, -1, 1), x)
        x_right = where(slope_right == 0, clip(x, -1, 1), x)
        left = threshold_left + slope_left * (x_left - threshold_left)
        right = threshold_right + slope_right * (x_right - threshold_right)
        f = where(x <= threshold_left, left, where(x >= threshold_right, right, x))
        slope = where(x <= threshold_left, slope_left, where(x >= threshold_right, slope_right, 1))
    """,
    "elu": """
        f = where(x > 0, x, alpha * expm1(x))
        slope = where(x > 0, 1, alpha * exp(x / 2) * exp(x / 2))
    """,
    "celu": """
        z = x / alpha
        f = where(z < -(2**-60), alpha * expm1(z), x)
        slope = where(x > 0, 1, exp(z))
        bounded = max(z, -1600)
        by_alpha = where(x > 0, 0, expm1(bounded) - bounded * exp(bounded))
    """,
    "softplus": """
        z = abs(beta * x)
        h = exp(-z / 2)
        f = max(x, 0) + where(z > 40, h / beta * h, log1p(exp(-z)) / beta)
        slope = sigmoid(beta * x)
        bounded = min(z, 1600)
        bend = where(z > 40, (1 + bounded) * (h / beta) * (h / beta), (log1p(exp(-z)) + bounded * sigmoid(-z)) / beta / beta)
        by_beta = -bend
    """,
    "soft_exponential": """
        s = x + alpha
        w = -alpha * s
        logarithm = where(w == inf, log(-alpha) + log(s), log1p(w))
        below = where(abs(w) < 2**-54, s, logarithm / -alpha)
        z = alpha * where(alpha == 0, clip(x, -1, 1), x)
        h = exp(z / 2)
        above = where(abs(z) < 2**-54, x, where(z > 40, h / alpha * h, expm1(z) / alpha)) + alpha
        f = where(alpha < 0, below, above)
        quotient = where(abs(s) > 1, 1 / s / (1 / s - alpha), 1 / (1 + w))
        slope = where(alpha < 0, where(w < -1, nan, quotient), exp(z))
        u = where(alpha < 0, logarithm, z)
        growth = where(alpha < 0, 1 / (1 + w), exp(z))
        square = (u / alpha * tanh(u / 2) / 2 + tanh_shrink(u / 2) / alpha) / alpha
        near = square * (1 + growth) + where(alpha < 0, growth, 1)
        ratio = where(abs(s) > 1, (1 + alpha / s) / (1 / s - alpha), (s + alpha) / (1 + w))
        far_below = where(w == -1, inf, logarithm / alpha / alpha + ratio / alpha)
        bounded = max(z, -1600)
        far_above = where(z > 40, (z - 1) * (h / alpha) * (h / alpha), (bounded * exp(z) - expm1(z)) / alpha / alpha) + 1
        by_alpha = where(alpha == 0, 1 + x * x / 2, where(abs(u) < 1, near, where(alpha < 0, far_below, far_above)))
    """,
    "generalized_logistic": """
        g = exp(-abs(x))
        above = exp(-alpha * log1p(g))
        h = exp(where(x < 0, alpha * x, -x) / 2)
        f = where(x < 0, h * h, 1) * above
        slope = alpha * h * h * (above / (1 + g))
        by_alpha = where(x < 0, where(h == 0, 0, log_sigmoid(x) * h * h), log_sigmoid(x)) * above
    """,
    "soft_clipping": """
        h = exp(alpha * x / 2)
        below = where(alpha * x < -40, -expm1(-alpha) / alpha * h * h, (softplus(alpha * x) - softplus(alpha * (x - 1))) / alpha)
        f = where(x < 0.5, below, 1 - (softplus(alpha * (1 - x)) - softplus(-alpha * x)) / alpha)
        slope = sigmoid(alpha * x) * sigmoid(alpha * (1 - x)) * -expm1(-alpha)
        z0 = min(abs(alpha * x), 1600)
        z1 = min(abs(alpha * (x - 1)), 1600)
        h0 = exp(-z0 / 2) / alpha
        h1 = exp(-z1 / 2) / alpha
        bend0 = log1p(exp(-z0)) + z0 * sigmoid(-z0)
        bend1 = log1p(exp(-z1)) + z1 * sigmoid(-z1)
        by_alpha = where(min(z0, z1) > 40, (1 + z1) * h1 * h1 - (1 + z0) * h0 * h0, (bend1 - bend0) / alpha / alpha)
    """,
    "silu": """
        z = beta * where(beta == 0, clip(x, -1, 1), x)
        h = exp(-abs(z) / 2)
        r = 1 / (1 + h * h)
        f = where(z < 0, where(h == 0, copysign(0, x), x * h * h), x) * r
        bounded = clip(z, -1600, 1600)
        slope = r * where(z < 0, h * (1 + bounded * r) * h, 1 + bounded * (h * h * r))
        by_beta = where(h == 0, 0, (x * h * r)**2)
    """,
    "softcap": """
        z = x / cap
        f = where(abs(z) < 2**-28, x, cap * tanh(z))
        h = exp(-abs(z))
        slope = h / (1 + h * h) * (h / (1 + h * h)) * 4
        bounded = clip(z, -400, 400)
        far = tanh(z) - bounded * tanh_derivative(z)
        by_cap = where(abs(z) < 1, bounded * tanh(z)**2 - tanh_shrink(bounded), far)
    """,
    "star_relu": """
        r = max(0, x)
        bounded = where(scale == 0, clip(r, 0, 1), r)
        f = scale * bounded * bounded + shift
        slope = 2 * scale * bounded
        by_scale = r * r
    """,
    "isru": """
        bounded = where(alpha == 0, clip(x, -1, 1), x)
        square = alpha * bounded * bounded
        f = where(square > 2**60, copysign(1 / sqrt(alpha), x), x / sqrt(1 + square))
        r = 1 / (1 + square)
        slope = r * sqrt(r)
        by_alpha = -0.5 * f**3
    """,
    "isrlu": """
        bounded = where(alpha == 0, clip(x, -1, 1), x)
        square = alpha * bounded * bounded
        below = where(square > 2**60, copysign(1 / sqrt(alpha), x), x / sqrt(1 + square))
        f = where(x >= 0, x, below)
        r = 1 / (1 + square)
        slope = where(x >= 0, 1, r * sqrt(r))
        by_alpha = where(x >= 0, 0, -0.5 * below**3)
    """,
    "squareplus": """
        r = hypot(x, sqrt(b))
        half = 0.5 * r + 0.5 * abs(x)
        f = where(x > 0, half, 0.25 * b / half)
        slope = where(x > 2**30 * sqrt(b), 1, f / r)
        by_b = 0.25 / r
    """,
    "snake": """
        z = alpha * x
        bounded = where(abs(z) == inf, x - x, z)
        sine = sin(bounded)
        f = where(abs(z) == inf, x, copysign(x + sine * (sine / alpha), x))
        twice = 2 * sine * cos(bounded)
        slope = 1 + twice
        by_alpha = x * (twice / alpha) - sine / alpha * (sine / alpha)
    """,
}


@functools.cache
def _forms(name: str) -> dict[str, Node]:
    """The parts of one activation's formulas by name."""
    names: dict[str, Node] = {p.name: Parameter(p.name) for p in entries[name].parameters}
    for line in _FORMS[name].strip().splitlines():
        part, formula = line.strip().split(" = ", 1)
        names[part] = read(formula, names)
    return names


def _form(entry: Entry, part: str) -> Node | None:
    return _forms(entry.name).get(part) if entry.name in _FORMS and entries.get(entry.name) is entry else None


def template(entry: Entry, derivative: bool = False) -> Node:
    """The formula of f(x), or of f'(x), for arrays as parameters, which have the entry's names."""
    return _form(entry, "slope" if derivative else "f") or expansion.template(entry, derivative)


def by_parameter(entry: Entry, name: str) -> Node | None:
    """The derivative of f by a parameter; None where that of the definition is right."""
    return _form(entry, f"by_{name}")


def without_arrays(root: Node, arrays: frozenset[str]) -> Node:
    """The expression without activations whose parameters are arrays: their formulas instead."""
    made: dict[Node, Node] = {}
    for node in in_order([root]):
        operands = tuple(made[o] for o in node.operands)
        made[node] = node if operands == node.operands else expansion.rebuilt(node, operands)
        if isinstance(node, Activate) and any(isinstance(p, Parameter) and p.name in arrays for p in node.parameters):
            found = made[node]
            if isinstance(found, Activate):
                places = expansion.places(found.entry, found.argument, found.parameters)
                found = expansion.substituted(template(found.entry, found.derivative), places)
            made[node] = without_arrays(found, arrays)
    return made[root]
