# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The engine of elementwise functions: takes a call's arrays through the loops of one instruction set. It steers; it computes
nothing itself.

A call goes one of two ways. The fast path takes exact ndarrays of a float dtype, native and contiguous, straight into a loop;
those of 16 bits go tile by tile. The general path is a real ufunc, whose inner loop works in tiles that stay in the first-level
cache.

On either way large arrays become a job, a `LoopJob` or, with a bias, a `BiasJob`, whose chunks are shared out to threads. What is
larger than the caches is streamed past them. Neither changes a bit: an element's result does not depend on where it stands, and
sums are formed in blocks that the shape alone decides, added up in order.

What it shares with the engine of row functions stands in the .pxd files and in vectorcall.pxi. Its own files build on one another
in this order:

    thresholds.pxi   from what sizes on there are threads and streaming
    programs.pxi     `Kernel`: a loop of the table, or a program of steps that are such loops
    tiles.pxi        `Loop`, and one inner loop in tiles; `LoopJob`
    ufuncs.pxi       the general path: `run_ufunc`, `make_ufunc`
    sums.pxi         rows with a bias, and sums by column: `BiasJob`
    precision.pxi    whether a call is to be exact
    observe.pxi      what a monitor needs: calls that are handed over to it, and what it counts
    activation.pxi   the fast path of activations: `FastPath`, and the forward call
    observed.pxi     the forward call while a monitor is on
    backward.pxi     its other calls
    noise.pxi        calls with noise
    gated.pxi        the fast path of gated units: `GatedPath`
    operations.pxi   the primitive operations, one by one
    direct.pxi       calls from compiled code
"""

from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport NAN, fabs, isnan
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport llabs
from libc.string cimport memcpy, memmove, memset, strcmp

cimport cython
cimport numpy as cnp
from fastact.backends.native.engine.arguments cimport *
from fastact.backends.native.engine.jobs cimport *
from fastact.backends.native.engine.platform cimport *
from fastact.backends.native.engine.table cimport *
from fastact.backends.native.engine.types cimport *

import numpy as np

from fastact.runtime import team
from fastact.runtime.streaming import streaming

cnp.import_array()
cnp.import_umath()

join_team(team)

include "vectorcall.pxi"
include "thresholds.pxi"
include "programs.pxi"
include "tiles.pxi"
include "ufuncs.pxi"
include "sums.pxi"
include "precision.pxi"
include "observe.pxi"
include "activation.pxi"
include "observed.pxi"
include "backward.pxi"
include "noise.pxi"
include "gated.pxi"
include "operations.pxi"
include "direct.pxi"
