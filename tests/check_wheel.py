"""Whether an installed wheel is whole: run outside of the source tree, right after the installation.

    python tests/check_wheel.py

It holds all kernels that its platform can have; those that the processor can run do load; no other library came along.
"""

import importlib.util
import sys
import sysconfig
from pathlib import Path

import fastact
from fastact import backends

#: The instruction sets in a wheel, by the platform's name.
SETS = {
    "x86_64": ("avx512", "avx2", "baseline"),
    "amd64": ("avx512", "avx2", "baseline"),
    "arm64": ("neon",),
    "aarch64": ("neon",),
}


def missing(package, sets):
    """The compiled modules that are not there, whether or not this processor can run them."""
    names = [f"fastact.backends.native._{name}" for name in sets]
    names += [f"fastact.backends.native.engine.{name}" for name in ("elementwise", "rows")]
    names += [f"fastact.runtime.{name}" for name in ("buffers", "team", "cpuid")]
    specs = {name: importlib.util.find_spec(name) for name in names}
    return [name for name, spec in specs.items() if spec is None or not Path(spec.origin).is_relative_to(package)]


def main():
    package = Path(fastact.__file__).parent
    fastact.show_config()
    machine = sysconfig.get_platform().rpartition("-")[2]
    assert package.is_relative_to(sysconfig.get_path("platlib")), f"not what was installed: {package}"
    assert (package / "py.typed").exists()
    assert "gelu: " in (package / "__init__.pyi").read_text("utf-8")
    assert not missing(package, SETS[machine]), missing(package, SETS[machine])
    assert fastact.backend() != "numpy", backends.obstacles()
    for name in backends.available():
        assert abs(backends.load(name).gelu(1.0) - 0.8413447460685429) < 1e-15, name
    maps = Path("/proc/self/maps")
    loaded = {line.split()[-1] for line in maps.read_text().splitlines() if "/" in line} if maps.exists() else set()
    ours = {path for path in loaded if "fastact" in path}
    assert not [path for path in loaded if "libgomp" in path], "a library of OpenMP was loaded"
    print(f"{len(ours)} compiled modules of {machine} are loaded, backends {', '.join(backends.available())}")


if __name__ == "__main__":
    sys.exit(main())
