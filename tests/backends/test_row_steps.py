"""The description of the functions of rows: a mistake in it stops the build with one line that names the place."""

import pytest

from fastact.backends.native.build.row_vectors import VectorStep, expression
from fastact.backends.native.build.steps import (
    ElementStep,
    Output,
    Pass,
    Program,
    RowFunction,
    RowStep,
    Sum,
    check_complete,
    steps_of,
)
from fastact.backends.native.formulas.rows import FUNCTIONS, SCALE, SOFTMAX
from fastact.functions import loss_functions, row_functions

SQUARE = ElementStep("square", sums=(Sum("x[i] * x[i]"),))


def functions(*passes, inputs=("x",)):
    return {"norm": RowFunction(forward=Program(inputs=inputs, passes=passes))}


def test_a_step_along_a_row_and_across_rows():
    step = ElementStep("shrink", ("dy", "y"), let={"e": "dy[i] - {factor}"}, out="e * {factor_low}", sums=(Sum("e + {low}"),))
    assert step.state == ["low", "factor", "factor_low"]
    assert step.statements(along=True) == ["e = dy[i] - factor", "t0[i] = t0[i] + (e + low)", "out[i] = e * factor_low"]
    assert step.statements(along=False)[0] == "e = dy[i] - factor[i]"
    assert RowStep("note", "\n    s.low[r] = <{real}> 0\n    go_{dtype}(s)\n    ").lines("float", "float32") == [
        "s.low[r] = <float> 0",
        "go_float32(s)",
    ]


def test_a_step_in_vectors():
    step = ElementStep(
        "shrink",
        ("dy", "y"),
        let={"e": "exp_unit(at_least({low}, y[i]), {unit})", "u": "-e * 0.5"},
        out="u if y[i] > zero else e",
        sums=(Sum("fma(dy[i], u, {factor})"),),
    )
    in_vectors = VectorStep(step, "float", "f32")
    assert in_vectors.statements == [
        "vector_f32 e[GROUP];",
        "EACH e[j] = vector_at_least_f32(low, y[j]);",
        "vector_exp_unit_f32(count, e, unit);",
        "vector_f32 u[GROUP];",
        "EACH u[j] = (-e[j] * vector_all_f32(0.5));",
        "EACH t0[j] = vector_fma_f32(dy[j], u[j], factor);",
        "EACH out[j] = vector_where_greater_f32(y[j], zero, u[j], e[j]);",
    ]
    assert in_vectors.group_arguments == "dy, y, out, t0, low, unit, factor"
    assert expression("e if e == e else one", ["e"], "f64") == "vector_where_equal_f64(e[j], e[j], e[j], one)"
    assert expression("e if e == e else zero", ["e"], "f64") == "vector_if_equal_f64(e[j], e[j], e[j])"
    assert expression("zero if e < {low} else e".format(low="low"), ["e"], "f64") == "vector_unless_less_f64(e[j], low, e[j])"


def test_a_sum_that_counts_is_a_mask():
    step = ElementStep("count", sums=(Sum("one if x[i] > {largest} else zero", into="count", counts=True),))
    in_vectors = VectorStep(step, "double", "f64")
    assert in_vectors.statements == ["EACH t0[j] = vector_is_greater_f64(x[j], largest);"]
    assert in_vectors.type_of("t0") == "vector_mask_f64"
    other = ElementStep("other", sums=(Sum("x[i] if x[i] > {largest} else zero", into="count"),))
    assert VectorStep(other, "double", "f64").type_of("t0") == "vector_f64"
    never = ElementStep("never", sums=(Sum("x[i] * x[i]", into="count", counts=True),))
    assert VectorStep(never, "double", "f64").statements == []


def test_vectors_beside_each_other_have_a_state_each():
    step = ElementStep("power", let={"e": "exp_unit(at_least({low}, x[i]), {unit})"}, out="e * {factor}")
    assert VectorStep(step, "float", "f32").statements_beside == [
        "vector_f32 e[GROUP];",
        "EACH e[j] = vector_at_least_f32(low[j], x[j]);",
        "vector_exp_unit_beside_f32(count, e, unit);",
        "EACH out[j] = (e[j] * factor[j]);",
    ]


@pytest.mark.parametrize("text", ["clamped_log(x[i])", "exp_unit(x[i], one) + one", "x[i] if x[i] != zero else one", "x[i] ** 2"])
def test_what_has_no_vector_operation_is_left_to_the_compiler(text):
    assert VectorStep(ElementStep("odd", out=text), "float", "f32").statements == []


def test_steps_left_to_the_compiler():
    steps = [step for step in steps_of(FUNCTIONS) if isinstance(step, ElementStep)]
    left = {step.name for step in steps if not VectorStep(step, "float", "f32").statements}
    assert left == {step.name for step in steps if step.name.startswith("binary")}


def test_softmax_computes_exponentials_once_or_twice():
    assert [each.output for each in SOFTMAX.passes] == [Output.NOTHING, Output.POWERS, Output.RESULT]
    assert [step.name for each in SOFTMAX.without_room for step in each.steps] == ["max", "exp_sum", "exp_scale"]
    assert SOFTMAX.stores
    assert not FUNCTIONS["logsumexp"].forward.stores


def test_every_record_has_programs():
    names = {name: record.arithmetic for name, record in row_functions.items()}
    names |= {name: name for name, record in loss_functions.items() if not record.picks}
    check_complete(FUNCTIONS, names, "rows.py")
    with pytest.raises(ValueError, match=r"formulas/rows.py: .*'norm', which the record p_norm \(fastact/functions/rows.py\)"):
        check_complete(FUNCTIONS, names | {"p_norm": "norm"}, "rows.py")


@pytest.mark.parametrize(
    ("passes", "fault"),
    [
        ([Pass(steps=[SQUARE])] * 5, "there are 5 passes; there can be 4"),
        ([Pass(steps=[SQUARE] * 4)], "more than 3 steps"),
        ([Pass(steps=[ElementStep("dot", ("dy", "y"))])], "a pass reads 2 inputs, the program has 1"),
        ([Pass(steps=[SCALE])], "step 'scale' stores elements in a pass without output"),
        ([Pass(steps=[SQUARE, ElementStep("square", out="x[i]")], output=Output.RESULT)], "another step called 'square'"),
    ],
)
def test_a_program_that_cannot_be(passes, fault):
    with pytest.raises(ValueError, match=rf"^\S*formulas/rows.py: norm, forward: .*{fault}"):
        steps_of(functions(*passes))


def test_a_misspelt_name():
    with pytest.raises(ValueError, match=r"formulas/rows.py: step 'shift': \{largets\} is none of largest, pivot"):
        ElementStep("shift", out="x[i] - {largets}")
    with pytest.raises(ValueError, match=r"formulas/rows.py: step 'add': a sum goes into 'summe', which is none of sum, count"):
        ElementStep("add", sums=(Sum("x[i]", into="summe"),))
