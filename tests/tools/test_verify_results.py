"""Results, and how they are told."""

import dataclasses
import json
import math

from fastact.tools.verify.results import Result, as_json, figure, from_json, merge


def test_results_merge():
    a = Result("relu", "float32", "avx2", "forward", 0.25, 1.0, 10)
    b = dataclasses.replace(a, error=0.75, at=-3.0, inputs=5)
    other = dataclasses.replace(a, dtype="float64")
    assert merge([a, other, b]) == [dataclasses.replace(b, inputs=15), other]
    assert from_json(json.loads(json.dumps(as_json(b)))) == b
    worst = dataclasses.replace(b, error=math.inf)
    assert from_json(json.loads(json.dumps(as_json(worst), allow_nan=False))) == worst


def test_figures():
    errors = [0, 0.5, 2.345, 12.3, 345.6, 1.69e7, 9.0e15, math.inf]
    assert [figure(error) for error in errors] == ["0", "0.50", "2.35", "12", "346", "1.7e7", "9.0e15", "inf"]
