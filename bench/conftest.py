"""`python -m pytest bench`: every function against NumPy, PyTorch, JAX, SciPy and numexpr, those that are installed.

The cases come from fastact/tools/bench, what each peer does from fastact/tools/peers. `--smoke` runs each once, on few elements.
"""

import pytest

from fastact import backends
from fastact.tools import peers
from fastact.tools.bench.cases import SIZES, cases
from fastact.tools.bench.workspace import Workspace

SMOKE_SIZES = (16, 1000)


def pytest_addoption(parser):
    group = parser.getgroup("fastact")
    group.addoption("--smoke", action="store_true", help="only see whether it works: tiny arrays, each call once")
    group.addoption("--dtype", choices=["float32", "float64"], default="float32")
    group.addoption("--fresh", action="store_true", help="a new array for every result, instead of out=")
    group.addoption("--threads", type=int, default=1, help="how many, of those who have any")
    group.addoption("--sizes", type=int, nargs="+", help="numbers of elements")
    group.addoption("--row-length", type=int, nargs="+", default=[], help="lengths of the fused functions' rows")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    if config.option.smoke:
        config.option.benchmark_disable = True


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        sizes = metafunc.config.option.sizes or (SMOKE_SIZES if metafunc.config.option.smoke else SIZES)
        chosen = cases(rows=metafunc.config.option.row_length, from_output=True)
        cells = [(case, size) for size in sizes for case in chosen if case.row <= size]
        ids = [f"{case.name}{f'-rows{case.row}' if case.row else ''}-{case.direction}-{size}" for case, size in cells]
        metafunc.parametrize(("case", "size"), cells, ids=ids)
        metafunc.parametrize("peer", [name for name, peer in peers.PEERS.items() if peer.installed])


@pytest.fixture(scope="session")
def workspace(request):
    option = request.config.option
    sizes = option.sizes or (SMOKE_SIZES if option.smoke else SIZES)
    return Workspace(max(sizes), option.dtype, backends.current(), option.fresh, option.threads)


@pytest.fixture
def contestant(case, size, peer, workspace):
    """The peer's way to compute the case."""
    with peers.threads(workspace.setting.threads, peer):
        found = peers.find(peer, *case.key, workspace.operands(case, size))
        if found is None:
            pytest.skip(f"{peer} has no {case.name} {case.direction}")
        yield found
