"""The names that other libraries have: each gives the values that the library defines, in any spelling."""

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import special

import fastact
from fastact import functions
from fastact.functions import names

PAGE = Path(__file__).parents[2] / "docs" / "names.md"
X = np.linspace(-6, 6, 241)
TABLE = [(library, name, function) for library, table in names.OTHER_NAMES.items() for name, function in table.items()]


def softmax_loss(x):
    z = x.reshape(-1, 3)[:80]
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[:, 0])


#: What each library documents of its names, in NumPy, and as called here.
MEANINGS = {
    **dict.fromkeys(
        ("gelu_new", "gelu_accurate", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_approx", "gelu_approximate"),
        lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    "gelu_fast": lambda x: 0.5 * x * (1 + np.tanh(x * 0.7978845608 * (1 + 0.044715 * x * x))),
    **dict.fromkeys(("gelu_python", "gelu_erf"), lambda x: x * 0.5 * (1 + special.erf(x / math.sqrt(2)))),
    "gelu_quick": lambda x: x / (1 + np.exp(-1.702 * x)),
    "linear": lambda x: x,
    **dict.fromkeys(("relu2", "squared_relu"), lambda x: np.square(np.maximum(x, 0))),
    "hard_silu": lambda x: x * np.minimum(np.maximum(x + 3, 0), 6) / 6,
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "expit": special.expit,
    "log_expit": special.log_expit,
    "exp": np.exp,
    "sin": np.sin,
    "arcsinh": np.arcsinh,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "geglu_erf": lambda x: x * 0.5 * (1 + special.erf(x / math.sqrt(2))) * 2.5,
    "cross_entropy_loss": softmax_loss,
    **dict.fromkeys(
        ("bce_with_logits_loss", "binary_cross_entropy_with_logits"), lambda x: np.mean(np.logaddexp(0, x) - 0.25 * x)
    ),
}
CALLS = {
    "geglu": lambda f, x: f(x, np.full_like(x, 2.5)),
    "cross_entropy": lambda f, x: f(x.reshape(-1, 3)[:80] if x.size % 3 == 0 else x[:240].reshape(80, 3), np.zeros(80, int)),
    "binary_cross_entropy": lambda f, x: f(x, np.full_like(x, 0.25)),
}


def spellings(name):
    words = name.split("_")
    for join, case in itertools.product(("_", "-", " ", ""), (str.lower, str.upper, str.title)):
        yield join.join(map(case, words))


@pytest.mark.parametrize(("library", "name", "function"), TABLE, ids=[f"{name}-{library}" for library, name, _ in TABLE])
def test_a_name_means_what_the_library_says(library, name, function):
    f = fastact.get(name)
    assert f is getattr(fastact, function)
    x = X[:240]
    np.testing.assert_allclose(CALLS.get(function, lambda f, x: f(x))(f, x), MEANINGS[name](x), rtol=2e-9, atol=1e-9)


def test_every_name_has_a_meaning_and_no_record_is_hidden():
    assert {name for _, name, _ in TABLE} == MEANINGS.keys()
    assert len({names.key(name) for _, name, _ in TABLE}) == len(TABLE)
    own = {names.key(name) for name in (*functions.records, *functions.aliases)}
    assert len(own) == len(functions.records) + len(functions.aliases)
    assert not own & names.BY_KEY.keys()
    assert not names.BY_KEY.keys() & names.REFUSED.keys()
    assert all(function in functions.records for _, _, function in TABLE)


@pytest.mark.parametrize("name", [*functions.records, *functions.aliases, *(name for _, name, _ in TABLE)])
def test_any_spelling(name):
    refused = names.key(name) in names.REFUSED
    for spelling in spellings(name):
        if not (refused and "_" not in re.sub(r"[\s-]", "_", spelling)):
            assert fastact.get(spelling) is fastact.get(name)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        # torch.nn
        *((name, name) for name in ("ReLU", "ReLU6", "PReLU", "RReLU", "ELU", "CELU", "SELU", "GELU", "SiLU", "Mish", "GLU")),
        ("LeakyReLU", "leaky_relu"),
        ("LogSigmoid", "log_sigmoid"),
        ("Hardtanh", "hard_tanh"),
        ("Hardsigmoid", "hard_sigmoid"),
        ("Hardswish", "hard_swish"),
        ("Hardshrink", "hard_shrink"),
        ("Softshrink", "soft_shrink"),
        ("Tanhshrink", "tanh_shrink"),
        ("Softsign", "softsign"),
        ("Softmin", "softmin"),
        ("LogSoftmax", "log_softmax"),
        ("CrossEntropyLoss", "cross_entropy"),
        ("BCEWithLogitsLoss", "binary_cross_entropy"),
        ("logsigmoid", "log_sigmoid"),
        # ONNX
        ("Relu", "relu"),
        ("PRelu", "prelu"),
        ("LeakyRelu", "leaky_relu"),
        ("Swish", "silu"),
        ("Identity", "identity"),
        ("Erf", "erf"),
        # JAX, Keras, Hugging Face
        ("soft_sign", "softsign"),
        ("hard_silu", "hard_swish"),
        ("log_softmax", "log_softmax"),
        ("hardswish", "hard_swish"),
        ("quick_gelu", "quick_gelu"),
        ("soft_cap", "softcap"),
        ("swish", "silu"),
        ("ReLUSquared", "relu_squared"),
    ],
)
def test_names_in_the_libraries_spelling(name, function):
    assert fastact.get(name) is fastact.get(function)
    assert fastact.get(name).name == function.lower()


@pytest.mark.parametrize("name", names.WITHOUT_FUNCTION)
def test_what_no_function_is(name):
    for spelling in spellings(name):
        with pytest.raises(ValueError, match=re.escape(f"there is no function {spelling!r}; instead: ")):
            fastact.get(spelling)


def test_what_to_write_instead():
    p = np.array([0.2, 0.7])
    np.testing.assert_allclose(
        fastact.binary_cross_entropy(p, [0.0, 1.0], from_logits=False), -np.mean([np.log(0.8), np.log(0.7)]), rtol=1e-14
    )
    np.testing.assert_array_equal(fastact.threshold(X, threshold=1.0), np.where(X > 1, X, 0))
    x = np.array([[1.0, 3.0, 3.0], [2.0, -1.0, 0.0]])
    np.testing.assert_array_equal(fastact.gumbel_softmax(x, hard=True), [[0, 1, 0], [1, 0, 0]])


def test_ours_is_told_from_anothers():
    assert fastact.get("binary_cross_entropy") is fastact.get("Binary-Cross-Entropy") is fastact.binary_cross_entropy
    with pytest.raises(ValueError, match="Keras"):
        fastact.get("BinaryCrossentropy")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Rlu", "did you mean 'relu'?"),
        ("gelu_nw", "did you mean 'gelu_new' (gelu_tanh)?"),
        ("LogSoftmx", "did you mean 'log_softmax'?"),
        ("logistik", "did you mean 'logistic' (sigmoid)?"),
        ("jax.nn.gelu", "there are identity, "),
        ("", "there are identity, "),
        (3, "there are identity, "),
        (None, "there are identity, "),
    ],
)
def test_the_nearest_name_is_suggested(name, hint):
    with pytest.raises(ValueError, match=re.escape(f"there is no function {name!r}; {hint}")):
        fastact.get(name)


@pytest.mark.skipif(not PAGE.exists(), reason="no docs in the source tree")
def test_the_page_is_of_the_table():
    text = PAGE.read_text("utf-8")
    for library, name, function in TABLE:
        assert f"| `{name}` | `{function}` | {library} |" in text
    for name, instead in names.WITHOUT_FUNCTION.items():
        assert f"| `{name}` | {instead} |" in text
    assert text.count("\n| `") == len(TABLE) + len(names.WITHOUT_FUNCTION)
