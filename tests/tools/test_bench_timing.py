"""The stopwatch."""

import gc

from fastact.tools.bench.timing import measure
from fastact.tools.peers.contestant import Contestant


def test_the_stopwatch_leaves_the_garbage_collector_on(haste):
    slow = Contestant("numpy", "sum(range(100))", {})
    fast = Contestant("numpy", "sum(range(10))", {})
    assert gc.isenabled()
    seconds = measure([slow, fast], haste)
    assert gc.isenabled()
    assert all(0 < s < 1 for s in seconds)
