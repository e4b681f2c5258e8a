"""JAX, compiled by `jit`, and differentiated by itself."""

from __future__ import annotations

import os
from functools import partial
from inspect import signature
from typing import Any

import numpy as np

from ..directions import Direction
from . import packages
from .contestant import Contestant
from .operands import Operands
from .peer import Peer, Subject, ThreadPool

#: The functions of x by the activation's name.
FUNCTIONS: dict[str, str] = {
    "relu": "jax.nn.relu",
    "relu6": "jax.nn.relu6",
    "leaky_relu": "jax.nn.leaky_relu",
    "elu": "jax.nn.elu",
    "sigmoid": "jax.nn.sigmoid",
    "tanh": "jax.numpy.tanh",
    "softplus": "jax.nn.softplus",
    "softsign": "jax.nn.soft_sign",
    "arctan": "jax.numpy.arctan",
    "silu": "jax.nn.silu",
    "gelu": "partial(jax.nn.gelu, approximate=False)",
    "exponential": "jax.numpy.exp",
    "relu_squared": "lambda x: jax.numpy.square(jax.nn.relu(x))",
    "celu": "jax.nn.celu",
    "selu": "jax.nn.selu",
    "gelu_tanh": "jax.nn.gelu",
    "quick_gelu": "lambda x: x * jax.nn.sigmoid(1.702 * x)",
    "mish": "jax.nn.mish",
    "squareplus": "jax.nn.squareplus",
    "log_sigmoid": "jax.nn.log_sigmoid",
    "hard_sigmoid": "jax.nn.hard_sigmoid",
    "hard_swish": "jax.nn.hard_swish",
    "hard_tanh": "jax.nn.hard_tanh",
    "erf": "jax.lax.erf",
    "arsinh": "jax.numpy.arcsinh",
    "sinusoid": "jax.numpy.sin",
    "sinc": "jax.numpy.sinc",
    "sparse_plus": "jax.nn.sparse_plus",
    "sparse_sigmoid": "jax.nn.sparse_sigmoid",
    "log1mexp": "jax.nn.log1mexp",
    "logit": "jax.scipy.special.logit",
    "softcap": "lambda x: 50 * jax.numpy.tanh(x / 50)",
}


class _Threads:
    """The number of threads, which JAX reads from the environment when it starts, and never again."""

    def __init__(self) -> None:
        self.wanted = 1
        self.started: int | None = None

    def get_num_threads(self) -> int:
        return self.wanted

    def set_num_threads(self, number: int) -> None:
        self.wanted = number

    def start(self) -> Any:
        """JAX on the number of threads that is wanted; None if it was started with another number."""
        if self.started is None:
            self.started = self.wanted
            before = os.environ.get("NPROC")
            os.environ["NPROC"] = str(self.wanted)  # XLA_FLAGS has a switch for products of matrices only
            try:
                packages.imported("jax").devices("cpu")
            finally:
                os.environ.pop("NPROC")
                if before is not None:
                    os.environ["NPROC"] = before
        return packages.imported("jax") if self.started == self.wanted else None


_threads = _Threads()


class JAX(Peer):
    """JAX, on arrays of its own. It always makes a new one."""

    name, title, package = "jax", "JAX", "jax"

    def find(self, subject: Subject, direction: Direction, operands: Operands) -> Contestant | None:
        function = FUNCTIONS.get(subject.name) if subject.statements is None else subject.jax
        if function is None or direction == Direction.FROM_OUTPUT or operands.x.dtype != np.float32:
            return None  # its gradient saves what it likes, and its float64 is a switch of the whole process
        jax = _threads.start()
        if jax is None:
            return None
        f = eval(function, {"jax": jax, "partial": partial})
        names = ["x"] if subject.statements is None else list(signature(f).parameters)
        if direction == Direction.FORWARD:
            jitted = jax.jit(f)
        elif subject.is_loss:
            jitted = jax.jit(jax.value_and_grad(f))
        else:
            names = [subject.gradient, *names]
            jitted = jax.jit(lambda dy, *x: jax.vjp(f, *x)[1](dy))
        held = {name: jax.device_put(getattr(operands, name)) for name in names}
        found = Contestant(self.name, f"ready(f({', '.join(names)}))", {"f": jitted, "ready": jax.block_until_ready, **held})
        found.call()  # compiles
        return found

    def thread_pool(self) -> ThreadPool:
        return _threads
