"""The formulas NAME_settled_PART, as the careful or the usual ones but for the inputs in the list of hard cases.

Of a near formula there is NAME_near_settled_PART, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ....functions import entries
from ....functions.careful import CAREFUL, HARD_CASES
from ..formulas.near import NEAR

FILE = "hard_cases.pxi"


def text() -> str:
    """All of them, in Cython."""
    return "\n".join(
        line
        for name, parts in HARD_CASES.items()
        for part, cases in parts.items()
        for kinds in ([], ["near"])[: 1 + (part in NEAR.get(name, ()))]
        for line in _formula(name, part, kinds, cases)
    )


def _formula(name: str, part: str, kinds: list[str], cases: Mapping[float, float]) -> Iterator[str]:
    parameters = entries[name].parameters
    arguments = ["x", *(p.name for p in parameters)]
    usual = "_".join([name, *kinds, *["careful"] * (part in CAREFUL.get(name, ())), part])
    settled = "_".join([name, *kinds, "settled", part])
    yield f"cdef inline real {settled}({', '.join(f'real {a}' for a in arguments)}) noexcept nogil:"
    yield f"    cdef real y = {usual}({', '.join(arguments)})"
    if parameters:
        yield "    cdef real zero = 0, never = zero / zero"
    for k, (x, value) in enumerate(cases.items()):
        yield f"    cdef real x_{k} = {x!r}, y_{k} = {value!r}"
        # by the numbers, not by the elements: so that the loop is vectorised
        for p in parameters:
            yield f"    x_{k} = x_{k} if {p.name} == <real> {p.default!r} else never"
        yield f"    y = y_{k} if x == x_{k} else y"
    yield "    return y"
    yield ""
