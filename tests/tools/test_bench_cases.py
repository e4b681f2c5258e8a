"""What is measured: cases and layers."""

import itertools
import math

import pytest

import fastact
from fastact.tools.bench import cases
from fastact.tools.bench.fused import FUSED
from fastact.tools.directions import BOTH, Direction


def test_every_function_is_a_case():
    found = {(case.name, case.direction) for case in cases.cases()}
    assert found == set(itertools.product([*fastact.activations, *FUSED], BOTH))
    assert [case.name for case in cases.cases(["swish", "silu"])] == ["silu", "silu"]
    from_output = {case.name for case in cases.cases(from_output=True) if case.direction == Direction.FROM_OUTPUT}
    assert from_output == {name for name in fastact.activations if fastact.functions.entries[name].derivative_from_output}


def test_every_function_of_rows_and_loss_is_measured():
    families = {fused.function for fused in FUSED.values()}
    for file, records in {"rows.py": fastact.functions.row_functions, "losses.py": fastact.functions.loss_functions}.items():
        for name in records:
            assert name in families, f"fastact/tools/bench/fused/{file}: no entry of the record {name} (fastact/functions/{file})"
    measured = fastact.functions.records.keys() - fastact.functions.entries.keys()
    assert families == {"relu", "gelu", *(measured - fastact.functions.sampled_functions.keys())}  # these draw, and call softmax


def test_a_function_of_rows_without_an_entry(monkeypatch):
    monkeypatch.delitem(FUSED, "maxout")
    with pytest.raises(ValueError, match=r"\Afastact/tools/bench/fused/rows.py: no entry of the record maxout .*/rows.py\)\Z"):
        cases.cases(["maxout"])


def test_layers():
    found = {(case.name, case.direction, case.shape(size)) for case, size in cases.layers()}
    both = set(itertools.product(["relu+bias", "gelu+bias", "swiglu"], BOTH, [(512, 4096)]))
    rows = {case for case in found if case[0] == "softmax"}
    assert {shape[1] for _, _, shape in rows} == {10, 64, 1000, 32_000, 1_000_000}
    assert all(direction == Direction.FORWARD and 1_000_000 <= math.prod(shape) <= 1 << 20 for _, direction, shape in rows)
    assert found - rows - both == {
        ("softmax-axis0", Direction.FORWARD, (1000, 1000)),
        ("cross_entropy", Direction.BACKWARD, (4096, 1000)),
        ("cross_entropy", Direction.BACKWARD, (256, 50_000)),
    }
    assert both < found
