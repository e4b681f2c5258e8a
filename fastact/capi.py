"""The compiled functions' addresses, for C, ctypes, cffi, Numba and SciPy's `LowLevelCallable`.

docs/guide/compiled_code.md tells what callers may rely on, and `fastact/include/fastact.h` has the functions' types. Cython has
`fastact.cython_api`.

Examples
--------
>>> import ctypes, numpy as np
>>> from fastact import capi
>>> gelu = capi.function("gelu", "forward", "float64")
>>> x, y = np.array([-1.0, 0.0, 1.0]), np.empty(3, np.float64)
>>> gelu(x.ctypes.data, y.ctypes.data, 3, None)
>>> y.round(4)
array([-0.1587,  0.    ,  0.8413])
"""

from __future__ import annotations

import ctypes
import functools
import importlib
from collections.abc import Mapping
from typing import Any

from . import backends, functions
from .backends.native.exported import EXPORTED, Exported

__all__ = ["address", "function", "signature"]

_NUMBERS = {"float32": ctypes.c_float, "float64": ctypes.c_double, "int64": ctypes.c_int64, "uint64": ctypes.c_uint64}


@functools.cache
def _capsules() -> Mapping[str, Any]:
    """The functions' capsules by their names, as Cython keeps them."""
    current = backends.current()
    if current.name == "numpy":
        reasons = "; ".join(f"{name} {reason}" for name, reason in backends.obstacles().items())
        raise ImportError(f"fastact.capi: the backend in use is 'numpy', which has no compiled functions ({reasons})")
    try:
        cython_api = importlib.import_module(f"{__package__}.cython_api")
    except ImportError as error:
        raise ImportError(f"fastact.capi: {error}; build fastact again, with a C compiler: pip install .") from error
    found: Mapping[str, Any] = cython_api.__pyx_capi__
    return found


def exported(name: str, kind: str, dtype: str) -> Exported:
    """What is known of a function; ValueError where there is none, with what there is."""
    record = functions.meant(name) if isinstance(name, str) else None
    if record is None:
        raise ValueError(functions.no_such("function", name, functions.records))
    found = EXPORTED.get(f"{record.name}_{kind}_{dtype}")
    if found is not None:
        return found
    there = [each for each in EXPORTED.values() if each.record is record]
    kinds = list(dict.fromkeys(each.kind for each in there))
    if not there:
        raise ValueError(f"capi: {record.name} has no compiled functions: it is no elementwise activation or function of rows")
    if kind not in kinds:
        raise ValueError(f"capi: {record.name} has no {kind!r}; there are {', '.join(kinds)}")
    dtypes = ", ".join(each.dtype for each in there if each.kind == kind)
    raise ValueError(f"capi: {record.name} has no {kind!r} in {dtype!r}; there are {dtypes}")


def address(name: str, kind: str = "forward", dtype: str = "float64") -> int:
    """The address of a compiled function.

    Parameters
    ----------
    name : str
        An elementwise activation, in any spelling that `fastact.get` takes, or softmax, log_softmax, softmin, sparsemax, entmax15
        or logsumexp.
    kind : str
        Of n elements: "forward", "backward", "backward_from_output" where the derivative can be had from the output, and
        "value_and_grad". Of one number: "value" and "derivative". Of rows: "forward", "backward" and, but for logsumexp,
        "backward_from_output".
    dtype : {"float32", "float64", "int64", "uint64"}
        Of all arrays and parameters. The integers are there for "forward" and "value" of the activations that keep integers.

    Returns
    -------
    address : int
        It stays as long as the process. Another process has others.

    Raises
    ------
    ValueError
        There is no such function. The message lists those that there are.
    ImportError
        The backend in use has no compiled kernels.

    Examples
    --------
    >>> from fastact import capi
    >>> capi.address("gelu", "forward", "float32") == capi.address("GELU", "forward", "float32")
    True
    """
    each = exported(name, kind, dtype)
    capsule = _capsules()[each.name]
    get_name, get_pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    found: int = get_pointer(capsule, get_name(capsule))
    return found


def signature(name: str, kind: str = "forward", dtype: str = "float64") -> str:
    """The C type of a function, as cffi reads it.

    Examples
    --------
    >>> from fastact import capi
    >>> capi.signature("elu", "backward", "float32")
    'void (*)(const float *dy, const float *x, float *dx, ptrdiff_t n, const float *parameters)'
    """
    each = exported(name, kind, dtype)
    return f"{each.returns} (*)({each.arguments})".replace("Py_ssize_t", "ptrdiff_t")


def function(name: str, kind: str = "forward", dtype: str = "float64") -> Any:
    """The function for ctypes: it takes addresses of arrays, such as ``x.ctypes.data``, and releases the GIL.

    That of "value" in float64 can be given to SciPy's ``LowLevelCallable``.

    Examples
    --------
    >>> from fastact import capi
    >>> round(capi.function("silu", "value")(1.0, None), 4)
    0.7311
    """
    each = exported(name, kind, dtype)
    number = _NUMBERS[dtype]
    arguments: list[Any] = [number, ctypes.c_void_p]
    if not each.of_number:
        inputs, outputs = each.operands
        sizes = 3 if each.of_rows else 1
        arguments = [ctypes.c_void_p] * len(inputs + outputs) + [ctypes.c_ssize_t] * sizes
        arguments += [] if each.of_rows else [ctypes.c_void_p]
    result: Any = number if each.of_number else None
    return ctypes.CFUNCTYPE(result, *arguments)(address(name, kind, dtype))
