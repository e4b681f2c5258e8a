"""The loops of the primitive operations: values, special values, and that only the element itself decides its result.

Float32 is compared with NumPy and SciPy in float64, float64 with mpmath: no formula of the package is among them.
"""

import functools
import itertools

import mpmath
import numpy as np
import pytest
import scipy.special

from fastact import backends
from fastact.backends.native.build.operations import OPERATIONS
from fastact.expressions import operations as expressions
from fastact.tools import reference

tables = pytest.importorskip("fastact.backends.native.tables", reason="the kernels are not built", exc_type=ImportError)
elementwise = pytest.importorskip("fastact.backends.native.engine.elementwise")

COMPILED = [name for name in backends.available() if name != "numpy"]
BY_NAME = {operation.name: operation for operation in OPERATIONS}

mp = mpmath.mp.clone()
mp.prec = 200


# ---- What the operations should give -------------------------------------------------------------------------------------

#: In NumPy; those that are not here have its own names.
WIDE = {
    "erfc": scipy.special.erfc,
    "ndtr": scipy.special.ndtr,
    "phi": lambda x: np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi),
    "xlogy": scipy.special.xlogy,
    "where": lambda x, y, z: np.where(x != 0, y, z),
    "multiply_add": lambda x, y, z: x * y + z,
}

#: In mpmath, for finite numbers with a finite result other than 0.
EXACT = {
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "sqrt": mp.sqrt,
    "exp2": lambda x: mp.exp(x * mp.ln2),
    "expm1": mp.expm1,
    "log": mp.log,
    "log1p": mp.log1p,
    "log2": lambda x: mp.log(x) / mp.ln2,
    "log10": lambda x: mp.log(x) / mp.ln10,
    "phi": lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
    "erfc": lambda x: mp.erfc(x) if abs(x) < 60 else 1 - mp.sign(x),
    "ndtr": lambda x: EXACT["erfc"](-x / mp.sqrt(2)) / 2,
    "cos": mp.cos,
    "tan": mp.tan,
    "arcsin": mp.asin,
    "arccos": mp.acos,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "arccosh": mp.acosh,
    "arctanh": mp.atanh,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: mp.exp(y * mp.log(abs(x))) * (-1 if x < 0 and y % 2 == 1 else 1),
    "hypot": mp.hypot,
    "logaddexp": lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
    "arctan2": mp.atan2,
    "xlogy": lambda x, y: x * mp.log(y),
}


def wide(name, operands):
    """In NumPy, in the operands' dtype. True is 1."""
    with np.errstate(all="ignore"):
        result = (WIDE.get(name) or getattr(np, name))(*operands)
        return result.astype(operands[0].dtype)


def exact(name, operands):
    """In mpmath, as a list; what is not finite, or 0, as NumPy has it."""
    plain = wide(name, operands)
    found = [mp.mpf(value) for value in plain.tolist()]
    if name in EXACT:
        function = EXACT[name]
        known = np.all(np.isfinite([*operands, plain]), axis=0) & (plain != 0)
        if name in ("power", "arctan2"):  # zeros have signs, and follow rules
            known &= np.all(operands, axis=0)
        for k in np.flatnonzero(known):
            with mp.workprec(1400 if name in ("cos", "tan", "add", "subtract") else mp.prec):
                found[k] = mp.mpf(function(*(mp.mpf(operand[k].item()) for operand in operands)))
    return found


def sizes(name, operands, wanted):
    """What errors are measured by: of logaddexp the larger term of the sum."""
    if name != "logaddexp":
        return None
    with np.errstate(all="ignore"):
        larger = np.maximum(*operands)
        if isinstance(wanted, list):
            return [
                max(abs(a), abs(w - a)) if mp.isfinite(w) else w
                for a, w in zip(map(mp.mpf, larger.tolist()), wanted, strict=True)
            ]
        return np.maximum(np.abs(larger), np.abs(np.nan_to_num(wanted - larger)))


# ---- Operands ------------------------------------------------------------------------------------------------------------


def specials(dtype):
    """Zeros, infinities, NaN, the ends of the range, integers odd and even, and what lies beside them."""
    info = np.finfo(dtype)
    ends = [info.max, info.tiny, info.smallest_subnormal, info.tiny / 8, info.tiny * 3]
    wholes = [2.0**info.nmant + 1, 2.0 ** (info.nmant + 1) - 1, 2.0 ** (info.nmant + 1), 1e5, 3, 2, 1, 0]
    others = [0.5, 1 + info.eps, 1 - info.epsneg, 2.5, 1e-3, 88.7, 709.8, np.inf]
    positive = np.array([*ends, *wholes, *others], dtype)
    return np.concatenate([positive, -positive, [dtype(np.nan)]])


def samples(dtype, arity, count, rng):
    """Pairs and triples of every size, of numbers near each other, near 1, and such that powers are finite."""
    first = reference.stratified(dtype, count, rng)
    near_one = (1 + rng.choice([-1, 1], count) * np.exp2(rng.uniform(-np.finfo(dtype).nmant, -1, count))).astype(dtype)
    within = rng.uniform(-1, 1, count).astype(dtype)
    if arity == 1:
        return [np.concatenate([first, near_one, within])]
    with np.errstate(all="ignore"):
        beside = (first * rng.uniform(0.5, 2, count)).astype(dtype)
        exponents = (rng.uniform(-1, 1, count) * np.finfo(dtype).maxexp / np.log2(np.abs(first))).astype(dtype)
    pairs = [
        (first, rng.permutation(first)),
        (first, beside),
        (first, np.nan_to_num(exponents)),
        (np.abs(first), np.nan_to_num(exponents)),
        (near_one, within),
        (within, near_one),
    ]
    operands = [np.concatenate(column) for column in zip(*pairs, strict=True)]
    return [*operands, rng.permutation(operands[0])][:arity]


def special_operands(dtype, arity):
    """Every combination of two, with any third."""
    grid = np.array(list(itertools.product(specials(dtype), repeat=min(arity, 2))), dtype).T
    operands = [np.ascontiguousarray(column) for column in grid]
    return [*operands, operands[-1][::-1].copy()][:arity]


@functools.cache
def given(name, dtype):
    """Operands, and what should come of them: the same for all backends."""
    arity, rng = BY_NAME[name].arity, np.random.default_rng(20240229)
    count = 60_000 if dtype == np.float32 else 400
    operands = [
        np.concatenate(both) for both in zip(special_operands(dtype, arity), samples(dtype, arity, count, rng), strict=True)
    ]
    wanted = wide(name, [x.astype(np.float64) for x in operands]) if dtype == np.float32 else exact(name, operands)
    return operands, wanted, sizes(name, [x.astype(np.float64) for x in operands], wanted)


def compute(backend, name, *operands):
    return elementwise.run_operation(tables.table(backend), name, operands, np.empty_like(operands[0]))


@pytest.fixture(params=COMPILED)
def instruction_set(request):
    return request.param


@pytest.fixture(params=list(BY_NAME))
def operation(request):
    return BY_NAME[request.param]


# ---- Values --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [name for name in BY_NAME if name != "multiply_add"])
def test_values(name, dtype):
    """Within the bound, on every instruction set; zeros have their sign, but for the one that no rule gives."""
    operands, wanted, of = given(name, dtype)
    zeros = np.array([w == 0 for w in wanted]) if isinstance(wanted, list) else wanted == 0
    negative = np.signbit(wide(name, operands))
    if name in ("minimum", "maximum"):  # of two zeros NumPy takes either
        zeros &= (operands[0] != 0) | (operands[1] != 0)
    for backend in COMPILED:
        found = compute(backend, name, *operands)
        errors = reference.ulp_errors(found, wanted, of)
        worst = errors.argmax()
        at = ", ".join(repr(x[worst]) for x in operands)
        assert errors[worst] <= BY_NAME[name].ulp + 1e-6, f"{backend}: {name}({at}) = {found[worst]!r}: {errors[worst]:.3f} ULP"
        wrong = np.flatnonzero(zeros & (found == 0) & (np.signbit(found) != negative))
        assert not wrong.size, f"{backend}: sign of {name}({', '.join(repr(x[wrong[0]]) for x in operands)})"


def test_powers_and_roots_that_are_exact(instruction_set):
    x = np.arange(-20.0, 21)
    np.testing.assert_array_equal(compute(instruction_set, "exp2", x), 2.0**x)
    np.testing.assert_array_equal(compute(instruction_set, "log2", 2.0**x), x)
    np.testing.assert_array_equal(compute(instruction_set, "power", x, np.full_like(x, 3)), x**3)
    np.testing.assert_array_equal(compute(instruction_set, "power", x * x, np.full_like(x, 0.5)), np.abs(x))
    np.testing.assert_array_equal(compute(instruction_set, "hypot", 3 * x, 4 * x), np.abs(5 * x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_product_that_is_added_is_rounded_as_in_two_steps(instruction_set, dtype):
    x, y, z = given("where", dtype)[0]
    wanted = compute(instruction_set, "add", compute(instruction_set, "multiply", x, y), z)
    same_bits(compute(instruction_set, "multiply_add", x, y, z), wanted)


def test_logic_takes_nan_for_true(instruction_set):
    nan, zero, one = (np.full(3, value, np.float32) for value in (np.nan, 0, 1))
    assert compute(instruction_set, "logical_not", nan).tolist() == [0] * 3
    assert compute(instruction_set, "logical_and", nan, one).tolist() == [1] * 3
    assert compute(instruction_set, "logical_or", zero, nan).tolist() == [1] * 3
    assert compute(instruction_set, "where", nan, one, zero).tolist() == [1] * 3
    assert compute(instruction_set, "where", zero, nan, one).tolist() == [1] * 3  # the other branch has no influence
    assert compute(instruction_set, "not_equal", nan, nan).tolist() == [1] * 3


# ---- An element's result depends on nothing else -------------------------------------------------------------------------


def mixed(dtype, arity, count):
    """Special numbers among others, so that groups with large ones come and go."""
    rng = np.random.default_rng(7)
    numbers = np.concatenate([specials(dtype), reference.stratified(dtype, 40, rng), rng.normal(size=100).astype(dtype)])
    return [rng.choice(numbers, count) for _ in range(arity)]


def same_bits(found, wanted):
    """Bits; NaN's sign and payload mean nothing."""
    bits = np.dtype(f"u{found.dtype.itemsize}")
    both_nan = np.isnan(found) & np.isnan(wanted)
    np.testing.assert_array_equal(np.where(both_nan, 0, found.view(bits)), np.where(both_nan, 0, wanted.view(bits)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_length_and_place(instruction_set, operation, dtype):
    operands = mixed(dtype, operation.arity, 70)
    wanted = compute(instruction_set, operation.name, *operands)
    for n in range(71):
        same_bits(compute(instruction_set, operation.name, *(x[:n] for x in operands)), wanted[:n])
        same_bits(compute(instruction_set, operation.name, *(x[n:] for x in operands)), wanted[n:])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_arrays_anywhere_in_memory(instruction_set, operation, dtype):
    """From 1,024 elements on, what stands before the first whole line is computed by itself."""
    operands = mixed(dtype, operation.arity, 2500)
    wanted = np.concatenate(
        [compute(instruction_set, operation.name, *(x[k : k + 50] for x in operands)) for k in range(0, 2500, 50)]
    )
    for offset in (0, 1, 5):
        out = np.full(2600, 7, dtype)
        elementwise.run_operation(tables.table(instruction_set), operation.name, tuple(operands), out[offset : offset + 2500])
        same_bits(out[offset : offset + 2500], wanted)
        assert (out[:offset] == 7).all()
        assert (out[offset + 2500 :] == 7).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_in_place(instruction_set, operation, dtype):
    operands = mixed(dtype, operation.arity, 1111)
    wanted = compute(instruction_set, operation.name, *operands)
    for k in range(operation.arity):
        copies = [x.copy() for x in operands]
        same_bits(elementwise.run_operation(tables.table(instruction_set), operation.name, tuple(copies), copies[k]), wanted)
        for j in range(operation.arity):
            if j != k:
                same_bits(copies[j], operands[j])
    x = operands[0].copy()  # all of them one array
    wanted = compute(instruction_set, operation.name, *[operands[0]] * operation.arity)
    same_bits(elementwise.run_operation(tables.table(instruction_set), operation.name, (x,) * operation.arity, x), wanted)


def test_near_and_far_elements_side_by_side(instruction_set):
    """The same bits below the limit, whichever formula a group goes through."""
    for dtype in (np.float32, np.float64):
        x = np.random.default_rng(3).uniform(-1e4, 1e4, 5120).astype(dtype)
        far = x.copy()
        far[::512] = 1e30
        for name in ("cos", "tan"):
            alone, beside = (compute(instruction_set, name, values) for values in (x, far))
            kept = far == x
            same_bits(beside[kept], alone[kept])


# ---- What is refused -----------------------------------------------------------------------------------------------------


def test_what_a_loop_does_not_take_is_refused():
    loops = tables.table(COMPILED[0])
    x, y = np.ones(20, np.float32), np.zeros(20, np.float32)
    for operands, out, complaint in [
        ((x,), y, "takes 2 operands, not 1"),
        ((x, x.astype(np.float64)), y, "operand 1 must be contiguous"),
        ((x, x[:19]), y, "operand 1 must be contiguous"),
        ((x[::2], x[:10]), y[:10], "operand 0 must be contiguous"),
        ((x, x), np.ones(20, np.int32), "out must be"),
        ((x[:10], x[:10]), y[::2], "out must be"),
        ((x.astype(">f4"), x), y, "operand 0 must be contiguous"),
        ((x[:10], y[:10]), x[1:11], "overlaps operand 0"),
    ]:
        with pytest.raises(ValueError, match=complaint):
            elementwise.run_operation(loops, "add", operands, out)
    y.flags.writeable = False
    with pytest.raises(ValueError, match="may be written"):
        elementwise.run_operation(loops, "add", (x, x), y)
    with pytest.raises(ValueError, match="no operation 'gamma'"):
        elementwise.run_operation(loops, "gamma", (x,), x)
    with pytest.raises(TypeError):
        elementwise.run_operation(loops, "add", (x, [1.0]), x)
    assert (x == 1).all()


def test_the_kernels_have_the_operations_of_expressions():
    known = {name: operation.arity for name, operation in expressions.OPERATIONS.items()}
    assert known | {"multiply_add": 3} == {o.name: o.arity for o in OPERATIONS}  # which programs have
