"""The meter finds the largest error."""

import dataclasses
import math

import numpy as np
import pytest

import fastact
from fastact.tools import reference
from fastact.tools.verify.dtypes import type_of
from fastact.tools.verify.implementations import Implementation
from fastact.tools.verify.meter import Meter
from fastact.tools.verify.results import Result


@pytest.mark.parametrize("kind", ["smooth", "overflowing"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_the_meter_finds_the_largest_error(monkeypatch, dtype, kind):
    rng = np.random.default_rng(0)
    number = type_of(dtype)
    x = np.abs(reference.stratified(number, 5000, rng)).astype(number)
    formula = "x / 3" if kind == "smooth" else "x * x"
    info = dataclasses.replace(fastact.relu.info, formula=formula, derivative="1 / (1 + x) + x")
    monkeypatch.setattr(fastact.relu, "info", info)
    y, d, _ = reference.wide("relu", x)
    with np.errstate(all="ignore"):
        computed = (y * (1 + rng.normal(size=x.size) * 2.0 ** -reference.format_of(number).digits)).astype(number)
        slope = d.astype(number)
    meter = Meter("relu", dtype, [Implementation("peer", lambda x: computed, lambda x: slope)])
    with np.errstate(all="ignore"):
        meter.measure(x)
    forward, backward = meter.results()
    errors = reference.ulp_errors(computed, y)
    assert forward == Result("relu", dtype, "peer", "forward", errors.max(), float(x[errors.argmax()]), x.size)
    if dtype != "float32":
        assert 0.45 < backward.error <= 0.5
    assert backward.error <= 1
    computed[77] = np.nan
    with np.errstate(all="ignore"):
        meter.measure(x)
    assert (meter.results()[0].error, meter.results()[0].at, meter.results()[0].inputs) == (math.inf, float(x[77]), 2 * x.size)
