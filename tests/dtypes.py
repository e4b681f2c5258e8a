"""All dtypes that NumPy and ml_dtypes know, and which of them the functions take."""

import ml_dtypes
import numpy as np
from numpy._core._multiarray_umath import _get_sfloat_dtype
from numpy._core._rational_tests import rational


def known_dtypes():
    """All dtypes of NumPy, in both byte orders, and of ml_dtypes."""
    of_numpy = [np.dtype(kind) for kind in np.sctypeDict.values()]
    of_numpy += [
        np.dtype(kind) for kind in ("S3", "U2", "V4", "V2", "M8[s]", "m8[us]", [("x", "f4")], [("a", "f8"), ("b", "i4")])
    ]
    of_numpy += [np.dtype(("f4", (2,))).base, np.dtypes.StringDType()]
    of_ml_dtypes = [getattr(ml_dtypes, name) for name in dir(ml_dtypes)]
    of_others = [rational, _get_sfloat_dtype()(1.0)]  # in NumPy's tests: a dtype of another package, and one of the new style
    found = {}
    for dtype in [
        *of_numpy,
        *map(np.dtype, of_others),
        *(np.dtype(kind) for kind in of_ml_dtypes if isinstance(kind, type) and issubclass(kind, np.generic)),
    ]:
        for order in [dtype] if dtype.char in "T\0" else [dtype, dtype.newbyteorder()]:
            found.setdefault((str(order), order.str), order)
    return list(found.values())


#: By their classes, not by what the package says of them.
_TAKEN = (np.bool, np.integer, np.float16, np.float32, np.float64, ml_dtypes.bfloat16)


def _taken(dtype):
    kind = dtype.type or object
    return issubclass(kind, _TAKEN) and not issubclass(kind, np.timedelta64)  # which is an integer to NumPy


SUPPORTED = [dtype for dtype in known_dtypes() if _taken(dtype)]
UNSUPPORTED = [dtype for dtype in known_dtypes() if not _taken(dtype)]
