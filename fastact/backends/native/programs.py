"""Plans programs: the steps that compute an expression, each a loop of the table, and the registers that they go through.

engine/programs.pxi runs them. A step reads its operands and writes its results whole, for as many elements as a register holds.
The order of steps is that of the expression, what needs more registers first, so that few are in use at a time. What the
catalogue has loops for goes through them as it is: a value and its derivative together, or a product with a derivative.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ...expressions.nodes import Activate, Apply, Node, Number, Parameter, X
from ...expressions.operations import OPERATIONS
from ...functions.entry import Entry
from ...functions.kinds import BACKWARD, FORWARD, VALUE_AND_GRAD, Kind

if TYPE_CHECKING:
    from ...expressions.definition import Definition

#: A parameter that is a number to a step is one of the program's, by its index, or a constant.
Scalar = int | float


class Slot(NamedTuple):
    """Where a step finds an operand or puts a result: an array of the call, or a register."""

    kind: str
    number: int = 0


FIRST, SECOND, OUTPUTS = Slot("first"), Slot("second"), (Slot("out1"), Slot("out2"))


class Step(NamedTuple):
    """One step.

    Attributes
    ----------
    loop : str, tuple or None
        The name of an operation, or an entry and a kind; None copies `a`.
    a, b, third, out1, out2 : Slot or None
        The operands and results. The third is where a loop takes an array parameter.
    scalars : int
        Where the parameters of its loop begin among the plan's scalars.
    """

    loop: str | tuple[Entry, Kind] | None
    a: Slot
    b: Slot | None
    third: Slot | None
    out1: Slot
    out2: Slot | None
    scalars: int


@dataclass
class Plan:
    """A program.

    Attributes
    ----------
    steps : list of Step
        What it does, in order.
    uniform : int
        How many of them, the first, compute what is the same for all elements: they run once.
    spreads : list of (Slot, Scalar)
        Registers that hold a number from the beginning.
    scalars : list of Scalar
        The parameters of the steps' loops.
    parameters : int
        How many the activation has.
    defaults : tuple of float
        What they are where a call does not say.
    arrays : int
        Bit k: parameter k is an array.
    registers : int
        How many it needs.
    """

    steps: list[Step] = field(default_factory=list)
    uniform: int = 0
    spreads: list[tuple[Slot, Scalar]] = field(default_factory=list)
    scalars: list[Scalar] = field(default_factory=list)
    parameters: int = 0
    defaults: tuple[float, ...] = ()
    arrays: int = 0
    registers: int = 0


#: An operand of the call that is no input of the expression. No parameter may have this name: it is a keyword of the call.
_DY = Parameter("dy")


@functools.lru_cache(64)  # it is asked for each dtype
def plan(entry: Definition, kind: Kind) -> Plan:
    """The program for one kind of call of a definition."""
    operands: dict[Node, Slot] = {_DY: FIRST, X: SECOND} if "dy" in kind.loop_inputs else {X: FIRST}
    arrays = {p.name: k for k, p in enumerate(entry.parameters) if p.array}
    operands |= {Parameter(name): Slot("parameter", k) for name, k in arrays.items()}
    numbers = {p.name: k for k, p in enumerate(entry.parameters) if not p.array}
    defaults = tuple(p.default for p in entry.parameters)
    program = Plan(parameters=len(defaults), defaults=defaults, arrays=sum(1 << k for k in arrays.values()))
    return _Planner(operands, numbers, program).plan(_results(entry, kind))


def _results(entry: Definition, kind: Kind) -> list[Node]:
    """What a kind of call of a definition computes."""
    if kind.loop == FORWARD.loop:
        return [entry.formula]
    if kind.loop == VALUE_AND_GRAD.loop:
        return [entry.formula, entry.slope]
    if kind.loop == BACKWARD.loop:
        return [_product(_DY, entry.slope)]
    assert kind.parameter is not None
    return [_product(_DY, entry.slope_by[entry.parameters[kind.parameter].name])]


def _product(a: Node, b: Node) -> Node:
    return Apply(OPERATIONS["multiply"], (a, b))


@dataclass(eq=False)
class _Work:
    """What one step computes: its operands, and up to two nodes."""

    loop: str | tuple[Entry, Kind]
    operands: tuple[Node, ...]
    parameters: tuple[Node, ...]
    results: tuple[Node, ...]
    need: int = 1  # registers while it is computed


class _Planner:
    """Makes one plan."""

    def __init__(self, operands: Mapping[Node, Slot], numbers: Mapping[str, int], program: Plan) -> None:
        self._given = operands
        self._numbers = numbers
        self._plan = program
        self._work: dict[Node, _Work] = {}  # by what it results in

    def plan(self, results: Sequence[Node]) -> Plan:
        self._find_work(results)
        order = self._order(results)
        self._place(order, results)
        return self._plan

    # ---- what the steps are ------------------------------------------------------------------------------------------

    def _find_work(self, results: Sequence[Node]) -> None:
        nodes = list(_below(results))
        there = set(nodes)
        users = Counter(child for node in nodes for child in _children(node))
        users.update(results)
        differs = set(self._given)  # what need not be the same for all elements
        for node in nodes:
            if not differs.isdisjoint(_children(node)):
                differs.add(node)
            if isinstance(node, Apply):
                fused = self._product_with_slope(node, there, users) or self._sum_with_product(node, differs, users)
                self._work[node] = fused or _Work(node.operation.name, node.arguments, (), (node,))
            elif isinstance(node, Activate) and node not in self._work:
                value = Activate(node.entry, node.argument, node.parameters)
                slope = Activate(node.entry, node.argument, node.parameters, derivative=True)
                if value in there and slope in there:
                    work = _Work((node.entry, VALUE_AND_GRAD), (node.argument,), node.parameters, (value, slope))
                    self._work[value] = self._work[slope] = work
                elif not node.derivative:
                    self._work[node] = _Work((node.entry, FORWARD), (node.argument,), node.parameters, (node,))
                else:
                    self._work[node] = _Work((node.entry, BACKWARD), (Number(1.0), node.argument), node.parameters, (node,))

    def _product_with_slope(self, node: Apply, there: set[Node], users: Counter[Node]) -> _Work | None:
        """A product with an activation's derivative that nothing else needs: the activation's own backward loop.

        Where the activation's value is needed, too, the two together cost less.
        """
        if node.operation.name != "multiply":
            return None
        for factor, slope in (node.arguments, node.arguments[::-1]):
            if not (isinstance(slope, Activate) and slope.derivative and users[slope] == 1):
                continue
            if Activate(slope.entry, slope.argument, slope.parameters) not in there:
                return _Work((slope.entry, BACKWARD), (factor, slope.argument), slope.parameters, (node,))
        return None

    def _sum_with_product(self, node: Apply, differs: set[Node], users: Counter[Node]) -> _Work | None:
        """A sum with a product that nothing else needs, in one step. A product of numbers alone is not computed so often."""
        if node.operation.name != "add":
            return None
        for product, other in (node.arguments, node.arguments[::-1]):
            work = self._work.get(product)
            if work is not None and work.loop == "multiply" and product in differs and users[product] == 1:
                del self._work[product]
                return _Work("multiply_add", (*work.operands, other), (), (node,))
        return None

    # ---- in which order ----------------------------------------------------------------------------------------------

    def _order(self, results: Sequence[Node]) -> list[_Work]:
        """All work, operands before what needs them, and of a step's operands first what needs most registers."""
        order: list[_Work] = []
        done: set[int] = set()
        for node in _below([r for r in results if r in self._work], self._work):
            work = self._work.get(node)
            if work is not None:
                needs = sorted((self._work[o].need for o in work.operands if o in self._work), reverse=True)
                work.need = max([1, *(need + k for k, need in enumerate(needs))])
        stack = [self._work[r] for r in reversed(results) if r in self._work]
        while stack:
            work = stack[-1]
            if id(work) in done:
                stack.pop()
                continue
            waiting = [w for o in work.operands if (w := self._work.get(o)) is not None and id(w) not in done]
            if waiting:
                stack.extend(sorted(waiting, key=lambda w: w.need))
            else:
                order.append(work)
                done.add(id(work))
                stack.pop()
        uniform = self._uniform(order)
        self._plan.uniform = len(uniform)
        return uniform + [work for work in order if work not in uniform]

    def _uniform(self, order: Sequence[_Work]) -> list[_Work]:
        """The work on numbers alone."""
        found: list[_Work] = []
        same: set[Node] = set()
        for work in order:
            if all(node in same or (node not in self._given and _is_number(node)) for node in work.operands):
                found.append(work)
                same.update(work.results)
        return found

    # ---- where everything is -----------------------------------------------------------------------------------------

    def _place(self, order: Sequence[_Work], results: Sequence[Node]) -> None:
        last: dict[Node, int] = {}
        reads_array = self._plan.uniform  # the last step that reads an array of the call: an output may be in its place
        for k, work in enumerate(order):
            for node in work.operands:
                last[node] = k
                if node in self._given:
                    reads_array = k
        if any(node in self._given for node in results):
            reads_array = len(order)
        outputs: dict[Node, Slot] = {}
        for out, node in zip(OUTPUTS, results, strict=False):
            outputs.setdefault(node, out)
        at: dict[Node, Slot] = dict(self._given)
        free: list[Slot] = []
        numbers = (node for work in order for node in work.operands)
        for node in dict.fromkeys(node for node in (*numbers, *results) if _is_number(node) and node not in at):
            at[node] = self._new_register()  # as the results of uniform steps it stays there, for every tile
            self._plan.spreads.append((at[node], self._scalar(node)))
        stays = {node for work in order[: self._plan.uniform] for node in work.results} | set(results)
        for k, work in enumerate(order):
            operands = [at[node] for node in work.operands]
            for node in dict.fromkeys(work.operands):
                if node in self._work and last[node] == k and node not in stays:
                    free.append(at[node])
            for node in work.results:
                if node in outputs and k >= reads_array:
                    at[node] = outputs[node]
                else:
                    at[node] = free.pop() if free else self._new_register()
            made = [at[node] for node in work.results]
            for node in work.results:
                if node not in last and node not in stays:  # of a pair the one that nothing needs
                    free.append(at[node])
            b, third = (operands[i] if len(operands) > i else None for i in (1, 2))
            scalars = len(self._plan.scalars)
            self._plan.scalars += [self._scalar(node) for node in work.parameters]
            self._plan.steps.append(Step(work.loop, operands[0], b, third, made[0], made[1] if made[1:] else None, scalars))
        copies = [
            Step(None, at[node], None, None, out, None, 0) for out, node in zip(OUTPUTS, results, strict=False) if at[node] != out
        ]
        self._plan.steps += sorted(
            copies, key=lambda step: step.a.kind == "register"
        )  # the arrays first, before one is overwritten

    def _new_register(self) -> Slot:
        self._plan.registers += 1
        return Slot("register", self._plan.registers - 1)

    def _scalar(self, node: Node) -> Scalar:
        if isinstance(node, Number):
            return float(node.value)
        assert isinstance(node, Parameter)
        return self._numbers[node.name]


def _is_number(node: Node) -> bool:
    return isinstance(node, (Number, Parameter))


def _children(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Apply):
        return node.arguments
    return (node.argument,) if isinstance(node, Activate) else ()


def _below(roots: Sequence[Node], work: Mapping[Node, _Work] | None = None) -> Iterator[Node]:
    """All nodes that these need, each after what it needs itself; with `work` as its steps need them."""
    done: set[Node] = set()
    stack = list(reversed(roots))
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        children = _children(node) if work is None else work[node].operands if node in work else ()
        waiting = [child for child in children if child not in done]
        if waiting:
            stack.extend(waiting)
        else:
            done.add(node)
            stack.pop()
            yield node
