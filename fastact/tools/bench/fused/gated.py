"""The gated units: an entry for each record, with its textbook definition and its statements."""

from __future__ import annotations

from ....functions import units
from ....functions.entry import Entry
from ....functions.gated import GatedUnit
from ...peers import PEERS
from ...peers.jax import FUNCTIONS
from ...peers.peer import Subject
from ...peers.statements import NONE, Statements, assigned, gives_result, renamed
from .definition import LONG_ROW, ByDirection, Fused, Textbook, Wanted, WideOperands, activation


def _textbook(entry: Entry) -> Textbook:
    def forward(a: WideOperands) -> Wanted:
        value = activation(entry, a.gate)[0] * a.value
        return [(value, value)]

    def backward(a: WideOperands) -> Wanted:
        value, slope, terms = activation(entry, a.gate)
        dvalue = a.dy * value
        return [(a.dy * a.value * slope, a.dy * a.value * terms), (dvalue, dvalue)]

    return Textbook(forward, backward)


# ---- statements -----------------------------------------------------------------------------------------------------


_SIGMOID = "s = np.negative(gate, out=dgate); np.exp(s, out=s); np.add(s, 1, out=s); np.reciprocal(s, out=s)"
_GELU = "0.5 * gate * (1 + erf(gate * 0.7071067811865476))"
_CDF = "cdf = 0.5 * (1 + erf(gate * 0.7071067811865476))"
_DENSITY = "np.exp(-0.5 * gate**2) * 0.3989422804014327"

#: By the unit's name, and the peer's. What is missing here is derived from the activation's own statements.
WRITTEN: dict[str, dict[str, Statements]] = {
    "glu": {
        "numpy": Statements(
            forward="np.divide(value, 1 + np.exp(-gate), out=out)",
            backward="s = 1 / (1 + np.exp(-gate)); "
            "(np.multiply(dy * value, s * (1 - s), out=dgate), np.multiply(dy, s, out=dvalue))",
        ),
        "numpy_tuned": Statements(
            forward="r = np.negative(gate, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(value, r, out=r)",
            backward=f"{_SIGMOID}; t = np.multiply(dy, s, out=dvalue); "
            "np.subtract(1, s, out=s); np.multiply(s, t, out=s); (np.multiply(s, value, out=s), t)",
        ),
        "torch": Statements(
            forward="torch.sigmoid(gate, out=out).mul_(value)",
            backward="s = torch.sigmoid(gate, out=tmp2); d = torch.mul(dy, value, out=dgate); "
            "(aten.sigmoid_backward.grad_input(d, s, grad_input=dgate), torch.mul(dy, s, out=dvalue))",
        ),
    },
    "reglu": {
        "numpy": Statements(
            forward="np.multiply(np.maximum(gate, 0), value, out=out)",
            backward="(np.multiply(dy * value, gate > 0, out=dgate), np.multiply(dy, np.maximum(gate, 0), out=dvalue))",
        ),
        "numpy_tuned": Statements(
            forward="r = np.maximum(gate, 0, out=out); np.multiply(r, value, out=r)",
            backward="r = np.multiply(dy, value, out=dgate); np.multiply(r, np.greater(gate, 0, out=mask), out=r); "
            "t = np.maximum(gate, 0, out=dvalue); (r, np.multiply(dy, t, out=t))",
        ),
        "torch": Statements(
            forward="torch.clamp_min(gate, 0, out=out).mul_(value)",
            backward="d = torch.mul(dy, value, out=dgate); "
            "(aten.threshold_backward.grad_input(d, gate, 0, grad_input=dgate), torch.clamp_min(gate, 0, out=dvalue).mul_(dy))",
        ),
    },
    "geglu": {
        "numpy": Statements(
            forward=f"np.multiply({_GELU}, value, out=out)",
            backward=f"{_CDF}; (np.multiply(dy * value, cdf + gate * {_DENSITY}, out=dgate), "
            "np.multiply(dy, gate * cdf, out=dvalue))",
        ),
        "torch": Statements(
            forward="nn.gelu(gate, out=out).mul_(value)",
            backward="d = torch.mul(dy, value, out=dgate); "
            "(aten.gelu_backward.grad_input(d, gate, grad_input=dgate), nn.gelu(gate, out=dvalue).mul_(dy))",
        ),
    },
    "swiglu": {
        "numpy": Statements(
            forward="np.multiply(gate / (1 + np.exp(-gate)), value, out=out)",
            backward="s = 1 / (1 + np.exp(-gate)); (np.multiply(dy * value, s * (1 + gate * (1 - s)), out=dgate), "
            "np.multiply(dy, gate * s, out=dvalue))",
        ),
        "numpy_tuned": Statements(
            forward="r = np.negative(gate, out=out); np.exp(r, out=r); np.add(r, 1, out=r); np.divide(gate, r, out=r); "
            "np.multiply(r, value, out=r)",
            # with y = gate s: dgate = dy value (s + y (1 - s)) and dvalue = dy y
            backward=f"{_SIGMOID}; t = np.multiply(gate, s, out=dvalue); u = np.multiply(t, s, out=tmp2); "
            "np.add(s, t, out=s); np.subtract(s, u, out=s); np.multiply(s, value, out=s); "
            "(np.multiply(s, dy, out=s), np.multiply(t, dy, out=t))",
        ),
        "torch": Statements(
            forward="nn.silu(gate, out=out).mul_(value)",
            backward="d = torch.mul(dy, value, out=dgate); "
            "(aten.silu_backward.grad_input(d, gate, grad_input=dgate), nn.silu(gate, out=dvalue).mul_(dy))",
        ),
    },
}

_FASTACT = Statements(forward="f(gate, value, out=out)", backward="f.backward(dy, gate, value, out=(dgate, dvalue))")

#: The product that writes where it is told, of the peers whose statements can be derived.
_PRODUCTS = {"numpy": "np.multiply", "torch": "torch.mul"}


def _derived(peer: str, gate: Entry) -> Statements:
    """What users of a peer can type for any activation: its own statements, and products with the value."""
    known = PEERS[peer].statements(Subject(name=gate.name, entry=gate))
    if known.forward is None or known.backward is None or not (gives_result(known.forward) and gives_result(known.backward)):
        return NONE
    product = _PRODUCTS[peer]
    activated = assigned(renamed(known.forward, {"x": "gate"}), "activated")
    dgate = assigned(renamed(known.backward, {"x": "gate", "dy": "dactivated", "out": "dgate"}), "gradient")
    again = assigned(renamed(known.forward, {"x": "gate", "out": "dvalue"}), "activated")
    return Statements(
        forward=f"{activated}; {product}(activated, value, out=out)",
        backward=f"dactivated = {product}(dy, value, out=tmp2); {dgate}; {again}; "
        f"(gradient, {product}(dy, activated, out=dvalue))",
    )


# ---- the entries ----------------------------------------------------------------------------------------------------


def of_unit(unit: GatedUnit) -> Fused:
    """The entry of a gated unit."""
    gate = unit.activation
    function = FUNCTIONS.get(gate.name)
    derived = {peer: _derived(peer, gate) for peer in _PRODUCTS}
    return Fused(
        name=unit.name,
        function=unit.name,
        entry=gate,
        statements={"fastact": _FASTACT, **derived, **WRITTEN.get(unit.name, {})},
        jax=function and f"lambda gate, value: ({function})(gate) * value",
        textbook=_textbook(gate),
        row=LONG_ROW,
        arrays=ByDirection(3, 5),
        ulp=ByDirection(1, 1) if gate.info.ulp == 0 else ByDirection(3, 6),
    )


ENTRIES = tuple(map(of_unit, units.values()))
