"""One benchmark per function, direction, size and peer; grouped so that the peers stand together."""

import numpy as np
import pytest


@pytest.mark.benchmark(disable_gc=True, max_time=0.2, min_rounds=3, warmup=False)
def test_speed(benchmark, case, size, peer, contestant):
    benchmark.group = f"{case.title} {case.direction}, {size:,} elements"
    benchmark.extra_info["statement"] = contestant.statement
    with np.errstate(all="ignore"):
        benchmark(contestant.call)
