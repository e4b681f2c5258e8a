"""What other libraries call the functions: ONE table, which `fastact.get` reads and docs/names.md shows.

A name is found in any case, with or without underscores, hyphens and spaces, so that what differs from a record's name in these
alone needs no line here. Where a name is not the same function everywhere, it is what the record of that name is, or else a
refusal that says what to write.
"""

from __future__ import annotations

import re

#: Names with what they are here, by the library that has them with this meaning.
OTHER_NAMES: dict[str, dict[str, str]] = {
    "Hugging Face": {
        "gelu_new": "gelu_tanh",
        "gelu_fast": "gelu_tanh",
        "gelu_accurate": "gelu_tanh",
        "gelu_pytorch_tanh": "gelu_tanh",
        "gelu_python_tanh": "gelu_tanh",
        "gelu_python": "gelu",
        "linear": "identity",
        "relu2": "relu_squared",
    },
    "Keras": {"hard_silu": "hard_swish"},
    "scikit-learn": {"logistic": "sigmoid"},
    "SciPy": {"expit": "sigmoid", "log_expit": "log_sigmoid"},
    "NumPy": {"exp": "exponential", "sin": "sinusoid", "arcsinh": "arsinh", "asinh": "arsinh", "atan": "arctan"},
    "PyTorch": {
        "cross_entropy_loss": "cross_entropy",
        "bce_with_logits_loss": "binary_cross_entropy",
        "binary_cross_entropy_with_logits": "binary_cross_entropy",
    },
    "MLX": {"gelu_approx": "gelu_tanh"},
    "Diffusers": {"gelu_approximate": "gelu_tanh"},
    "Megatron-LM": {"squared_relu": "relu_squared"},
    "ggml": {"gelu_erf": "gelu", "gelu_quick": "quick_gelu", "geglu_erf": "geglu"},
}

#: Names that no function has, and what to write for them.
WITHOUT_FUNCTION: dict[str, str] = {
    "gelu_10": "np.clip(gelu(x), -10, 10)",
    "laplace": "0.5 * (1 + erf((x - 0.707107) / (0.282095 * 2**0.5))), with Hugging Face's constants",
    "xielu": "its two slopes are learnt; write it with softplus and exponential",
    "thresholded_relu": "threshold(x, threshold=1.0), for the default of ONNX and Keras",
    "shrink": "hard_shrink(x, lambd=0.5), where ONNX's bias is 0, its default; soft_shrink, where it is lambd",
    "crelu": "np.concatenate([relu(x), relu(-x)], axis=-1)",
    "hardmax": "gumbel_softmax(x, hard=True), without a generator",
    "heaviside": "binary_step(x) is 1 at 0; np.heaviside(x, value) takes the value there",
    "bce_loss": "binary_cross_entropy takes probabilities with from_logits=False",
    "binary_crossentropy": "Keras' takes probabilities by default, binary_cross_entropy with from_logits=False",
    "categorical_crossentropy": "Keras' takes probabilities by default, cross_entropy logits: np.log(p) makes them",
    "sparse_categorical_crossentropy": "Keras' takes probabilities by default, cross_entropy logits: np.log(p) makes them",
}


def key(name: str) -> str:
    """What of a name counts."""
    return re.sub(r"[\s_-]+", "", name).lower()


def spelled_as(name: str, other: str) -> bool:
    """Whether two names are the same but for case and the character between words."""
    return re.sub(r"[\s-]", "_", name).lower() == other


#: The table by keys.
BY_KEY: dict[str, str] = {key(name): function for names in OTHER_NAMES.values() for name, function in names.items()}
#: The refusals by keys.
REFUSED: dict[str, str] = {key(name): instead for name, instead in WITHOUT_FUNCTION.items()}
