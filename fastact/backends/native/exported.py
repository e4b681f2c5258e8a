"""What `fastact.cython_api` exports: ONE list for the build, which writes a C function for each, and for those who look them up.

An activation's functions take pointers to n elements, but "value" and "derivative", which take one number. A function of rows
takes pointers to outer * n * inner elements. docs/guide/compiled_code.md says what callers may rely on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ...functions import entries, row_functions
from ...functions.entry import Entry, Parameter
from ...functions.kinds import BACKWARD, BACKWARD_FROM_OUTPUT, FORWARD, VALUE_AND_GRAD, Kind, has_loop
from ...functions.record import Call
from ...functions.rows import RowFunction

#: The C types of elements, by dtype.
C_TYPES = {"float32": "float", "float64": "double", "int64": "int64_t", "uint64": "uint64_t"}
FLOATS = ("float32", "float64")
#: Per kind of function of an activation what it computes, by which loop, and whether of one number.
ELEMENTWISE = {
    "value": (FORWARD, True),
    "derivative": (VALUE_AND_GRAD, True),
    "forward": (FORWARD, False),
    "backward": (BACKWARD, False),
    "backward_from_output": (BACKWARD_FROM_OUTPUT, False),
    "value_and_grad": (VALUE_AND_GRAD, False),
}
#: The functions of rows that are exported: those whose result is defined for rows of any length.
ROW_CALLS = (Call.MASKED_MAP, Call.MAP, Call.MASKED_REDUCTION)


@dataclass(frozen=True)
class Exported:
    """One exported function.

    Attributes
    ----------
    record : Entry or RowFunction
        What it computes.
    kind : str
        One of `ELEMENTWISE`; of rows "forward", "backward" or "backward_from_output".
    dtype : str
        Of all its elements: one of `C_TYPES`.
    """

    record: Entry | RowFunction
    kind: str
    dtype: str

    @property
    def name(self) -> str:
        return f"{self.record.name}_{self.kind}_{self.dtype}"

    @property
    def ctype(self) -> str:
        return C_TYPES[self.dtype]

    @property
    def of_rows(self) -> bool:
        return isinstance(self.record, RowFunction)

    @property
    def of_number(self) -> bool:
        """Whether it takes a number and gives one."""
        return not self.of_rows and ELEMENTWISE[self.kind][1]

    @property
    def loop(self) -> Kind:
        """The kind of loop behind an activation's function."""
        return ELEMENTWISE[self.kind][0]

    @property
    def call(self) -> tuple[str, str, str]:
        """What the engine does for it: of which function, of what kind, in which dtype. Several may share a call."""
        if self.of_rows:
            return self.record.name, "rows" if self.kind == "forward" else "rows_gradient", self.dtype
        return self.record.name, self.loop.name, self.dtype

    @property
    def operands(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of its inputs and its outputs."""
        if isinstance(self.record, Entry):
            return self.loop.inputs, self.loop.outputs
        if self.kind == "forward":
            return ("x",), ("y",)
        return ("dy", "y" if self.kind == "backward_from_output" else "x"), ("dx",)

    @property
    def arguments(self) -> str:
        """Its arguments, in C."""
        if self.of_number:
            return f"{self.ctype} x, void *parameters"
        inputs, outputs = self.operands
        pointers = [*(f"const {self.ctype} *{name}" for name in inputs), *(f"{self.ctype} *{name}" for name in outputs)]
        sizes = ["outer", "n", "inner"] if self.of_rows else ["n"]
        given = [] if self.of_rows else [f"const {self.ctype} *parameters"]
        return ", ".join([*pointers, *(f"Py_ssize_t {size}" for size in sizes), *given])

    @property
    def returns(self) -> str:
        """What it returns, in C."""
        return self.ctype if self.of_number else "void"

    @property
    def defaults(self) -> tuple[float, ...]:
        """The default parameters of an activation, in its dtype."""
        assert isinstance(self.record, Entry)
        defaults = tuple(p.default for p in self.record.parameters)
        if self.dtype in FLOATS or self.record.to_integers is None:
            return defaults
        limits = np.iinfo(self.dtype)
        return self.record.to_integers(int(limits.min), int(limits.max), *defaults)


def own_parameters(entry: Entry) -> tuple[Parameter, ...]:
    """The parameters that callers may give. What is drawn is none: without a generator it is what stands in for the draw."""
    return () if entry.noise else entry.parameters


def keeps_integers(entry: Entry) -> bool:
    """Whether there are functions of integers: it keeps them with the default parameters."""
    return entry.keeps_integers and all(isinstance(p.default, int) for p in entry.parameters)


def _list() -> Iterator[Exported]:
    for entry in entries.values():
        for kind, (loop, _) in ELEMENTWISE.items():
            if has_loop(entry, loop.loop):
                dtypes = C_TYPES if loop is FORWARD and keeps_integers(entry) else FLOATS
                yield from (Exported(entry, kind, dtype) for dtype in dtypes)
    for function in row_functions.values():
        if function.call in ROW_CALLS:
            kinds = ("forward", "backward") if function.reduces else ("forward", "backward", "backward_from_output")
            yield from (Exported(function, kind, dtype) for kind in kinds for dtype in FLOATS)


#: All of them by their names in C: "gelu_forward_float32".
EXPORTED: Mapping[str, Exported] = MappingProxyType({each.name: each for each in _list()})
