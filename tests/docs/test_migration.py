"""The tables for those who come from other libraries: both sides of a row give the same, where the library is installed."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

import fastact
from fastact.tools import peers
from fastact.tools.peers.onnx_model import one_operator

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("pytorch", "keras", "jax", "scipy", "onnx")

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="no docs in the source tree")


def rows(page):
    """The pairs of code in the tables of a page."""
    text = (DOCS / "migration" / f"{page}.md").read_text("utf-8") if DOCS.exists() else ""
    return re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", text, re.MULTILINE)


ROWS = [(page, *row) for page in PAGES for row in rows(page)]


@pytest.fixture(scope="module")
def operands():
    """What the names in the tables stand for, in float32."""
    rng = np.random.default_rng(7)
    values = {name: rng.normal(0, 2, (8, 6)) for name in ("x", "a", "b", "z")}
    values |= {"w": rng.uniform(0.1, 1, 6), "c": rng.uniform(0.5, 2, 6), "p": rng.uniform(0.05, 0.95, (8, 6))}
    values |= {"q": rng.dirichlet(np.ones(6), 8), "images": rng.normal(size=(2, 6, 3, 3))}
    floats = {name: value.astype(np.float32) for name, value in values.items()}
    keep = rng.random((8, 6)) < 0.6
    keep[:, 0] = True
    return {**floats, "keep": keep, "t": rng.integers(0, 6, 8), "classes": rng.integers(0, 6, (2, 3, 3))}


def ours(code, operands):
    functions = {name: getattr(fastact, name) for name in fastact.__all__}
    return eval(code, {"np": np, **functions, **operands})


def theirs(page, code, operands):
    """What the library gives, as an array."""
    if page == "scipy":
        return eval(code, {"np": np, "special": importlib.import_module("scipy.special"), **operands})
    if page == "pytorch":
        torch = importlib.import_module("torch")
        tensors = {name: torch.from_numpy(value) for name, value in operands.items()}
        return eval(code, {"torch": torch, "F": torch.nn.functional, **tensors}).numpy()
    if page == "jax":
        jax = importlib.import_module("jax")
        arrays = {name: jax.numpy.asarray(value) for name, value in operands.items()}
        return np.asarray(eval(code, {"jax": jax, "jnp": jax.numpy, **arrays}))
    if page == "keras":
        keras = importlib.import_module("keras")
        return keras.ops.convert_to_numpy(eval(code, {"K": keras.activations, "L": keras.losses, **operands}))
    x = operands["x"]
    reference = importlib.import_module("onnx.reference")
    return reference.ReferenceEvaluator(one_operator(code, x.dtype, x.shape)).run(None, {"x": x})[0]


@pytest.mark.parametrize(("page", "code", "here"), ROWS, ids=[f"{page}-{code}" for page, code, _ in ROWS])
def test_a_row(page, code, here, operands):
    found = np.asarray(ours(here, operands))
    assert np.isfinite(found).all()
    try:
        with np.errstate(all="ignore"):
            wanted = theirs(page, code, operands)
    except ModuleNotFoundError as error:  # the library, or what it needs in its turn
        pytest.skip(f"{error.name} is not installed: only fastact's side was run")
    assert found.shape == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=5e-5, atol=2e-6)


@pytest.mark.parametrize(("page", "peer"), [("pytorch", "torch"), ("jax", "jax"), ("scipy", "scipy"), ("onnx", "onnxruntime")])
def test_a_page_has_all_that_the_benchmark_knows_of_the_library(page, peer):
    """The peers' tables know which functions a library has."""
    known = peers.jax.FUNCTIONS if peer == "jax" else peers.PEERS[peer].activations
    text = " ".join(code for _, code in rows(page))
    assert len(known) > 3
    missing = [name for name in known if not re.search(rf"\b{name}\(", text)]
    assert set(missing) <= {"rrelu", "silu", "quick_gelu"}  # of ONNX: they are told in words
