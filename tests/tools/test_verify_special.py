"""What is wrong at NaN and the infinities is noticed."""

import dataclasses

import numpy as np

import fastact
from fastact.tools.verify import special


def test_numbers_from_nan(monkeypatch):
    original = special.of_backend

    def of_backend(backend, name, dtype, **options):
        contestant = original(backend, name, dtype, **options)
        return contestant if backend == "numpy" else dataclasses.replace(contestant, forward=np.ones_like)

    monkeypatch.setattr(special, "of_backend", of_backend)
    complaints = special.disagreements("sigmoid", "float16", ["numpy", "other"][:1])
    assert complaints == []
    backend = fastact.backends.available()[0]
    if backend != "numpy":
        nan, infinite = special.disagreements("sigmoid", "float16", [backend])
        assert "NaN gives a number (2046 of 2046 NaNs)" in nan
        assert "[1. 1.] at inf and -inf, where NumPy's formula gives [1. 0.]" in infinite


def test_exact_mode():
    backend = fastact.backends.available()[0]
    assert special.disagreements("sigmoid", "float16", [backend], exact=True) == []
