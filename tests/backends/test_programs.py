"""Programs: how they are planned, and that a result's bits do not depend on tiles, layouts, places or threads."""

import threading

import numpy as np
import pytest

import fastact
from fastact import backends, functions
from fastact.backends.native.programs import plan
from fastact.expressions.definition import define
from fastact.functions.kinds import BACKWARD, FORWARD, VALUE_AND_GRAD
from fastact.runtime import team

COMPILED = [name for name in backends.available() if name != "numpy"]
MOST_REGISTERS = 24  # as in engine/programs.pxi
#: Formulas with different needs: one step, two results, an input that is read last, uniform steps, three operands, a constant.
TEXTS = {
    "3 * x": {},
    "x * sigmoid(x) + x": {},
    "sin(x) * x + exp(-abs(x))": {},
    "(p - q) * tanh((p - q) * x + q * p)": {"p": 1.5, "q": 0.25},
    "where(x > a, log1p(abs(x)), x * erf(a * x))": {"a": 0.5},
    "minimum(x, 7) * sigmoid(1.702 * minimum(x, 7))": {},
    "hypot(x, 1) * logaddexp(x, 2 * x) / (1 + square(x))": {},
}


def steps(text, kind, **parameters):
    """The loops of a program's steps, in order: an operation's name, or an activation's and its kind."""
    program = plan(define(text, name="f", parameters=parameters), kind)
    return [
        step.loop if step.loop is None or isinstance(step.loop, str) else (step.loop[0].name, step.loop[1].name)
        for step in program.steps
    ]


# ---- plans ----------------------------------------------------------------------------------------------------------


def test_a_value_and_its_derivative_are_one_step():
    assert steps("sin(x)", VALUE_AND_GRAD) == [("sinusoid", "value_and_grad")]
    assert ("sigmoid", "value_and_grad") in steps("x * sigmoid(x) + sin(x)", BACKWARD) or ("silu", "backward") in steps(
        "x * sigmoid(x) + sin(x)", BACKWARD
    )


def test_a_product_with_a_derivative_is_one_step():
    assert steps("tanh(x)", BACKWARD) == [("tanh", "backward")]


def test_a_sum_with_a_product_is_one_step():
    assert steps("x * erf(x) + cos(x)", FORWARD).count("multiply_add") == 1
    assert "multiply" not in steps("x * erf(x) + cos(x)", FORWARD)
    assert "multiply" not in steps("cos(x) + x * erf(x)", FORWARD)
    assert "multiply_add" not in steps("x * erf(x) + cos(x * erf(x))", FORWARD)  # it is needed twice
    assert steps("p * q + cos(x)", FORWARD, p=1.5, q=2.0)[0] == "multiply"  # once a call


def test_what_depends_on_parameters_alone_comes_first():
    program = plan(define("(p - q) * x", name="f", parameters={"p": 1.0, "q": 2.0}), FORWARD)
    assert [step.loop for step in program.steps] == ["subtract", "multiply"]
    assert program.uniform == 1


def test_common_parts_are_computed_once():
    assert steps("exp(x) / (1 + exp(x)) + log1p(exp(x)) * exp(x)", FORWARD).count(("exponential", "forward")) <= 1


def test_registers_are_used_again():
    text = "x"
    for k in range(100):
        text = f"sin({text}) + x / {k + 3}"
    program = plan(define(text, name="f"), FORWARD)
    assert len(program.steps) == 295  # five divisors are powers of two: these are products, and go with their sums
    constants = len(program.spreads)
    assert program.registers <= constants + 3


def test_an_output_is_written_in_place_only_when_no_input_is_read_any_more():
    for text, parameters in TEXTS.items():
        definition = define(text, name="f", parameters=parameters)
        for kind in (FORWARD, BACKWARD, VALUE_AND_GRAD):
            program = plan(definition, kind)
            written = False
            for step in program.steps:
                reads = [slot.kind for slot in (step.a, step.b, step.third) if slot is not None]
                assert not (written and {"first", "second", "parameter"}.intersection(reads))
                written |= any(slot is not None and slot.kind in ("out1", "out2") for slot in (step.out1, step.out2))


@pytest.mark.parametrize("backend", COMPILED)
def test_what_needs_too_many_registers_runs_on_numpy(backend):
    text = " + ".join(f"sin({k} * x)" for k in range(2, 60))
    f = backends.load(backend).bind(fastact.define(text, name="long"))
    x = np.linspace(-3, 3, 1000)
    expected = sum(np.sin(k * x) for k in range(2, 60))
    np.testing.assert_allclose(f(x), expected, rtol=1e-12, atol=1e-12)
    y, d = f.value_and_grad(x.astype(np.float32))
    assert y.dtype == d.dtype == np.float32
    out = np.empty_like(x)
    assert f(x, out=out) is out


@pytest.mark.parametrize("backend", COMPILED)
def test_only_the_gradient_needs_too_many_registers(backend):
    text = " + ".join(f"log1p(x * x * {k})" for k in range(3, 21))
    definition = define(text, name="f")
    assert plan(definition, FORWARD).registers <= MOST_REGISTERS < plan(definition, BACKWARD).registers
    f = backends.load(backend).bind(fastact.define(text, name="f"))
    x = np.linspace(-1, 1, 200)
    slope = sum(2 * k * x / (1 + k * x * x) for k in range(3, 21))
    for _ in range(2):
        np.testing.assert_allclose(f.backward(x, x), x * slope, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(f.value_and_grad(x)[1], slope, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(f(x), sum(np.log1p(k * x * x) for k in range(3, 21)), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("backend", COMPILED)
def test_first_gradients_on_several_threads(backend):
    """A program that is made when first needed serves whoever comes meanwhile, too."""
    x = np.linspace(-3, 3, 64)
    for k in range(20):
        f = backends.load(backend).bind(fastact.define(f"x * arctan(x + {k}) * exp(-x * x / {k + 1})", name="f"))
        start = threading.Barrier(4)
        found = []

        def call(f=f, start=start, found=found):
            start.wait()
            found.append((f.backward(x, x), *f.value_and_grad(x)))

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        for one in found[1:]:
            same(one, found[0])
        same((f.backward(x, x), *f.value_and_grad(x)), found[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("backend", COMPILED)
def test_numbers_of_calls_of_few_elements(backend, dtype):
    """Constants and defaults lie ready for few elements; with other numbers, and of more elements, the bits are the same."""
    f = backends.load(backend).bind(
        fastact.define("a / x + (b - x) * 0.3 + x * exp(a * 2.5)", name="f", parameters={"a": 0.0, "b": 1.5})
    )
    x = np.linspace(-3, 3, 1500).astype(dtype)
    dy = x[::-1].copy()
    for params in ({}, {"a": 0.0}, {"a": -0.0}, {"a": 0.25, "b": 1.5}, {"b": -7.0}):
        everything = results_with(f, x, dy, params)
        for n in (*range(1, 12), 16, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513):
            found = results_with(f, x[:n].copy(), dy[:n].copy(), params)
            for one, whole in zip(found, everything, strict=True):
                assert one.tobytes() == whole[:n].tobytes(), (n, params)


@pytest.mark.parametrize("backend", backends.available())
def test_many_parameters(backend):
    names = [f"p{k}" for k in range(12)]  # more than a program takes
    f = backends.load(backend).bind(
        fastact.define(" + ".join(f"{name} * x" for name in names), name="many", parameters=dict.fromkeys(names, 0.5))
    )
    x = np.arange(5.0)
    np.testing.assert_allclose(f(x), 6 * x)
    np.testing.assert_allclose(f(x, p3=1.5), 7 * x)
    dx, dp = f.backward(np.ones(5), x, p7=np.full(5, 2.0))
    np.testing.assert_allclose(dx, 7.5)
    np.testing.assert_allclose(dp, x)


# ---- bits -----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=COMPILED)
def backend(request):
    return backends.load(request.param)


@pytest.fixture(params=list(TEXTS))
def activation(request, backend):
    return backend.bind(fastact.define(request.param, name="f", parameters=TEXTS[request.param]))


@pytest.fixture(params=[np.float32, np.float64])
def inputs(request):
    rng = np.random.default_rng(0)
    x, dy = (rng.normal(size=(2, 5000)) * 4).astype(request.param)
    x[::97], x[5::101], x[7::103] = -np.inf, np.nan, -0.0
    return x, dy


def results(f, x, dy):
    return [f(x), f.backward(dy, x), *f.value_and_grad(x)]


def results_with(f, x, dy, params):
    return [f(x, **params), f.backward(dy, x, **params), *f.value_and_grad(x, **params)]


def same(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
        known = ~np.isnan(a)  # any NaN is the same
        np.testing.assert_array_equal(np.signbit(a[known]), np.signbit(b[known]))


def test_lengths_and_starts(activation, inputs):
    x, dy = inputs
    whole = results(activation, x, dy)
    for start in (0, 1, 3, 7, 513):
        for n in (1, 2, 15, 16, 17, 31, 63, 64, 65, 255, 256, 257, 511, 512, 513, 1025, 4001):
            part = slice(start, start + n)
            same(results(activation, x[part], dy[part]), [result[part] for result in whole])


def test_layouts(activation, inputs):
    x, dy = inputs
    whole = results(activation, x, dy)
    same([result[::-1] for result in results(activation, x[::-1], dy[::-1])], whole)
    same([result.T.ravel() for result in results(activation, x.reshape(100, 50).T, dy.reshape(100, 50).T)], whole)
    wide, far = np.zeros((2, 5000, 3), x.dtype)
    wide[:, 1], far[:, 1] = x, dy
    same(results(activation, wide[:, 1], far[:, 1]), whole)


def test_in_place(activation, inputs):
    x, dy = inputs
    y, dx, value, slope = results(activation, x, dy)
    out = x.copy()
    same([activation(out, out=out)], [y])
    out = x.copy()
    same([activation.backward(dy, out, out=out)], [dx])
    out = dy.copy()
    same([activation.backward(out, x, out=out)], [dx])
    for k in range(2):
        given = x.copy()
        out = [np.empty_like(x), np.empty_like(x)]
        out[k] = given
        same(activation.value_and_grad(given, out=tuple(out)), [value, slope])


def test_threads_and_streaming(activation, inputs):
    from fastact.backends.native.engine import elementwise

    x, dy = (np.tile(a, 13) for a in inputs)
    with fastact.num_threads(1):
        expected = results(activation, x, dy)
    sizes, eager = elementwise._set_sizes(1000, 1 << 50), team._set_eager(True)
    try:
        with fastact.num_threads(3):
            same(results(activation, x, dy), expected)
            elementwise._set_sizes(1000, 1)
            same(results(activation, x, dy), expected)
    finally:
        elementwise._set_sizes(*sizes)
        team._set_eager(eager)


def test_sixteen_bits_are_rounded_once(activation):
    x = np.linspace(-20, 20, 3000).astype(np.float16)
    dy = np.linspace(1, 2, 3000).astype(np.float16)
    wide = results(activation, x.astype(np.float32), dy.astype(np.float32))
    with np.errstate(all="ignore"):
        same(results(activation, x, dy), [result.astype(np.float16) for result in wide])


def test_bias_is_added_before(activation, inputs):
    x, dy = (a[:4000].reshape(80, 50) for a in inputs)
    bias = np.linspace(-1, 1, 50).astype(x.dtype)
    with np.errstate(all="ignore"):
        moved = x + bias
    same(
        [activation(x, bias=bias), *activation.value_and_grad(x, bias=bias)],
        [activation(moved), *activation.value_and_grad(moved)],
    )
    dx, dbias = activation.backward(dy, x, bias=bias)
    same([dx], [activation.backward(dy, moved)])
    assert dbias.shape == (50,)


def test_arrays_and_numbers_give_the_same(activation, inputs):
    """A parameter that is an array of equal numbers: its program may have other steps, so not the same bits."""
    x, dy = inputs
    x = np.clip(np.nan_to_num(x), -20, 20)
    for name, value in activation.params.items():
        array = np.full(len(x), value, x.dtype)
        tolerance = 2e-6 if x.dtype == np.float32 else 5e-15
        np.testing.assert_allclose(activation(x, **{name: array}), activation(x), rtol=tolerance, atol=tolerance)
        dx, dp = activation.backward(dy, x, **{name: array})
        np.testing.assert_allclose(dx, activation.backward(dy, x), rtol=4 * tolerance, atol=4 * tolerance)
        assert dp.shape == x.shape


def test_all_of_the_catalogue_serve_as_steps(backend):
    """Each activation within a formula gives what it gives alone."""
    x = np.linspace(0.01, 0.99, 777)
    for name, entry in functions.entries.items():
        if entry.noise or entry.array_parameters:
            continue
        f = backend.bind(fastact.define(f"{name}(x) * 2", name="twice"))
        np.testing.assert_allclose(f(x), 2 * getattr(backend, name)(x), rtol=1e-15, atol=0, err_msg=name)
