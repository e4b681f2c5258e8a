"""SciPy, which has few activations and no derivatives."""

from __future__ import annotations

import numpy as np

from . import packages
from .contestant import Contestant
from .numpy_tuned import TUNED_WITH_SCIPY
from .operands import Operands
from .peer import Peer
from .statements import Statements

ACTIVATIONS: dict[str, Statements] = {
    "sigmoid": Statements(forward="special.expit(x, out=out)"),
    "gelu": TUNED_WITH_SCIPY["gelu"],
    "log_sigmoid": Statements(forward="special.log_expit(x, out=out)"),
    "erf": Statements(forward="special.erf(x, out=out)"),
    "logit": Statements(forward="special.logit(x, out=out)"),
}


class SciPy(Peer):
    """SciPy, on NumPy's arrays."""

    name, title, package = "scipy", "SciPy", "scipy"
    activations = ACTIVATIONS

    def bind(self, statement: str, operands: Operands) -> Contestant:
        return operands.bound(self.name, statement, {"np": np, "special": packages.imported("scipy.special")})
