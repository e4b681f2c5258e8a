"""The compiled backends: `Activation` with the engine's fast path in front, on the loops of one instruction set."""

from __future__ import annotations

import functools
import importlib

from ...functions.kinds import KINDS
from ...calls.elementwise import ufunc_name
from pkgutil import extend_path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...backends import Backend
    from ...calls.elementwise import Activation
    from ...calls.gated import Gated
    from ...calls.rows import RowFunction
    from ...functions.entry import Entry

# A source tree has no compiled modules: those of the installed package serve it.
__path__ = extend_path(__path__, __name__)


def load_engine() -> Any:
    """The engine, imported when first asked for; ImportError where it was not built."""
    return importlib.import_module(f"{__name__}.engine.elementwise")


def load_row_engine() -> Any:
    """Likewise that of the functions of whole rows."""
    return importlib.import_module(f"{__name__}.engine.rows")


@functools.cache
def _compiled_activation() -> type[Activation]:
    from ...calls.elementwise import Activation

    engine = load_engine()

    @engine.vectorcall
    class CompiledActivation(engine.FastPath, Activation):  # type: ignore[misc]
        __doc__ = Activation.__doc__

        def _sum_rows(self, dx):
            sums = engine.sum_by_column(self, dx)
            return super()._sum_rows(dx) if sums is None else sums

        def _run_drawn(self, kind, operands, out, rng, noise, options):
            return engine.run_drawn(self, KINDS[kind], operands, out, rng, noise, options)

    return CompiledActivation


@functools.cache
def _compiled_gated() -> type[Gated]:
    from ...calls.gated import Gated

    class CompiledGated(load_engine().GatedPath, Gated):  # type: ignore[misc]
        __doc__ = Gated.__doc__

    load_engine().GatedPath.backward.__doc__ = Gated.backward.__doc__

    load_engine().vectorcall(CompiledGated)
    return CompiledGated


def make_gated(activation: Activation) -> Gated:
    """The gated unit of this activation, which is that of a compiled backend."""
    unit: Any = _compiled_gated()(activation)
    unit.attach(activation.table, activation._entry)
    return unit  # type: ignore[no-any-return]


@functools.cache
def _compiled_row_function(cls: Any) -> Any:
    engine = load_row_engine()
    path = getattr(engine, f"{cls.__name__}Path")
    for method in ("backward", "value_and_grad"):
        if hasattr(path, method):
            functools.update_wrapper(getattr(path, method), getattr(cls, method))
    compiled = type(f"Compiled{cls.__name__}", (path, cls), {"__doc__": cls.__doc__})
    engine.enable_vectorcall(compiled)
    return compiled


def make_row_function(cls: Any, backend: Backend) -> RowFunction:
    """The row function or loss of this class on a compiled backend."""
    function = _compiled_row_function(cls)(backend)
    function._attach(backend.rows)
    return function  # type: ignore[no-any-return]


def load(name: str) -> tuple[Callable[[Entry], Activation], str, Any]:
    """What makes an entry's activation on the kernels of this name, a line on how they were compiled, and the functions of rows.

    Raises ImportError where the engine or these kernels were not built.
    """
    capsule = importlib.import_module(f"{__name__}._{name}").capsule
    table = load_engine().Table(capsule)
    rows = load_row_engine().Rows(capsule)

    def make(entry: Entry) -> Activation:
        engine = load_engine()
        def make_ufunc(kind):
            return engine.make_ufunc(table, entry, KINDS[kind], ufunc_name(entry, kind))

        def add_bfloat16(kind, ufunc, dtype):
            return engine.add_bfloat16(table, entry, KINDS[kind], ufunc, dtype)

        activation: Any = _compiled_activation()(entry, name, make_ufunc, add_bfloat16)
        activation.table = table
        activation.attach(table, entry)
        return activation  # type: ignore[no-any-return]

    return make, f"{table.compiler}, {table.flags}", rows
