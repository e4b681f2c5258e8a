"""Every float loop of the table is vectorised and no float32 loop computes in double; the check notices when one is not."""

import importlib
import importlib.util
import os
import re
from pathlib import Path

import machine_code
import pytest

from fastact import backends
from fastact.backends.native.build import kernels
from fastact.backends.native.build.loops import REALS, loops
from fastact.backends.native.build.steps import ElementStep, steps_of
from fastact.backends.native.formulas.rows import FUNCTIONS
from fastact.functions import entries
from fastact.tools import trial

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "fastact" / "backends" / "native"
SETS = kernels.read(NATIVE / "simd")
COMPILED = [name for name in machine_code.REGISTER if name in backends.available()]

pytestmark = pytest.mark.skipif(
    machine_code.OBJDUMP is None and not os.environ.get("FASTACT_REQUIRE_KERNELS"), reason="objdump is not installed"
)


def float_loops(chosen):
    return [loop for entry in chosen for loop in loops(entry) if loop.dtype in REALS]


@pytest.mark.parametrize("name", COMPILED)
def test_every_loop_is_vectorised(name):
    module = importlib.import_module(f"fastact.backends.native._{name}")
    assert machine_code.check(module.__file__, float_loops(entries.values()), machine_code.REGISTER[name]) == []


@pytest.mark.parametrize("name", COMPILED)
def test_every_step_of_functions_of_rows_is_vectorised(name):
    module = importlib.import_module(f"fastact.backends.native._{name}")
    steps = [step for step in steps_of(FUNCTIONS) if isinstance(step, ElementStep)]
    assert "softmax_grad" in {step.name for step in steps}
    assert machine_code.check_steps(module.__file__, steps, machine_code.REGISTER[name]) == []


def stores_in_a_loop(function, register):
    """The innermost loops that store full registers."""
    return [
        loop
        for loop in function.loops()
        if any(re.search(rf"%{register}\d+,-?(?:0x)?[0-9a-f]*\(", operands) for _, _, operands in loop)
    ]


@pytest.mark.parametrize("name", COMPILED)
def test_loops_with_near_formulas_are_vectorised(name):
    """Beside the general loop there is a shorter one."""
    code = machine_code.functions(importlib.import_module(f"fastact.backends.native._{name}").__file__)
    kernels = SETS.get(name)
    found = {loop.name for loop in float_loops(entries.values()) if loop.near_parts and not (kernels and kernels.vectors(loop))}
    assert {"sinusoid_forward_float32", "sinusoid_backward_float64", "snake_value_and_grad_float32"} <= found
    for loop in sorted(found):
        function = next(code[s] for s in code if re.fullmatch(rf"__pyx_f_\d*loops_{loop}", s))
        lengths = sorted(map(len, stores_in_a_loop(function, machine_code.REGISTER[name])))
        assert len(lengths) >= 2, f"{loop}: the two loops do not both store {machine_code.REGISTER[name]} registers"
        assert lengths[0] < lengths[-1], f"{loop}: {lengths} instructions"


def test_block_kernels_take_the_formulas_place():
    """Each in a loop that calls it."""
    assert kernels.Kernel("exponential", "forward", "float32") in SETS["avx512"].kernels
    for instruction_set in SETS.values():
        of_loops = {
            kernels.Kernel(loop.entry.name, part, loop.dtype)
            for loop in float_loops(entries.values())
            if instruction_set.vectors(loop)
            for part in loop.parts
        }
        assert instruction_set.kernels == of_loops


@pytest.mark.parametrize(
    ("name", "loop", "instruction"),
    [
        ("avx512", "exponential_forward_float32", "vscalefps"),
        ("avx512", "exponential_value_and_grad_float32", "vscalefps"),
        ("avx512", "gelu_gated_float32", "vscalefps"),
        ("avx2", "gelu_forward_float32", "vpermps"),
        ("avx2", "silu_gated_backward_float32", "vpermps"),
    ],
)
def test_block_kernels_are_compiled(name, loop, instruction):
    if name not in COMPILED:
        pytest.skip(f"needs the {name} module")
    code = machine_code.functions(importlib.import_module(f"fastact.backends.native._{name}").__file__)
    function = next(code[s] for s in code if re.fullmatch(rf"__pyx_f_\d*loops_{loop}", s))
    assert any(mnemonic == instruction for _, mnemonic, _ in function.lines)


SPOILT = {
    "an untyped constant": ("one / denominator", "1.5 / denominator * 0.3", "computes in double"),
    "a call into libm": ("one / denominator", "c_exp(denominator)", "calls"),
}


@pytest.mark.skipif(not {"avx512", "avx2"} & set(COMPILED), reason="no vector unit to check on")
@pytest.mark.parametrize("how", [None, *SPOILT])
def test_a_spoilt_formula_is_noticed(how, tmp_path):
    name = COMPILED[0]
    file = "algebraic.pxi"
    formulas = (NATIVE / "formulas" / file).read_text()
    entry = entries["softsign"]
    good = """
cdef inline real softsign_forward(real x) noexcept nogil:
    cdef real one = 1
    cdef real denominator = one + magnitude(x)
    return x * (one / denominator)
"""
    declaration = '\ncdef extern from "<math.h>" nogil:\n    double c_exp "exp"(double)\n'
    head, _, rest = formulas.partition("cdef inline real softsign_forward")
    rest = rest[rest.index("\ncdef inline real softsign_derivative") :]
    if how:
        old, new, complaint = SPOILT[how]
        assert old in good
        good = good.replace(old, new)
    target = trial.build(entry, name, tmp_path, {file: head + declaration + good + rest})
    found = machine_code.check(target, float_loops([entry]), machine_code.REGISTER[name])
    if how:
        assert any("softsign_forward_float32" in message and complaint in message for message in found), found
    else:
        assert found == []
