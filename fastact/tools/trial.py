"""`nox -s try -- NAME`: build the loops of one activation for one instruction set, and measure their errors, in seconds.

It needs a source tree, and the engine, which tells what the processor can run. With FASTACT_BACKEND=numpy, which nox sets, no
other kernels are asked for, so that an activation can be tried which they don't have yet. nox has native/build/mistakes.py run
it: so a record with which the package can't be imported is one line, too. `python -m fastact verify NAME` measures the same with
more inputs, once the package is built with it.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import functools
import importlib.machinery
import importlib.util
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .. import backends, functions
from ..functions.entry import Entry
from . import reference
from .reference import Array

ROOT = Path(__file__).parents[2]
#: How the engine calls a loop: see table.h.
LOOP = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_ssize_t, ctypes.c_void_p)
CHUNK = 1 << 14  # elements whose intermediate results stay in the second-level cache
TIMED = 4096


class Trial:
    """One activation's loops for one instruction set, compiled and loaded."""

    def __init__(self, entry: Entry, instruction_set: str) -> None:
        self.entry = entry
        self.addresses = load(build(entry, instruction_set))

    def loop(self, kind: str, dtype: str) -> Callable[..., None] | None:
        """The loop of this kind, if there is one: loop(inputs, outputs) for contiguous arrays of its dtype."""
        address = self.addresses.get(f"{self.entry.name}_{kind}_{dtype}")
        if address is None:
            return None
        call = LOOP(address)

        def run(inputs: Sequence[Array], outputs: Sequence[Array], n: int | None = None) -> None:
            size = inputs[0].size if n is None else n
            call(*self.pointers(inputs), *self.pointers(outputs), size, self.parameters(dtype, inputs[0].size))

        return run

    @staticmethod
    def pointers(arrays: Sequence[Array]) -> list[int | None]:
        return [*(array.ctypes.data for array in arrays), *[None] * (2 - len(arrays))]

    @functools.cache  # noqa: B019  # there is one trial
    def parameters(self, dtype: str, n: int) -> Any:
        """The default parameters as a loop takes them."""
        values = [p.default for p in self.entry.parameters]
        if self.entry.array_parameters:
            values *= n
        number = ctypes.c_float if dtype == "float32" else ctypes.c_double
        return (number * len(values))(*values)

    def compute(self, kind: str, x: Array, y: Array | None = None) -> Array:
        """f(x), or f'(x) by a loop that multiplies it with a gradient of one; of float16 computed in float32."""
        dtype = "float64" if x.dtype == np.float64 else "float32"
        values = np.ascontiguousarray(x if y is None else y, dtype)
        inputs = [values] if kind == "forward" else [np.ones_like(values), values]
        out = np.empty_like(values)
        loop = self.loop(kind, dtype)
        assert loop is not None
        loop(inputs, [out])
        return out.astype(x.dtype)

    def nanoseconds(self, kind: str, dtype: str) -> float:
        """The time of an element of a call of 4,096, without what the call of a function takes from here."""
        x = np.random.default_rng(0).normal(scale=2, size=TIMED).astype(dtype)
        inputs = [x] if kind == "forward" else [np.ones_like(x), x]
        loop = self.loop(kind, dtype)
        assert loop is not None
        run = functools.partial(loop, inputs, [np.empty_like(x)])
        best = {n: min(_time(functools.partial(run, n)) for _ in range(40)) for n in (0, TIMED)}
        return (best[TIMED] - best[0]) / TIMED * 1e9


def _time(call: Callable[[], None], calls: int = 50) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - started) / calls


def build(entry: Entry, instruction_set: str, work: Path | None = None, instead: Mapping[str, str] | None = None) -> Path:
    """Compile the loops of one activation; the module's file. ValueError says in one line what is wrong.

    Parameters
    ----------
    entry : Entry
        The activation.
    instruction_set : str
        For which of those that setup.py knows.
    work : Path, optional
        Where the build's files are kept (default: below build/ in the source tree).
    instead : mapping, optional
        Texts that take the place of files of formulas, by name.
    """
    from setuptools import Distribution
    from setuptools.errors import BaseError

    script: Any = _build_script()
    if instruction_set not in script.INSTRUCTION_SETS:
        raise ValueError(f"no instruction set {instruction_set!r}; there are {', '.join(script.INSTRUCTION_SETS)}")
    folder = work or Path("build", "try", entry.name)

    class BuildTrial(script.BuildKernels):  # type: ignore[misc]
        work = folder
        required = True

        def stamp(self) -> Path:
            from ..backends.native.build.stamp import stamp

            return stamp(script.NATIVE, [entry], folder / "stamped", instead, trial=True)

        def hand_over(self) -> None:
            pass

    extension = script.loops_extension(instruction_set)
    with contextlib.chdir(ROOT):
        command = BuildTrial(Distribution({"ext_modules": [extension]}))
        command.ensure_finalized()
        try:
            command.run()
        except (BaseError, OSError) as error:
            raise ValueError(str(error)) from None
    return Path(ROOT, folder, "modules", command.get_ext_filename(extension.name))


def _build_script() -> ModuleType:
    """setup.py as a module, which has the compiler's flags."""
    spec = importlib.util.spec_from_file_location("setup", ROOT / "setup.py")
    if spec is None or spec.loader is None or not (ROOT / "setup.py").exists():
        raise ValueError(f"{ROOT} is no source tree of fastact: it has no setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load(path: Path) -> dict[str, int]:
    """The addresses of the loops of a module that was built for a trial, by their names."""
    loader = importlib.machinery.ExtensionFileLoader(path.name.partition(".")[0], str(path))
    module = importlib.util.module_from_spec(importlib.machinery.ModuleSpec(loader.name, loader, origin=str(path)))
    loader.exec_module(module)
    return module.addresses  # type: ignore[no-any-return]


#: The inputs of each dtype: bit patterns of every size, and more of them where activations bend.
INPUTS: dict[str, Callable[[], Array]] = {
    "float32": lambda: np.concatenate([reference.bit_patterns(np.float32, 4093), _bending(np.float32, 1 << 20)]),
    "float64": lambda: _bending(np.float64, 1500),
    "float16": lambda: reference.bit_patterns(np.float16, 1),
}


def _bending(dtype: Any, count: int) -> Array:
    """Numbers of every size, most of them where activations bend."""
    return reference.stratified(dtype, count, np.random.default_rng(0))


def largest(errors: Array, x: Array) -> tuple[float, float]:
    return float(errors.max()), float(x[errors.argmax()])


def measure(trial: Trial, dtype: str, kinds: Sequence[str]) -> dict[str, tuple[float, float]]:
    """For each kind of loop the largest error in ULP, and the input where it is."""
    worst = dict.fromkeys(kinds, (0.0, 0.0))
    name = trial.entry.name
    evaluate: Any = reference.exact if dtype == "float64" else reference.wide
    inputs = INPUTS[dtype]()
    for x in np.array_split(inputs, inputs.size // CHUNK + 1):
        y, d, size = evaluate(name, x, *reference.defaults(name))
        if dtype == "float16":  # the sum of the derivative's terms is rounded
            size = np.maximum(size, np.abs(d))
        forward = trial.compute("forward", x)
        for kind in kinds:
            if kind == "forward":
                errors = reference.ulp_errors(forward, y)
            else:
                computed = trial.compute(kind, x, forward if kind == "backward_from_output" else None)
                errors = reference.ulp_errors(computed, d, size)
            worst[kind] = max(worst[kind], largest(errors, x))
    return worst


def disagreements(trial: Trial) -> list[str]:
    """Where the loops differ from NumPy's formulas in what is not a matter of rounding: NaN, infinities, signed zeros."""
    found = []
    plain = getattr(backends.load("numpy"), trial.entry.name)
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0])
    for dtype in ("float32", "float64"):
        values = x.astype(dtype)
        slope = plain.backward(np.ones_like(values), values)
        for kind, got, wanted in (
            ("forward", trial.compute("forward", values), plain(values)),
            ("backward", trial.compute("backward", values), slope[0] if isinstance(slope, tuple) else slope),
        ):
            for at, a, b in zip(values.tolist(), got.tolist(), wanted.tolist(), strict=True):
                same_sign = np.signbit(a) == np.signbit(b) or kind != "forward" or a != a
                if not (bool(np.isclose(a, b, rtol=1e-6, atol=0, equal_nan=True)) and same_sign):
                    found.append(f"{kind} of {at} in {dtype} is {a}, by NumPy's formula {b}")
    return found


def run(entry: Entry, instruction_set: str) -> int:
    """Build, measure and print; the exit status."""
    started = time.perf_counter()
    trial = Trial(entry, instruction_set)
    print(f"{entry.name} on {instruction_set}, built in {time.perf_counter() - started:.1f} s")
    kinds = ["forward", "backward", *(["backward_from_output"] if entry.derivative_from_output else [])]
    bounds = {"forward": entry.info.ulp, "backward": entry.info.derivative_ulp}
    broken = 0
    print(f"{'':<9}{'':<22}{'largest error':>14}{'bound':>7}  {'at x =':<14}{'ns an element':>14}")
    for dtype in INPUTS:
        with np.errstate(all="ignore"):
            errors = measure(trial, dtype, kinds)
        for kind, (error, at) in errors.items():
            bound = None if dtype == "float16" else bounds.get(kind)
            broken += bound is not None and error > bound + 1e-4  # what the reference's own rounding may add
            nanoseconds = "" if dtype == "float16" else f"{trial.nanoseconds(kind, dtype):14.3f}"
            print(f"{dtype:<9}{kind:<22}{error:>10.3g} ULP{bound or '':>7}  {at:<14.6g}{nanoseconds}".rstrip())
    with np.errstate(all="ignore"):
        complaints = disagreements(trial)
    print(*complaints, f"{time.perf_counter() - started:.1f} s in all", sep="\n")
    return 1 if broken or complaints else 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="nox -s try --", description=__doc__.partition("\n")[0])
    parser.add_argument("name", metavar="NAME", help="the activation")
    parser.add_argument("--backend", metavar="SET", help="the instruction set (default: the best that the processor has)")
    options = parser.parse_args(arguments)
    entry = functions.entries.get(options.name)
    best = options.backend or backends.available()[0]
    try:
        if entry is None:
            raise ValueError(functions.no_such("elementwise activation", options.name, functions.entries))
        if best == "numpy":
            raise ValueError(
                "the engine is not built, so that nobody tells what the processor can run: nox -s build, or --backend"
            )
        return run(entry, best)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
