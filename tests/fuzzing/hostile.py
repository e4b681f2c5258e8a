"""Arguments that change others while they are converted."""

import contextlib
import warnings

import numpy as np


def resized(array):
    array.resize((1, 1), refcheck=False)


def grown(array):
    array.resize((4000, 100), refcheck=False)


def reshaped(array):
    array.shape = (array.size,)


def retyped(array):
    array.dtype = np.int8


def widened(array):
    array.strides = (0,) * array.ndim


def locked(array):
    array.flags.writeable = False


CHANGES = [resized, grown, reshaped, retyped, widened, locked]


class Hostile:
    """Changes an array whenever it is converted to something, then gives what was asked for."""

    def __init__(self, value, change, *victims):
        self.value, self.change, self.victims = value, change, victims

    def strike(self):
        for victim in self.victims:
            with contextlib.suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                self.change(victim)

    def __index__(self):
        self.strike()
        return int(self.value)

    def __float__(self):
        self.strike()
        return float(self.value)

    def __array__(self, dtype=None, copy=None):
        self.strike()
        return np.asarray(self.value)

    def __len__(self):
        self.strike()
        return len(self.value)

    def __getitem__(self, i):
        self.strike()
        return self.value[i]
