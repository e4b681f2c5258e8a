"""What functions of rows are made of, and the Cython text of their steps. The functions themselves stand in formulas/rows.py.

A `RowFunction` has programs, one for its forward pass and one for its gradient. A `Program` is a series of passes over the
segments of a panel's rows. A `Pass` takes some steps with each segment, and others once it has gone over all of them. A step is
one of

- `ElementStep`: computes something of every element, and sums it along the rows. Stamped twice: for a row along itself, and
  for rows side by side. So it is written once, and has the same bits both ways.
- `RowStep`: Cython statements for the rows of a panel.
- `BuiltInStep`: stands in loops/row_largest.pxi.in or row_softmax.pxi.in, with what it shares with others.

In the texts a name in braces is filled in: of an `ElementStep` what is known of its row (`STATE`), of a `RowStep` the C type
`real` and the name `dtype` of what it computes in.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from string import Formatter

#: Where the functions stand in the sources.
FILE = "fastact/backends/native/formulas/rows.py"

#: Lanes of a sum along a row, and the terms that are added in the computed type before they go on to a double.
LANES, RUN = 32, 128
#: Lanes of the largest element of a long row.
MAX_LANES = 128

#: What is known of a row, in the computed type, and what it is before the first pass.
STATE = {
    "largest": "its largest element; -inf",
    "pivot": "what is taken from an element before its exponential: see pivot_of_row in loops/rows.pxi.in",
    "low": "what less is raised to: its exponential is 0, or the result is least",
    "unit": "what exponentials are measured in: see exp_unit",
    "factor": "what elements are multiplied by, or what is taken from them; the call's factor of the row, or its scale",
    "factor_low": "what must be added to factor to have it exactly; or a second factor",
    "threshold": "of sparsemax and entmax15, relative to the largest; -1",
    "share": "what a weight takes from the gradient; of maxout whether the largest has been found; 0",
    "at_largest": "the gradient at a largest element, before what its own weight takes",
    "largest_share": "and what that takes",
    "keep": "how much of a target is kept by label smoothing",
    "spread": "and what is added to it",
    "at_label": "the logit at the label, then the gradient there",
}

#: A row's sums, in double, 0 before the first pass: s.total[SUM] and so on in a `RowStep`.
TOTALS = ("sum", "count", "loss", "targets", "other_targets")

#: How many there can be at most: of passes in a program, of steps in a pass. The same numbers as in table.h.
MAX_PASSES, MAX_STEPS = 4, 3


class Output(Enum):
    """What a pass stores: nothing, exponentials that a later pass needs, or the result. The names are those of table.h."""

    NOTHING = "NO_OUTPUT"
    POWERS = "POWERS"
    RESULT = "RESULT"


@dataclass(frozen=True)
class Step:
    """A step of a program.

    Attributes
    ----------
    name : str
        The compiled function is row_NAME_DTYPE.
    """

    name: str


@dataclass(frozen=True)
class BuiltInStep(Step):
    """A step that stands in a template of loops/: see rows.pxi.in."""


@dataclass(frozen=True)
class RowStep(Step):
    """A step that is given as Cython, with the panel as p and what is known of its rows as s.

    Attributes
    ----------
    code : str
        The statements; ``for r in range(p.rows):`` goes over the rows.
    """

    code: str

    def lines(self, real: str, dtype: str) -> list[str]:
        """The statements for one type."""
        return textwrap.dedent(self.code).strip("\n").format(real=real, dtype=dtype).splitlines()


@dataclass(frozen=True)
class Sum:
    """A sum along the row.

    Attributes
    ----------
    term : str
        What is added up.
    into : str
        Which of `TOTALS` it goes into.
    counts : bool
        Whether every term is 0 or 1; the computed type adds those up exactly, as many as a segment has.
    """

    term: str
    into: str = "sum"
    counts: bool = False


@dataclass(frozen=True)
class ElementStep(Step):
    """A step that computes something of every element. In its expressions x[i] is an element of the input x.

    Attributes
    ----------
    inputs : tuple of str
        The inputs' names, in the order of the program's inputs.
    weighted : bool
        Whether it uses w[i], its position's weight.
    let : dict
        Expressions with a name of their own, in order.
    out : str or None
        The element it stores.
    sums : tuple of Sum
        What it sums, at most two sums.
    """

    inputs: tuple[str, ...] = ("x",)
    weighted: bool = False
    let: dict[str, str] = field(default_factory=dict, hash=False)
    out: str | None = None
    sums: tuple[Sum, ...] = ()

    def __post_init__(self) -> None:
        if unknown := [name for name in self.state if name not in STATE]:
            raise ValueError(f"{FILE}: step {self.name!r}: {{{unknown[0]}}} is none of {', '.join(STATE)}")
        if unknown := [total.into for total in self.sums if total.into not in TOTALS]:
            totals = ", ".join(TOTALS)
            raise ValueError(f"{FILE}: step {self.name!r}: a sum goes into {unknown[0]!r}, which is none of {totals}")

    @property
    def state(self) -> list[str]:
        """What of `STATE` it uses."""
        texts = [*self.let.values(), self.out or "", *(each.term for each in self.sums)]
        used = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
        return [name for name in STATE if name in used] + sorted(used - STATE.keys())

    @property
    def lanes(self) -> list[str]:
        """The names of the sums' lanes."""
        return [f"t{k}" for k in range(len(self.sums))]

    @property
    def counts(self) -> list[str]:
        """Those of sums that only count."""
        return [v for v, each in zip(self.lanes, self.sums, strict=True) if each.counts]

    @property
    def rounded(self) -> list[str]:
        """The others."""
        return [v for v in self.lanes if v not in self.counts]

    @property
    def sources(self) -> list[str]:
        """What it reads an element of."""
        return [*self.inputs, *(["w"] if self.weighted else [])]

    @property
    def fetched(self) -> list[str]:
        """The inputs that are arrays of the call, whose next rows are worth fetching: not what a pass before has stored."""
        return [v for v in self.inputs if v != "powers"]

    def parameters(self, real: str, along: bool) -> str:
        """The declaration of what handles some elements: of one row, or of many rows at one position."""
        state = [f"{real} {v}" if along else f"alone_const_{real} {v}" for v in self.state]
        return ", ".join(
            [f"const {real}* {v}" for v in self.inputs]
            + ([f"alone_const_{real} w"] if self.weighted else [])
            + ([f"{real}* out"] if self.out else [])
            + state
            + [f"alone_{real} {v}" for v in self.lanes]
        )

    def statements(self, along: bool) -> list[str]:
        """What is done to element i of some that are of one row, or at one position."""
        state = {v: v if along else f"{v}[i]" for v in self.state}
        texts = [f"{name} = {expression}" for name, expression in self.let.items()]
        texts += [f"{v}[i] = {v}[i] + ({each.term})" for v, each in zip(self.lanes, self.sums, strict=True)]
        texts += [f"out[i] = {self.out}"] if self.out else []
        return [text.format(**state) for text in texts]

    def arguments_along(self, at: str) -> str:
        """Its arguments at a place in a row."""
        return ", ".join([f"{v}{at}" for v in [*self.sources, *(["out"] if self.out else [])]] + [*self.state, *self.lanes])

    def arguments_last(self) -> str:
        """The same for the last elements of a row, in copies."""
        out = ["out"] if self.out else []
        return ", ".join([f"last_{v}" for v in self.sources + out] + self.state + [f"last_{v}" for v in self.lanes])

    def arguments_across(self, real: str) -> str:
        """The same at position i of rows side by side."""
        return ", ".join(
            [f"<const {real}*> p.input[{k}] + i * p.pitch[{k}]" for k in range(len(self.inputs))]
            + (["w"] if self.weighted else [])
            + ([f"<{real}*> p.out + i * p.out_pitch"] if self.out else [])
            + [f"s.{v}" for v in self.state]
            + [f"s.lanes[{k}] + lane" for k in range(len(self.sums))]
        )


@dataclass(frozen=True, kw_only=True)
class Pass:
    """Once over the segments of a panel.

    Attributes
    ----------
    steps : list of Step
        What it does with each segment.
    output : Output
        What it stores.
    then : list of Step
        What is done once it has gone over all segments.
    reads_powers : bool
        Whether its first input is not the program's, but the exponentials that the pass before stored.
    repeats : bool
        Whether it is repeated for as long as a step sets p.again.
    on_demand : bool
        Whether it, and all that follows, is left out unless a step has set p.again.
    """

    steps: Sequence[Step]
    output: Output = Output.NOTHING
    then: Sequence[Step] = ()
    reads_powers: bool = False
    repeats: bool = False
    on_demand: bool = False

    @property
    def inputs(self) -> int:
        """How many of the program's inputs it reads."""
        return max([1, *(len(step.inputs) for step in self.steps if isinstance(step, ElementStep))])

    def faults(self, program: Program) -> Iterator[str]:
        """What is wrong with it as a pass of this program."""
        if max(len(self.steps), len(self.then)) > MAX_STEPS:
            yield f"a pass has more than {MAX_STEPS} steps"
        if self.inputs > len(program.inputs):
            yield f"a pass reads {self.inputs} inputs, the program has {len(program.inputs)}"
        for step in self.steps:
            if isinstance(step, ElementStep) and step.out and self.output is Output.NOTHING:
                yield f"step {step.name!r} stores elements in a pass without output"


@dataclass(frozen=True, kw_only=True)
class Program:
    """The passes of a function.

    Attributes
    ----------
    inputs : tuple of str
        What the inputs are.
    passes : list of Pass
        In order.
    without_room : list of Pass
        The same where there is no room to store the exponentials of whole rows; by default as `passes`.
    short_rows : list of Pass
        The same for rows of at most `LANES` elements that are taken along themselves; by default as `passes`. Nothing is known of
        their rows before the first step.
    logits : bool
        Whether a call's scale and mask change the first input: to scale*x + mask.
    left_out : float
        What the result is where a mask leaves an element out.
    """

    inputs: tuple[str, ...]
    passes: Sequence[Pass]
    without_room: Sequence[Pass] = ()
    short_rows: Sequence[Pass] = ()
    logits: bool = False
    left_out: float = 0.0

    @property
    def variants(self) -> dict[str, Sequence[Pass]]:
        """The passes by their names in table.h, without those that are left to `passes`."""
        named = {"passes": self.passes, "without_room": self.without_room, "short_rows": self.short_rows}
        return {name: passes for name, passes in named.items() if passes}

    @property
    def stores(self) -> bool:
        """Whether there is a result for every element."""
        return any(each.output is Output.RESULT for each in self.passes)

    @property
    def steps(self) -> Iterator[Step]:
        """All steps; some more than once."""
        for passes in self.variants.values():
            for each in passes:
                yield from (*each.steps, *each.then)

    def faults(self) -> Iterator[str]:
        """What is wrong with it."""
        for passes in self.variants.values():
            if len(passes) > MAX_PASSES:
                yield f"there are {len(passes)} passes; there can be {MAX_PASSES}"
            for each in passes:
                yield from each.faults(self)


@dataclass(frozen=True, kw_only=True)
class RowFunction:
    """A function's programs.

    Attributes
    ----------
    forward : Program
        The function; of a loss the loss alone.
    gradient : Program or None
        Its gradient; of a loss the loss and its gradient.
    """

    forward: Program
    gradient: Program | None = None

    @property
    def programs(self) -> dict[str, Program]:
        """The programs there are, by their names in table.h."""
        return {"forward": self.forward} | ({"gradient": self.gradient} if self.gradient else {})


def steps_of(functions: dict[str, RowFunction]) -> list[Step]:
    """Each step of these functions once. ValueError where something is wrong with one of them."""
    found: dict[str, Step] = {}
    for name, function in functions.items():
        for kind, program in function.programs.items():
            for fault in program.faults():
                raise ValueError(f"{FILE}: {name}, {kind}: {fault}")
            for step in program.steps:
                if found.setdefault(step.name, step) is not step:
                    raise ValueError(f"{FILE}: {name}, {kind}: there is another step called {step.name!r}")
    return list(found.values())


def check_complete(functions: dict[str, RowFunction], needed: Mapping[str, str], file: str) -> None:
    """ValueError where a record of this file in functions/ has no programs. `needed` has their name by the record's."""
    for record, name in needed.items():
        if name not in functions:
            raise ValueError(
                f"{FILE}: FUNCTIONS has no programs {name!r}, which the record {record} (fastact/functions/{file}) needs"
            )


def step_arguments(steps: Sequence[Step], dtype: str) -> list[str]:
    """The compiled functions of these steps, NULL for those that a pass could have besides."""
    return [f"row_{step.name}_{dtype}" for step in steps] + ["NULL"] * (MAX_STEPS - len(steps))


def halves(first: int, last: int) -> list[int]:
    """This number, its half and so on, as far as it is at least the other."""
    return [first] + (halves(first // 2, last) if first // 2 >= last else [])


def names_for_template(functions: dict[str, RowFunction]) -> dict[str, object]:
    """What the templates of loops/ for rows are filled in with."""
    steps = steps_of(functions)
    return {
        "LANES": LANES,
        "MAX_LANES": MAX_LANES,
        "MAX_STEPS": MAX_STEPS,
        "RUN": RUN,
        "STATE": STATE,
        "TOTALS": TOTALS,
        "halves": halves,
        "step_arguments": step_arguments,
        "functions": functions,
        "element_steps": [step for step in steps if isinstance(step, ElementStep)],
        "row_steps": [step for step in steps if isinstance(step, RowStep)],
    }
