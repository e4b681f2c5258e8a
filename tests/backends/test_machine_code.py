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
from fastact.backends.native.build.loops import quick_loops
from fastact.functions import entries
from fastact.tools import trial

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "fastact" / "backends" / "native"
SETS = kernels.read(NATIVE / "simd")
COMPILED = [name for name in machine_code.ASSEMBLY if name in backends.available()]

pytestmark = pytest.mark.skipif(
    machine_code.OBJDUMP is None and not os.environ.get("FASTACT_REQUIRE_KERNELS"), reason="objdump is not installed"
)


@pytest.mark.parametrize("name", COMPILED)
def test_every_loop_is_vectorised(name):
    module = importlib.import_module(f"fastact.backends.native._{name}")
    assert machine_code.check(module.__file__, machine_code.float_loops(entries.values()), machine_code.ASSEMBLY[name]) == []


@pytest.mark.parametrize("name", COMPILED)
def test_every_operation_is_vectorised(name):
    module = importlib.import_module(f"fastact.backends.native._{name}")
    found = machine_code.operation_loops()
    assert {"operation_power_float32", "operation_where_float64"} <= {loop.name for loop in found}
    assert machine_code.check(module.__file__, found, machine_code.ASSEMBLY[name]) == []


@pytest.mark.parametrize("name", COMPILED)
def test_every_step_of_functions_of_rows_is_vectorised(name):
    module = importlib.import_module(f"fastact.backends.native._{name}")
    steps = machine_code.element_steps()
    assert "softmax_grad" in {step.name for step in steps}
    assert machine_code.check_steps(module.__file__, steps, machine_code.ASSEMBLY[name]) == []


@pytest.mark.parametrize("name", COMPILED)
def test_loops_with_near_formulas_are_vectorised(name):
    """Beside the general loop there is a shorter one."""
    module = importlib.import_module(f"fastact.backends.native._{name}")
    found = machine_code.near_loops(name)
    expected = {"sinusoid_forward_float32", "sinusoid_backward_float64", "snake_value_and_grad_float32", "operation_tan_float32"}
    assert expected <= {loop.name for loop in found}
    assert machine_code.check_near(module.__file__, found, name) == []


def test_block_kernels_take_the_formulas_place():
    """Each in a loop that calls it."""
    assert {kernels.Kernel(name, "float32") for name in ("exponential_forward", "operation_log")} <= SETS["avx512"].kernels
    quick = [loop for entry in entries.values() for loop in quick_loops(entry)]
    for instruction_set in SETS.values():
        of_loops = {
            kernels.Kernel(formula, loop.dtype)
            for loop in (*machine_code.float_loops(entries.values()), *machine_code.operation_loops(), *quick)
            if instruction_set.vectors(loop)
            for formula in loop.formulas
        }
        assert instruction_set.kernels == of_loops


@pytest.mark.parametrize(
    ("name", "loop", "instruction"),
    [
        ("avx512", "exponential_forward_float32", "vscalefps"),
        ("avx512", "exponential_value_and_grad_float32", "vscalefps"),
        ("avx512", "gelu_gated_float32", "vscalefps"),
        ("avx512", "operation_log_float32", "vpermi2ps|vpermt2ps"),
        ("avx2", "operation_log1p_float32", "vpermps"),
        ("avx2", "gelu_forward_float32", "vpermps"),
        ("avx2", "silu_gated_backward_float32", "vpermps"),
    ],
)
def test_block_kernels_are_compiled(name, loop, instruction):
    if name not in COMPILED:
        pytest.skip(f"needs the {name} module")
    code = machine_code.functions(importlib.import_module(f"fastact.backends.native._{name}").__file__)
    function = next(code[s] for s in code if re.fullmatch(rf"__pyx_f_\d*loops_{loop}", s))
    assert any(re.fullmatch(instruction, mnemonic) for _, mnemonic, _ in function.lines)


SPOILT = {
    "an untyped constant": ("one / denominator", "1.5 / denominator * 0.3", "computes in double"),
    "a call into libm": ("one / denominator", "c_exp(denominator)", "calls"),
}


@pytest.mark.skipif(not {"avx512", "avx2", "neon"} & set(COMPILED), reason="no vector unit to check on")
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
    found = machine_code.check(target, machine_code.float_loops([entry]), machine_code.ASSEMBLY[name])
    if how:
        assert any("softsign_forward_float32" in message and complaint in message for message in found), found
    else:
        assert found == []
