"""What the steps of functions of rows do to one element: see rows.pxi.in, where they are stamped from this table."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Lanes of a sum along a row, and the terms that are added in the computed type before they go on to a double.
LANES, RUN = 32, 128
#: Lanes of the largest element of a long row.
MAX_LANES = 128

#: What is known of a row, in the computed type.
STATE = (
    "largest", "pivot", "low", "unit", "factor", "factor_low", "threshold", "share", "keep", "spread", "at_label"
)  # fmt: skip


def halves(first: int, last: int) -> list[int]:
    """This number, its half and so on, as far as it is at least the other."""
    return [first] + (halves(first // 2, last) if first // 2 >= last else [])


@dataclass(frozen=True)
class Step:
    """One step over the elements of a panel.

    Attributes
    ----------
    name : str
        As in table.h, in small letters.
    inputs : str
        A letter for each input; a[i] is its element.
    row : list of str
        What of `STATE` it uses.
    lines : list of str
        Statements that set e or x.
    out : str or None
        The element it puts out.
    terms : list of str
        What is summed, at most two sums.
    first : int
        The number of the first of these sums.
    weighted : bool
        Whether it uses w, its position's weight.
    """

    name: str
    inputs: str
    row: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    out: str | None = None
    terms: tuple[str, ...] = ()
    first: int = 0
    weighted: bool = False

    @property
    def sums(self) -> list[str]:
        return [f"t{k}" for k in range(len(self.terms))]

    @property
    def counts(self) -> list[str]:
        """The sums that only count, which the computed type does exactly for a block."""
        return [v for v, term in zip(self.sums, self.terms, strict=True) if term.startswith("one if")]

    @property
    def rounded(self) -> list[str]:
        return [v for v in self.sums if v not in self.counts]

    @property
    def sources(self) -> list[str]:
        return [*self.inputs, *(["w"] if self.weighted else [])]

    def parameters(self, ctype: str) -> str:
        """The declaration of what handles one line of elements."""
        return ", ".join(
            [f"const {ctype}* {v}" for v in self.inputs]
            + ([f"alone_const_{ctype} w"] if self.weighted else [])
            + ([f"{ctype}* out"] if self.out else [])
            + [f"alone_const_{ctype} {v}" for v in self.row]
            + [f"alone_{ctype} {v}" for v in self.sums]
        )

    def along(self, line: str) -> str:
        """A statement or term where all elements are of one row."""
        for name in self.row:
            line = line.replace(f"{name}[i]", name)
        return line

    def along_parameters(self, ctype: str) -> str:
        """The declaration of what handles some elements of one row."""
        text = self.parameters(ctype)
        for name in self.row:
            text = text.replace(f"alone_const_{ctype} {name}", f"{ctype} {name}")
        return text

    def along_arguments(self, at: str) -> str:
        """Its arguments at a place in the row."""
        return ", ".join([f"{v}{at}" for v in [*self.sources, *(["out"] if self.out else [])]] + [*self.row, *self.sums])

    def last(self) -> str:
        """The same for the last elements of a row, in copies."""
        out = ["out"] if self.out else []
        return ", ".join([f"last_{v}" for v in self.sources + out] + list(self.row) + [f"last_{v}" for v in self.sums])

    def across(self, ctype: str) -> str:
        """The same at position r of rows side by side."""
        return ", ".join(
            [f"<const {ctype}*> p.input[{k}] + r * p.pitch[{k}]" for k in range(len(self.inputs))]
            + (["w"] if self.weighted else [])
            + ([f"<{ctype}*> p.out + r * p.out_pitch"] if self.out else [])
            + [f"s.{v}" for v in self.row]
            + [f"s.lanes[{k}] + lane" for k in range(len(self.terms))]
        )


_UNITS = ("pivot", "low", "unit")
_EXP = "e = exp_unit(at_least(low[i], a[i] - pivot[i]), unit[i])"
_OTHERS = ("zero if a[i] == largest[i] else e", "one if a[i] == largest[i] else zero")
_SCALED = "scaled(e, factor[i], factor_low[i])"
_TARGET = "x = w[i] * fma(keep[i], b[i], spread[i])"
_BINARY = "c[i] * softplus_parts(a[i], one - b[i], d[i] * b[i])"
_BINARY_GRAD = "c[i] * ((one - b[i]) * sigmoid_forward(a[i]) - d[i] * b[i] * sigmoid_forward(-a[i])) * factor[i]"
_GRAD = ("factor", "factor_low", "share")

STEPS = (
    # sums of exponentials, stored or not; of all but one of the largest elements, and how many of these there are
    Step("exp", "a", _UNITS, (_EXP,), "e", ("e",)),
    Step("exp_sum", "a", _UNITS, (_EXP,), None, ("e",)),
    Step("others", "a", ("largest", *_UNITS), (_EXP,), "e", _OTHERS),
    Step("others_sum", "a", ("largest", *_UNITS), (_EXP,), None, _OTHERS),
    # softmax from the exponentials, or from x again; logarithms
    Step("scale", "a", ("factor", "factor_low"), ("e = a[i]",), _SCALED),
    Step("exp_scale", "a", (*_UNITS, "factor", "factor_low"), (_EXP,), _SCALED),
    Step("shift", "a", ("factor", "factor_low", "low"), ("e = (a[i] - factor[i]) - factor_low[i]",), "at_least(low[i], e)"),
    # gradients: a is that of the output, b the output
    Step("dot", "ab", terms=("a[i] * b[i]",)),
    Step("sum", "a", terms=("a[i]",)),
    Step("softmax_grad", "ab", ("factor", "factor_low"), (), "b[i] * (a[i] - factor[i]) * factor_low[i]"),
    Step(
        "log_softmax_grad",
        "ab",
        ("factor", "factor_low", "low", "unit"),
        ("e = exp_unit(at_least(low[i], b[i]), unit[i]) * per_headroom(zero)",),
        "(a[i] - e * factor[i]) * factor_low[i]",
    ),
    # sparsemax: what is above the threshold, relative to the largest; NaN spoils the sum
    Step(
        "above",
        "a",
        ("largest", "threshold"),
        ("e = a[i] - largest[i]",),
        terms=("e if e > threshold[i] else (zero if e == e else e)", "one if e > threshold[i] else zero"),
    ),
    Step("sparsemax", "a", ("largest", "threshold"), ("e = (a[i] - largest[i]) - threshold[i]",), "at_least(zero, e)"),
    Step(
        "support",
        "ab",
        lines=("e = a[i]", "x = b[i] - b[i]"),
        terms=("e if b[i] > zero else x", "one if b[i] > zero else zero"),
    ),
    Step("sparsemax_grad", "ab", ("factor",), ("e = a[i] - factor[i]", "x = b[i] - b[i]"), "e if b[i] > zero else x"),
    # cross-entropy: how far the logits are below the largest; the gradient from the exponentials, or from x again
    Step("drop", "a", ("largest",), (), None, ("w[i] * (largest[i] - a[i])",), 2, True),
    Step("class_grad", "a", _GRAD, ("e = a[i]",), f"{_SCALED} - share[i] * w[i]", weighted=True),
    Step("exp_class_grad", "a", (*_UNITS, *_GRAD), (_EXP,), f"{_SCALED} - share[i] * w[i]", weighted=True),
    Step("targets", "ab", ("largest", "keep", "spread"), (_TARGET,), None, ("x * (largest[i] - a[i])", "x"), 2, True),
    Step("target_grad", "ab", (*_GRAD, "keep", "spread"), ("e = a[i]", _TARGET), f"{_SCALED} - share[i] * x", weighted=True),
    Step(
        "exp_target_grad",
        "ab",
        (*_UNITS, *_GRAD, "keep", "spread"),
        (_EXP, _TARGET),
        f"{_SCALED} - share[i] * x",
        weighted=True,
    ),
    # binary cross-entropy of logits a and targets b with weights c and weights of the positive class d
    Step("binary", "abcd", terms=(_BINARY,)),
    Step("binary_grad", "abcd", ("factor",), (), _BINARY_GRAD, (_BINARY,)),
    Step("binary_each", "abcd", (), (), _BINARY),
)


def step_names(header: str) -> list[str]:
    """The names of all steps, those between the passes too, from table.h."""
    listed = re.search(r"ROW_START,[^}]*(?=ROW_STEPS)", header)
    assert listed
    return [name.lower() for name in re.findall(r"ROW_(\w+)", listed[0])]
