# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The engine of functions of rows and losses: takes arrays through programs of steps on the loops of one instruction set.

Which steps make up a function stands in formulas/rows.py; the table of loops brings its programs along. From a call to the steps:

    row_path.pxi, loss_path.pxi     contiguous arrays, nothing special asked, straight from the vectorcall
    row_arithmetic.pxi              any other arrays, checked by the Python classes of calls/rows.py and losses.py
    row_ufuncs.pxi                  what NumPy's generalized ufuncs hand over
    row_direct.pxi                  calls from compiled code
        row_jobs.pxi                all rows of a call, in panels, shared out to threads in chunks
            panels.pxi              one panel through the passes of a program
                row_tiles.pxi       where it is worked on: in place or in tiles; scale and masks
                row_access.pxi      the elements of an operand, of any dtype

What a call is made of stands in row_calls.pxi, whether it is to be exact in precision.pxi.

Contiguous rows are taken along themselves, some at a time. Those of other axes, and short ones, are taken side by side, so that
vectors always have work.
"""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.limits cimport LONG_MAX
from libc.math cimport INFINITY, NAN
from libc.stdint cimport uintptr_t
from libc.stdlib cimport free, llabs, malloc
from libc.string cimport memcpy, memset, strcmp

cimport cython
cimport numpy as cnp
from fastact.backends.native.engine.arguments cimport *
from fastact.backends.native.engine.jobs cimport *
from fastact.backends.native.engine.platform cimport *
from fastact.backends.native.engine.table cimport *
from fastact.backends.native.engine.types cimport *

import sys

import numpy as np

from fastact.backends.native.dispatch import settle_integers
from fastact.backends.numpy.losses import nll_loss
from fastact.calls.arrays import CHANGED
from fastact.functions import row_functions
from fastact.runtime import team
from fastact.runtime.caches import caches

cnp.import_array()
cnp.import_umath()

join_team(team)

include "vectorcall.pxi"
include "precision.pxi"
include "row_access.pxi"
include "row_calls.pxi"
include "row_tiles.pxi"
include "panels.pxi"
include "row_jobs.pxi"
include "row_arithmetic.pxi"
include "row_ufuncs.pxi"
include "row_path.pxi"
include "loss_path.pxi"
include "row_direct.pxi"
