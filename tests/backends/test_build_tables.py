"""The tables and texts that the kernels are stamped from: what is missing or unlisted stops the build with one line."""

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from fastact.backends.choice import ORDER
from fastact.backends.native.build import coefficients, elementary, formulas, kernels, records, stamp, translate
from fastact.backends.native.build.operations import OPERATIONS
from fastact.functions import entries
from fastact.functions.entry import DEFINED
from fastact.numerics import coefficients as numbers
from fastact.tools import reference

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "fastact" / "backends" / "native"
FIELDS = ("Range", "Error", "NaN", "Gives")

pytestmark = pytest.mark.skipif(not (NATIVE / "math").exists(), reason="no source tree")


def stops(call, *parts):
    """The build stops with one line that has all of these in it."""
    with pytest.raises(ValueError, match=r"\A[^\n]*\Z") as caught:
        call()
    message = str(caught.value)
    for part in parts:
        assert part in message


# ---- Elementary functions


def elementary_functions():
    """Of each function of math/ its header, name, the comment above it, and how many texts it has."""
    found = {}
    for path in sorted((NATIVE / "math").glob("*.h")):
        text = path.read_text()
        for match in re.finditer(r"^VECMATH [\w ]+ F\((\w+)\)\(", text, re.MULTILINE):
            above = text[: match.start()]
            comment = above[above.rindex("/*") :] if "/*" in above else ""
            if match[1] in found:
                found[match[1]][2] += 1
            else:
                found[match[1]] = [path.name, comment, 1]
    return [(name, *rest) for name, rest in found.items()]


@pytest.mark.parametrize(("name", "header", "comment", "texts"), elementary_functions())
def test_every_elementary_function_has_its_contract(name, header, comment, texts):
    """Directly above it, always the same fields; and a reason where float and double have a text each."""
    contract = comment.partition("*/")
    assert not contract[2].replace("#if REAL_BITS == 32", "").strip(), (
        f"{header}: something stands between {name} and its contract"
    )
    fields = re.findall(r"^(?:/\*|  ) (\w+): +\S", contract[0], re.MULTILINE)
    assert tuple(fields) == (*FIELDS, "Twice") if texts == 2 else FIELDS, f"{header}: {name}"


def test_no_elementary_function_is_written_for_one_type():
    for path in (NATIVE / "math").glob("*.h"):
        assert not re.search(r"^VECMATH .*\w_f(32|64)\(", path.read_text(), re.MULTILINE), path.name


def test_an_elementary_function_that_does_not_exist(monkeypatch):
    monkeypatch.setattr(elementary, "FUNCTIONS", (*elementary.FUNCTIONS, elementary.Function("gamma", ("x",))))
    stops(lambda: elementary.text(NATIVE / "math"), "build/elementary.py", "gamma")


def test_a_constant_that_does_not_exist(monkeypatch):
    monkeypatch.setattr(elementary, "CONSTANTS", (elementary.Constant("no_such", ""),))
    stops(lambda: elementary.text(NATIVE / "math"), "build/elementary.py", "NO_SUCH_F32")


# ---- Coefficients


def test_coefficients_are_the_same_numbers_in_c():
    """Each literal is the number, or for float32 the nearest one."""
    import numpy as np

    for name, by_type in numbers.POLYNOMIALS.items():
        for dtype, values in by_type.items():
            for k, value in enumerate(values):
                text = coefficients.literal(value, dtype).removesuffix("f")
                assert float.fromhex(text) == np.dtype(dtype).type(value), (name, dtype, k)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("REAL p = HORNER(no_such, x);", "HORNER_no_such_0_f32"),
        ("REAL p = HORNER_FROM(3, no_such, x);", "HORNER_no_such_3_f32"),
        ("REAL c = COEFFICIENT(99, exp_tail);", "COEFFICIENT_exp_tail_99_f32"),
        ("VECTOR p = VECTOR_HORNER(exp3_tail, x);", "HORNER_exp3_tail_0_f32"),
        ("static const intervals_f32 t = INTERVALS_no_such_f32;", "INTERVALS_no_such_f32"),
    ],
)
def test_a_missing_coefficient_stops_the_build(tmp_path, text, missing):
    path = tmp_path / "family.h"
    path.write_text(text)
    stops(lambda: coefficients.header([path]), "family.h", missing, "coefficients.py")


# ---- Formulas


@pytest.fixture
def texts():
    return formulas.read(NATIVE / "formulas", {})


def test_an_entry_without_its_formula(texts):
    texts["exponential.pxi"] = texts["exponential.pxi"].replace("real elu_derivative(", "real elu_slope(")
    stops(lambda: formulas.check(texts, entries.values()), "formulas/exponential.pxi: no elu_derivative", "entry elu")


def test_an_entry_without_any_formula(texts):
    """The forward one comes first; another entry's own formulas are not what was meant."""
    texts["exponential.pxi"] = texts["exponential.pxi"].replace("real elu_", "real e_l_u_")
    with pytest.raises(ValueError, match=r"no elu_forward and no elu_derivative and no elu_") as caught:
        formulas.check(texts, entries.values())
    message = str(caught.value)
    assert "did you mean it by e_l_u_forward and e_l_u_derivative" in message
    assert "selu" not in message


@pytest.mark.parametrize("field", ["formula", "derivative"])
@pytest.mark.parametrize(
    ("text", "complaint"), [("tanhh(x)", "name 'tanhh' is not defined; did you mean 'tanh'?"), ("x +", "is no expression")]
)
def test_a_mistake_in_a_definition(field, text, complaint):
    entry = entries["tanh"]
    wrong = dataclasses.replace(entry, info=dataclasses.replace(entry.info, **{field: text}))
    stops(lambda: records.check([wrong]), f"fastact/functions/sigmoid.py, tanh: {field} in Info", complaint)


def test_the_names_of_definitions_are_those_that_are_evaluated():
    evaluated = {"decimal", "__builtins__"}  # the latter is put there by what evaluates
    assert reference._FLOAT64.keys() - {"where", "__builtins__"} == reference._MPMATH.keys() - evaluated == DEFINED


def test_what_a_source_includes(tmp_path):
    for name, text in {"a.pyx": 'include "b.pxi"\n', "b.pxi": "include 'c.pxi'\n", "c.pxi": "", "d.pxi": ""}.items():
        (tmp_path / name).write_text(text)
    assert [path.name for path in translate.texts(tmp_path / "a.pyx")] == ["a.pyx", "b.pxi", "c.pxi"]


def test_a_misspelt_function_in_a_formula(tmp_path):
    (tmp_path / "loops.pyx").write_text('include "sigmoid.pxi"\n')
    formula = "cdef inline float new_forward(float x) noexcept nogil:\n    return tanhh(x)\n"
    (tmp_path / "sigmoid.pxi").write_text(formula)
    stops(
        lambda: translate.translate("loops", tmp_path / "loops.pyx", None),
        "fastact/backends/native/formulas/sigmoid.pxi, line 2, new_forward: ",
        "tanhh",
    )


def test_a_near_formula_that_is_not_listed(texts):
    texts["sigmoid.pxi"] += "\ncdef inline real tanh_near_forward(real x) noexcept nogil:\n    return x\n"
    stops(lambda: formulas.check(texts, entries.values()), "tanh_near_forward", "near.py")


@pytest.mark.parametrize("name", ["snake_near_limit", "snake_near_derivative", "snake_near_careful_derivative"])
def test_a_near_formula_that_is_missing(texts, name):
    texts["periodic.pxi"] = texts["periodic.pxi"].replace(f"{name}(", "snake_slope_near(")
    stops(lambda: formulas.check(texts, entries.values()), name, "near.py")


@pytest.mark.parametrize("name", ["operation_tan", "operation_tan_near"])
def test_an_operation_without_its_formula(texts, name):
    texts["operations.pxi"] = texts["operations.pxi"].replace(f"real {name}(", "real tangent_of(")
    stops(lambda: formulas.check(texts, entries.values()), f"formulas/operations.pxi: no {name},", "build/operations.py")


def test_a_file_of_formulas_that_is_not_listed(tmp_path):
    shutil.copytree(NATIVE / "formulas", tmp_path / "formulas")
    (tmp_path / "formulas" / "other.pxi").write_text("")
    stops(lambda: formulas.read(tmp_path / "formulas", {}), "other.pxi")


# ---- Block kernels

SQUARE = next(operation for operation in OPERATIONS if operation.name == "square")
KERNELS = """
/* FASTACT_KERNELS
   identity   float32   forward derivative
   operation_square   float32
*/
#include <immintrin.h>
#define FASTACT_BLOCK_KERNELS 1
typedef __m256 vector_f32;
typedef __m256 memory_f32 __attribute__((aligned(4), may_alias));
static inline vector_f32 all_v32(float value) { return _mm256_set1_ps(value); }
static inline void fetch_ahead(const void *at) { (void)at; }
static inline vector_f32 identity_forward_v32(vector_f32 x) { return x; }
static inline vector_f32 identity_derivative_v32(vector_f32 x) { return all_v32(1.0f) + (x - x); }
static inline vector_f32 operation_square_v32(vector_f32 x) { return x * x; }
"""


@pytest.fixture
def native(tmp_path):
    """A copy of the kernels' sources, whose only block kernels are those of avx512 and two for avx2."""
    target = tmp_path / "native"
    shutil.copytree(NATIVE, target, ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    for name in set(ORDER) - {"avx512"}:
        (target / "simd" / f"{name}.h").unlink(missing_ok=True)
    (target / "simd" / "avx2.h").write_text(KERNELS)
    return target


def test_block_kernels_for_one_more_instruction_set_are_one_file(native, tmp_path):
    """The module of that set includes it, no other."""
    sets = kernels.read(native / "simd")
    assert set(sets) == {"avx2", "avx512"}
    formulas_there = ("identity_forward", "identity_derivative", "operation_square")
    assert sets["avx2"].kernels == {kernels.Kernel(formula, "float32") for formula in formulas_there}
    text = stamp.stamp(native, [entries["identity"]], tmp_path / "work", operations=[SQUARE]).read_text()
    assert '#ifdef FASTACT_LOOPS_avx2\n    #include "avx2.h"\n    #endif' in text
    assert text.count("y[i] = identity_forward_v32(x_i);") == 2  # forward and value_and_grad
    assert text.count("result[i] = operation_square_v32(x_i);") == 1
    assert "operation_square_v64" not in text
    assert "defined(FASTACT_LOOPS_avx512)" not in text


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("identity_derivative_v32(", "identity_slope_v32(", "lists identity_derivative"),
        ("float32   forward derivative", "float32   forward", "forward and derivative"),
        ("float32   forward", "float16   forward", "cannot read"),
        ("   identity   float32", "   identiti   float32", "cannot read"),
        ("   identity   float32   forward derivative\n", "", "does not list identity_derivative"),
        ("   operation_square   float32", "   operation_square   float32   forward", "cannot read"),
        ("   operation_square   float32", "   square   float32", "cannot read"),
        ("   operation_square   float32", "   operation_squares   float32", "cannot read"),
        ("   operation_square   float32", "   operation_square", "cannot read"),
        ("   operation_square   float32", "   operation_square   int32", "cannot read"),
        ("   identity   float32   forward derivative", "   identity   float32", "cannot read"),
        ("operation_square_v32(", "operation_square_v16(", "lists operation_square, which is not there"),
        ("   operation_square   float32\n", "", "does not list operation_square"),
        ("   operation_square", "   operation_square   float32\n   operation_square", "lists operation_square for float32 twice"),
        ("   identity", "   identity   float32   forward derivative\n   identity", "twice"),
    ],
)
def test_a_mistake_in_the_list_of_block_kernels(native, old, new, complaint):
    assert old in KERNELS
    (native / "simd" / "avx2.h").write_text(KERNELS.replace(old, new))
    stops(lambda: kernels.read(native / "simd"), "avx2.h", complaint)


@pytest.mark.parametrize("name", ["identity_forward", "operation_square"])
def test_a_block_kernel_that_no_instruction_set_lists(native, name):
    (native / "simd" / "more_kernels.h").write_text(f"VECTORS VECTOR V({name})(VECTOR x) {{ return x; }}\n" * 2)
    (native / "simd" / "avx2.h").unlink()
    stops(lambda: kernels.read(native / "simd"), "more_kernels.h", f"no instruction set lists {name}")


def test_block_kernels_for_an_unknown_instruction_set(native):
    (native / "simd" / "avx2.h").rename(native / "simd" / "avx3.h")
    stops(lambda: kernels.read(native / "simd"), "avx3.h", "no instruction set avx3")
