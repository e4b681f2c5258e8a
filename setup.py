"""The extension modules and their flags: the loops stamped from the registry, compiled once per instruction set.

Everything else about the package stands in pyproject.toml. Without a working C compiler the package installs on NumPy alone;
FASTACT_REQUIRE_KERNELS=1 makes that an error.
"""

import os
import platform
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CompileError, LinkError

ROOT = Path(__file__).parent.resolve()
NATIVE = Path("fastact/backends/native")
MSVC = sys.platform == "win32"
X86 = platform.machine().lower() in ("x86_64", "amd64")
ARM = platform.machine().lower() in ("arm64", "aarch64")

# What each backend of fastact/backends.py adds to the common flags.
if MSVC:
    COMMON = ["/O2", "/fp:precise", "/DCYTHON_INLINE=__forceinline"]
    INSTRUCTION_SETS = {"avx512": ["/arch:AVX512"], "avx2": ["/arch:AVX2"], "baseline": []}
    ENGINE, IF_KNOWN, OPENMP = ["/O2"], [], ["/openmp"]
else:
    # No -ffast-math, ever: NaN must stay NaN, and linking with it may change the process's treatment of subnormals.
    COMMON = [
        "-O3", "-g0", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off",
        "-DCYTHON_INLINE=inline __attribute__((always_inline))",
    ]  # fmt: skip
    # GCC's, where the compiler knows them: else it computes both arms of a clamp, a fifth of gelu's instructions.
    IF_KNOWN = ["-fno-tree-pre", "-fno-thread-jumps"]
    AVX2 = ["-mavx2", "-mfma", "-mf16c", "-mbmi", "-mbmi2"]
    AVX512 = [*AVX2, "-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mprefer-vector-width=512"]
    INSTRUCTION_SETS = {"avx512": AVX512, "avx2": AVX2, "baseline": []} if X86 else {"neon" if ARM else "baseline": []}
    # Tiles hold whatever type goes through them.
    ENGINE, OPENMP = ["-O2", "-g0", "-fno-strict-aliasing"], ["-fopenmp"]
if MSVC and not X86:
    INSTRUCTION_SETS = {"neon" if ARM else "baseline": []}

# Built once.
ENGINES = (
    "fastact.runtime.buffers",
    "fastact.runtime.team",  # the only one that needs OpenMP
    "fastact.backends.native.engine.elementwise",
    "fastact.backends.native.engine.rows",
)
TEAM = ENGINES[1]
SHARED = [
    *(f"fastact/runtime/{name}" for name in ("buffers.pxd", "team.h", "team.pxd")),
    *(f"{NATIVE}/engine/{name}" for name in ("table.h", "table.pxd")),
]
LOOPS = [
    f"{NATIVE}/loops/loops.pyx.in",
    *sorted(path.as_posix() for folder in ("loops", "formulas", "math", "simd") for path in (NATIVE / folder).glob("*.*")),
]
INCLUDED = [ROOT / "fastact/runtime", *(ROOT / NATIVE / folder for folder in ("engine", "loops", "math", "simd"))]


def translate(name: str, source: Path, work: Path) -> str:
    """The C file that Cython makes of a module, below the folder `work`."""
    from Cython.Build import cythonize

    extension = Extension(name, [str(source)])
    return cythonize([extension], build_dir=str(work), include_path=[str(ROOT)], quiet=True)[0].sources[0]


def write_variant(path: Path, loops: str, flags: list[str]) -> str:
    """A C file that is the loops under the name of one instruction set's module, and knows its flags."""
    told = " ".join(flag for flag in flags if "=inline" not in flag)
    included = Path(loops).resolve().as_posix()
    path.write_text(f'#define FASTACT_FLAGS "{told}"\n#define PyInit_loops PyInit_{path.stem}\n#include "{included}"\n')
    return str(path)


def loops_extension(name: str) -> Extension:
    return Extension(f"fastact.backends.native._{name}", LOOPS[:1], depends=[*LOOPS[1:], *SHARED])


def engine_extension(name: str) -> Extension:
    source = Path(*name.split(".")).with_suffix(".pyx")
    beside = sorted(path.as_posix() for path in source.parent.glob("*.*") if path.suffix in (".h", ".pxd", ".pxi"))
    return Extension(name, [source.as_posix()], depends=[*beside, *SHARED])


class BuildKernels(build_ext):
    """Stamp, translate and compile; go on without what cannot be compiled, unless FASTACT_REQUIRE_KERNELS is set."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extensions(self) -> None:
        import numpy

        os.environ["FASTACT_BACKEND"] = "numpy"  # the registry is wanted: kernels of an earlier build are of no interest
        sys.path.insert(0, str(ROOT))
        from fastact.backends.native.build.stamp import stamp
        from fastact.functions import entries

        work = Path(self.build_temp).resolve()
        loops = translate("loops", stamp(ROOT / NATIVE, entries.values(), work), work)
        known = [flag for flag in IF_KNOWN if self.knows(flag, work)]
        for extension in self.extensions:
            name = extension.name
            extension.include_dirs = [*map(str, INCLUDED), numpy.get_include()]
            extension.define_macros = [(f"NPY_{what}", "NPY_2_0_API_VERSION") for what in ("NO_DEPRECATED_API", "TARGET_VERSION")]
            if name in ENGINES:
                extension.sources = [translate(name, Path(extension.sources[0]), work)]
                extension.extra_compile_args = ENGINE
                if name.endswith("engine.elementwise"):  # draws from NumPy's generators by the functions of NumPy's own library
                    extension.libraries = ["npyrandom"]
                    extension.library_dirs = [str(Path(numpy.random.__file__).parent / "lib")]
                if name == TEAM:
                    extension.extra_compile_args = [*ENGINE, *OPENMP]
                    extension.extra_link_args = [] if MSVC else OPENMP
            else:
                variant = name.rpartition(".")[2]
                flags = [*COMMON, *known, *INSTRUCTION_SETS[variant.removeprefix("_")]]
                extension.sources = [write_variant(work / f"{variant}.c", loops, flags)]
                extension.extra_compile_args = flags
        self.left_out: list[str] = []
        super().build_extensions()
        if self.left_out == [TEAM]:
            sys.stderr.write(f"\nfastact: NOT BUILT: {TEAM}, for want of OpenMP. Every call runs on one thread.\n\n")
        elif self.left_out:
            sys.stderr.write(
                f"\nfastact: NOT BUILT: {', '.join(sorted(self.left_out))}. The package works without, on plain NumPy, "
                "slower. For the compiled kernels install a C compiler (Debian and Ubuntu: apt install gcc; macOS: xcode-select "
                "--install; Windows: the Visual Studio Build Tools) and install fastact again.\n\n"
            )

    def knows(self, flag: str, work: Path) -> bool:
        """Whether the compiler takes this flag without complaint."""
        probe = work / "probe.c"
        probe.write_text("int probe;\n")
        try:
            self.compiler.compile([str(probe)], output_dir=str(work), extra_postargs=["-Werror", flag])
        except (BaseError, CompileError, OSError):
            return False
        return True

    def build_extension(self, extension: Extension) -> None:
        try:
            super().build_extension(extension)
        except (BaseError, CompileError, LinkError, OSError):
            if os.environ.get("FASTACT_REQUIRE_KERNELS") and extension.name != TEAM:
                raise
            self.left_out.append(extension.name)

    def get_outputs(self) -> list[str]:
        return [path for path in super().get_outputs() if os.path.exists(path)]


if __name__ == "__main__":
    setup(
        ext_modules=[
            *map(engine_extension, ENGINES),
            *map(loops_extension, INSTRUCTION_SETS),
        ],
        cmdclass={"build_ext": BuildKernels},
    )
