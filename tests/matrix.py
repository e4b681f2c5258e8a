"""The matrix every test runs over: backend x activation x dtype, all from the records."""

import ml_dtypes
import numpy as np

import fastact

ACTIVATIONS = tuple(fastact.activations)
BACKENDS = fastact.backends.available()
FLOATS = (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)
