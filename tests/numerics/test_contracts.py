"""The error that each C function's contract declares is the one measured; a declaration without a measurement is found."""

import importlib.util
import os
import sys
from dataclasses import replace

import contracts
import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_features__
from rows import ROWS, Draw, Exact, Wide

FUNCTIONS = contracts.functions(contracts.HEADERS)
COUNT = {"wide": 200_000, "exact": 2_000}  # arguments; for mpmath few
LEAST = 1 / 3  # of the declared error must be reached: else the declaration is of another time

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the library is built with the command line of GCC and Clang"),
    pytest.mark.skipif(not contracts.compiler() and not os.environ.get("FASTACT_REQUIRE_KERNELS"), reason="no C compiler"),
]


def variants():
    """The instruction sets to compile for: one with FMA and one without, where both can run here."""
    spec = importlib.util.spec_from_file_location("fastact_setup", contracts.ROOT / "setup.py")
    setup = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(setup)
    flags = {name: [*setup.COMMON, *own] for name, own in setup.INSTRUCTION_SETS.items() if name in ("avx2", "baseline", "neon")}
    runs = {"avx2": __cpu_features__.get("AVX2") and __cpu_features__.get("FMA3")}
    return {name: own for name, own in flags.items() if runs.get(name, True)}


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    return [contracts.Library(FUNCTIONS, flags, tmp_path_factory.mktemp(name)) for name, flags in variants().items()]


def spacing(exact, dtype):
    """A unit in the last place of these numbers."""
    info = np.finfo(dtype)
    exponents = np.maximum(np.frexp(exact)[1] - 1, info.minexp)
    return np.ldexp(1.0, exponents - info.nmant)


def errors(row, dtype, unit, arguments, results):
    """The error of each result, in this unit, but of those that are too large for the type."""
    if row.wide and dtype == "float32":
        numbers = [operand.astype(np.float64) for operand in (*arguments, *results)]
        exact = np.asarray(row.exact(Wide, *numbers))
        error = np.abs((row.value(Wide, *numbers) if row.value else numbers[len(arguments)]) - exact)
        per = spacing(exact, dtype) if unit == " ULP" else row.per(Wide, *numbers) if row.per and not unit else np.abs(exact)
        return np.where(error > 0, error / per, 0)[np.abs(exact) <= np.finfo(dtype).max]
    m, info, found = Exact(row.bits), np.finfo(dtype), []
    for operands in zip(*(operand.tolist() for operand in (*arguments, *results)), strict=True):
        numbers = [m.mpf(operand) for operand in operands]
        exact = row.exact(m, *numbers)
        error = abs((row.value(m, *numbers) if row.value else numbers[len(arguments)]) - exact)
        exponent = max(m.frexp(exact)[1] - 1, int(info.minexp)) - info.nmant
        per = m.ldexp(1, exponent) if unit == " ULP" else row.per(m, *numbers) if row.per and not unit else abs(exact)
        if abs(exact) <= info.max.item():
            found.append(float(error / per) if error else 0.0)
    return np.array(found)


def compare(library, function, row, dtype, figure):
    """A line for each thing that the contract says and the function does not keep."""
    wide = row.wide and dtype == "float32" and row.exact
    draw = Draw(dtype, COUNT["wide" if wide else "exact"], library.fma)
    arguments = [np.asarray(argument) for argument in row.arguments(draw)]
    results = library(function.name, dtype, *arguments)
    where = f"{function.header}: {function.name}, {dtype}, {'with' if library.fma else 'without'} FMA"
    if row.holds:
        m = Exact(row.bits)
        for operands in zip(*(operand.tolist() for operand in (*arguments, *results)), strict=True):
            if not row.holds(m, *operands):
                yield f"{where}: the contract is not kept for {operands}"
                break
    if row.exact and figure:
        measured = np.max(errors(row, dtype, figure.unit, arguments, results))
        measured /= np.finfo(dtype).eps / 2 if figure.unit == " u" else 1
        said = f"{where}: the contract declares {figure.text}{figure.unit}, {figure.shown(measured)} was measured"
        print(said)
        if not measured <= figure.limit:
            yield said
        elif measured < figure.value * LEAST:
            yield f"{said}, which is less than a third"
    if function.contract["NaN"].startswith("gives NaN"):
        spoilt = [np.full_like(arguments[0], np.nan), *arguments[1:]]
        if not np.isnan(library(function.name, dtype, *spoilt)[0]).all():
            yield f"{where}: the contract says that NaN gives NaN, and it does not"


def problems(functions, rows):
    """A line for each function without a complete contract, and for each contract without a row that can judge it."""
    for function in functions.values():
        where = f"{function.header}: {function.name}"
        row, missing = rows.get(function.name), {"Range", "Error", "NaN", "Gives"} - set(function.contract)
        if not function.contract:
            yield f"{where} has no contract"
        elif missing:
            yield f"{where}: the contract does not say {', '.join(sorted(missing))}"
        elif row is None:
            yield f"{where} has no row in tests/numerics/rows.py"
        elif row.range != function.contract["Range"]:
            yield f"{where}: its row is for the range {row.range!r}, the contract's is {function.contract['Range']!r}"
        elif not row.holds and not all(function.figure(dtype, True, functions) for dtype in function.prototypes):
            yield f"{where}: the contract declares no error that can be measured: {function.contract['Error']!r}"
    for name in {name.partition(",")[0] for name in rows} - functions.keys():
        yield f"tests/numerics/rows.py: there is no function {name}"


def test_every_function_has_a_contract_and_a_row():
    lines = list(problems(FUNCTIONS, ROWS))
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize("dtype", contracts.TYPES)
@pytest.mark.parametrize("name", ROWS)
def test_contract(libraries, name, dtype):
    function, row, lines = FUNCTIONS[name.partition(",")[0]], ROWS[name], []
    if dtype not in function.prototypes:
        pytest.skip("there is none for this type")
    with np.errstate(all="ignore"):
        for library in libraries:
            figure = function.figure(dtype, library.fma, FUNCTIONS, row.after)
            lines += compare(library, function, row, dtype, figure)
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        ("0.5, 0.5 ULP", "the contract declares 0.5 ULP, 0."),
        ("3, 3 ULP", "which is less than a third"),
        ("2^-25.0, 2^-25.0 of tanh(a)", "the contract declares 2^-25.0, 2^-2"),
    ],
)
def test_a_wrong_declaration_is_found(libraries, error, complaint):
    function = replace(FUNCTIONS["tanh_small"], contract=FUNCTIONS["tanh_small"].contract | {"Error": error})
    with np.errstate(all="ignore"):
        for library in libraries:
            figure = function.figure("float32", library.fma, FUNCTIONS)
            (line,) = compare(library, function, ROWS["tanh_small"], "float32", figure)
            assert line.startswith("hyperbolic.h: tanh_small, float32, with")
            assert complaint in line


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("/* Range:   0 <= a <= TANH_SMALL\n", "\n/* ", "hyperbolic.h: tanh_small: the contract does not say Range"),
        ("Range:   0 <= a <= TANH_SMALL\n", "Range:   any\n", "its row is for the range '0 <= a <= TANH_SMALL', the contract's"),
        ("VECMATH REAL F(tanh_small)", "int x;\nVECMATH REAL F(tanh_small)", "hyperbolic.h: tanh_small has no contract"),
        (
            "VECMATH REAL F(tanh_small)",
            "VECMATH REAL F(tanh_tiny)",
            "hyperbolic.h: tanh_tiny has no row in tests/numerics/rows.py",
        ),
        ("VECMATH REAL F(tanh_small)", "VECMATH REAL F(tanh_tiny)", "tests/numerics/rows.py: there is no function tanh_small"),
        ("Error:   0.83, 0.85 ULP", "Error:   little", "hyperbolic.h: tanh_small: the contract declares no error that can be"),
    ],
)
def test_a_missing_declaration_is_found(tmp_path, old, new, complaint):
    text = (contracts.MATH / "hyperbolic.h").read_text()
    assert old in text
    (tmp_path / "hyperbolic.h").write_text(text.replace(old, new))
    functions = contracts.functions([tmp_path / "hyperbolic.h"])
    rows = {name: ROWS[name] for name in ("tanh_small", "tanh_shrink_unit")}
    assert any(complaint in line for line in problems(functions, rows))
