"""The extension modules and their flags: the loops stamped from the registry, compiled once per instruction set.

Everything else about the package stands in pyproject.toml. Without a working C compiler the package installs on NumPy alone;
FASTACT_REQUIRE_KERNELS=1 makes that an error.

FASTACT_INSTRUCTION_SETS="avx2 baseline" leaves out all kernels but these, for a try with another compiler.

The folder build/kernels-* keeps what was stamped, translated and compiled, whichever command asked for it (FASTACT_BUILD_DIR
tells another place than build/). Cython goes by the content of its inputs, and files are written only if their content changes.
So a module is compiled again only if its own C, a header, a flag or a tool has changed.
"""

import contextlib
import gzip
import hashlib
import os
import platform
import runpy
import shutil
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.errors import BaseError, CompileError, LinkError, SetupError

ROOT = Path(__file__).parent.resolve()
NATIVE = Path("fastact/backends/native")
MSVC = sys.platform == "win32"
# The platform that Python was built for tells what to build, also where a cross compiler does (tests/neon.sh).
MACHINE = sysconfig.get_platform().rpartition("-")[2]
MACHINE = platform.machine().lower() if MACHINE == "universal2" else MACHINE
X86, ARM = MACHINE in ("x86_64", "amd64"), MACHINE in ("arm64", "aarch64")

# What each backend of fastact/backends/choice.py adds to the common flags.
if MSVC:
    COMMON = ["/O2", "/fp:precise", "/DCYTHON_INLINE=__forceinline"]
    INSTRUCTION_SETS = {"avx512": ["/arch:AVX512"], "avx2": ["/arch:AVX2"], "baseline": []}
    ENGINE, ROWS_ENGINE, SMALL, STRIPPED, IF_KNOWN = ["/O2"], [], ["/O1"], [], []
else:
    # No -ffast-math, ever: NaN must stay NaN, and linking with it may change the process's treatment of subnormals.
    COMMON = [
        "-O3", "-g0", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off",
        "-DCYTHON_INLINE=inline __attribute__((always_inline))",
    ]  # fmt: skip
    # GCC's, where the compiler knows them: else it computes both arms of a clamp, a fifth of gelu's instructions.
    IF_KNOWN = ["-fno-tree-pre", "-fno-thread-jumps"]
    if ARM:  # a constant takes one instruction to load, not two: gelu of float64 a fifth less
        IF_KNOWN.append("-mpc-relative-literal-loads")
    AVX2 = ["-mavx2", "-mfma", "-mf16c", "-mbmi", "-mbmi2"]
    AVX512 = [*AVX2, "-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mprefer-vector-width=512"]
    INSTRUCTION_SETS = {"avx512": AVX512, "avx2": AVX2, "baseline": []} if X86 else {"neon" if ARM else "baseline": []}
    # Tiles hold whatever type goes through them.
    ENGINE = ["-O2", "-g0", "-fno-strict-aliasing"]
    # A call of rows or of a loss takes many small steps. At -O2 GCC calls some of them: 3 to 5 % of a small loss's time.
    ROWS_ENGINE = ["-O3"]
    # Hundreds of functions of a few instructions, whose names the module has besides.
    SMALL = ["-Os", "-g0", "-fno-asynchronous-unwind-tables"]
    STRIPPED = ["-Wl,-s"] if sys.platform == "linux" else []
if MSVC and not X86:
    INSTRUCTION_SETS = {"neon" if ARM else "baseline": []}
if chosen := os.environ.get("FASTACT_INSTRUCTION_SETS", "").split():
    INSTRUCTION_SETS = {name: INSTRUCTION_SETS[name] for name in chosen}

# Built once.
ENGINES = (
    "fastact.runtime.buffers",
    "fastact.runtime.team",
    "fastact.runtime.cpuid",
    "fastact.backends.native.engine.elementwise",
    "fastact.backends.native.engine.rows",
)
#: What compiled code of others calls; it is stamped.
API = "fastact.cython_api"
#: Modules and packages that only the build and the developers run. A source distribution has them, a wheel does not.
WORKSHOP = (
    "fastact.backends.native.build",
    "fastact.backends.native.formulas",
    "fastact.numerics.approximations",
    "fastact.numerics.fit",
    "fastact.tools.stubs",
    "fastact.tools.trial",
)
#: That of the files in a source distribution, unless SOURCE_DATE_EPOCH tells another: 2020-01-01.
DATE = 1_577_836_800
INCLUDED = [Path("fastact/runtime"), *(NATIVE / folder for folder in ("engine", "loops", "math", "simd"))]
#: What the build writes into the package for Cython.
DECLARATIONS = "cython_api.pxd"
#: What every extension is made of besides its own source. It is listed for the source distribution.
SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for suffix in ("h", "in", "pxd", "pxi", "pyx")
    for path in ROOT.glob(f"fastact/**/*.{suffix}")
    if path.name != DECLARATIONS
)


def write(path: Path, text: str) -> Path:
    """Write a file if this is news: see there."""
    from fastact.backends.native.build.write import write

    return write(path, text)


@contextlib.contextmanager
def in_one_line() -> Iterator[None]:
    """What is wrong with a record or a text stops the build with one line, which says where."""
    try:
        yield
    except SetupError:
        raise
    except Exception as error:
        # by its path: nothing of the package can be imported while a record is wrong
        place = runpy.run_path(str(ROOT / NATIVE / "build" / "mistakes.py"))["place"]
        raise SetupError(place(error)) from error


def engine_extension(name: str) -> Extension:
    return Extension(name, [Path(*name.split(".")).with_suffix(".pyx").as_posix()], depends=SOURCES)


def api_extension() -> Extension:
    return Extension(API, [f"{NATIVE}/api/cython_api.pyx.in"], depends=SOURCES)


def loops_extension(name: str) -> Extension:
    return Extension(f"fastact.backends.native._{name}", [f"{NATIVE}/loops/loops.pyx.in"], depends=SOURCES)


class BuildKernels(build_ext):
    """Stamp, translate and compile; go on without what cannot be compiled, unless FASTACT_REQUIRE_KERNELS is set."""

    work = Path(
        os.environ.get("FASTACT_BUILD_DIR", "build"), f"kernels-{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
    )

    required = bool(os.environ.get("FASTACT_REQUIRE_KERNELS"))

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()
        self.build_temp = self.work.anchor or os.curdir  # so that an object lies beside its source

    def run(self) -> None:
        super().run()
        if self.inplace:
            write_made(ROOT / "fastact")

    def stamp(self) -> Path:
        """Write the loops' Cython; its path."""
        from fastact.backends.native.build.stamp import stamp
        from fastact.functions import entries

        return stamp(NATIVE, entries.values(), self.work / "stamped")

    def build_extensions(self) -> None:
        import Cython
        import numpy

        asked, self.build_lib = self.build_lib, str(self.work / "modules")
        self.left_out: list[str] = []
        self.work.mkdir(parents=True, exist_ok=True)
        with in_one_line():
            stamped = self.stamp()
        known = [flag for flag in IF_KNOWN if self.knows(flag)]
        self.versions = f"Cython {Cython.__version__}, NumPy {numpy.__version__}, Python {sys.version}"
        loops = self.translate("loops", stamped)
        for extension in self.extensions:
            extension.include_dirs = [*map(str, INCLUDED), str(stamped.parent), numpy.get_include()]
            extension.define_macros = [(f"NPY_{what}", "NPY_2_0_API_VERSION") for what in ("NO_DEPRECATED_API", "TARGET_VERSION")]
            if extension.name in ENGINES:
                folders = self.prepare_engine(extension)
            elif extension.name == API:
                folders = self.prepare_api(extension)
            else:
                folders = [stamped.parent, *self.prepare_loops(extension, loops, known)]
            headers = (str(path) for folder in folders for path in folder.glob("*.h"))
            extension.depends = [*extension.depends, f"{NATIVE}/engine/table.h", self.settings(extension), *headers]
        super().build_extensions()
        self.build_lib = asked
        self.hand_over()
        self.report()
        if len(self.left_out) == len(self.extensions):
            self.distribution.ext_modules = []  # what there is runs anywhere: `BuildWheel` says so

    def settings(self, extension: Extension) -> str:
        """A file with its flags, and the tools: when one of them changes, it is compiled again."""
        flags = (extension.define_macros, extension.extra_compile_args, extension.extra_link_args, extension.libraries)
        told = [self.versions, getattr(self.compiler, "compiler_so", None), *flags]
        return str(write(self.work / "settings" / f"{extension.name}.txt", "\n".join(map(str, told))))

    def prepare_engine(self, extension: Extension) -> list[Path]:
        """Set source and flags; the folders of its headers."""
        import numpy

        source = Path(extension.sources[0])
        extension.sources, extension.depends = [self.translate(extension.name, source)], []
        extension.extra_compile_args = [*ENGINE, *(ROWS_ENGINE if extension.name.endswith("engine.rows") else [])]
        if extension.name.endswith("engine.elementwise"):  # draws from NumPy's generators by functions of NumPy's own library
            extension.libraries = ["npyrandom"]
            extension.library_dirs = [str(Path(numpy.random.__file__).parent / "lib")]
        if extension.name.endswith("runtime.team") and not MSVC:
            extension.extra_compile_args, extension.extra_link_args = [*ENGINE, "-pthread"], ["-pthread"]
        return [source.parent, Path("fastact/runtime")]

    def prepare_api(self, extension: Extension) -> list[Path]:
        """Set source and flags; the folders of its headers."""
        from fastact.backends.native.build.api import stamp_api

        with in_one_line():
            stamped = stamp_api(NATIVE / "api", self.work / "api")
        extension.sources, extension.depends = [self.translate(extension.name, stamped)], []
        extension.extra_compile_args, extension.extra_link_args = SMALL, STRIPPED
        return []

    def prepare_loops(self, extension: Extension, loops: str, known: list[str]) -> list[Path]:
        """Set source and flags; the folders of its headers."""
        name = extension.name.rpartition(".")[2]
        flags = [*COMMON, *known, *INSTRUCTION_SETS[name.removeprefix("_")]]
        extension.sources, extension.depends = [self.variant(name, loops, flags)], [loops]
        extension.extra_compile_args = flags
        return [NATIVE / folder for folder in ("loops", "math", "simd")]

    def report(self) -> None:
        """Tell what is missing, and what to do."""
        if self.left_out:
            from fastact.runtime.hints import WITH_KERNELS

            sys.stderr.write(
                f"\nfastact: NOT BUILT: {', '.join(sorted(self.left_out))}. The package works without, on plain NumPy, slower. "
                "For the compiled kernels there must be a C compiler (Debian and Ubuntu: apt install gcc; macOS: xcode-select "
                f"--install; Windows: the Visual Studio Build Tools): {WITH_KERNELS}.\n\n"
            )

    def translate(self, name: str, source: Path) -> str:
        """The C file of a module. Without the source as comments it stays the same after an edit of a comment."""
        from fastact.backends.native.build.translate import texts, translate

        target, key = (self.work / "c" / f"{name}.{suffix}" for suffix in ("c", "key"))
        declared = [Path(path) for path in SOURCES if path.endswith(".pxd")]
        read = [*texts(source), *source.parent.glob(DECLARATIONS), *declared]
        content = [self.versions, *(path.name + path.read_text(encoding="utf-8") for path in read)]
        digest = hashlib.sha256("".join(content).encode()).hexdigest()
        if not (target.exists() and key.exists() and key.read_text() == digest):
            with in_one_line():
                made = translate(name, source, None if self.work in source.parents else self.work / "translated")
            write(target, made.read_text(encoding="utf-8"))
            write(key, digest)
        return str(target)

    def variant(self, name: str, loops: str, flags: list[str]) -> str:
        """A C file that is the loops under the name of one instruction set's module, and knows its flags."""
        told = " ".join(flag for flag in flags if "=inline" not in flag)
        head = f'#define FASTACT_FLAGS "{told}"\n#define PyInit_loops PyInit_{name}\n#define FASTACT_LOOPS{name}\n'
        return str(write(Path(loops).with_name(f"{name}.c"), f'{head}#include "{Path(loops).name}"\n'))

    def knows(self, flag: str) -> bool:
        """Whether the compiler takes this flag without complaint."""
        probe = self.work / "probe.c"
        probe.write_text("int probe;\n")
        try:
            self.compiler.compile([str(probe)], output_dir=self.build_temp, extra_postargs=["-Werror", flag])
        except (BaseError, CompileError, OSError):
            return False
        return True

    def build_extension(self, extension: Extension) -> None:
        try:
            super().build_extension(extension)
        except (BaseError, CompileError, LinkError, OSError):
            if self.required:
                raise
            self.left_out.append(extension.name)
            extension.optional = True  # or setuptools insists on copying it

    def hand_over(self) -> None:
        """Copy the modules to where the command wants them. They get a new date, so that older ones give way to them."""
        for extension in self.extensions:
            if extension.name not in self.left_out:
                target = Path(self.get_ext_fullpath(extension.name))
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)  # written over, it would crash processes that run it
                shutil.copyfile(self.work / "modules" / self.get_ext_filename(extension.name), target)

    def get_outputs(self) -> list[str]:
        return [path for path in super().get_outputs() if os.path.exists(path)]


class BuildPython(build_py):
    """Copy the package, without the workshop and what an earlier build left there, and write what type checkers read."""

    def run(self) -> None:
        if not self.editable_mode and Path("build") in Path(self.build_lib).parents:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        if not self.editable_mode:
            write_made(Path(self.build_lib) / "fastact")

    def build_module(self, module: str, module_file: str, package: str) -> tuple[str, bool] | None:
        if f"{package}.{module}".startswith(WORKSHOP):
            return None
        return super().build_module(module, module_file, package)


class BuildWheel(bdist_wheel):
    """A wheel without kernels is one of Python alone, for any platform: it must not pass for one that has some."""

    def run_command(self, command: str) -> None:
        super().run_command(command)
        if command == "build" and not self.distribution.has_ext_modules():
            self.root_is_pure = True


class BuildSource(sdist):
    """A source distribution that is the same, byte by byte, whenever and wherever it is made of the same files."""

    def make_archive(self, base_name: str, format: str, root_dir=None, base_dir=None, owner=None, group=None) -> str:  # type: ignore[no-untyped-def]
        if format != "gztar":
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)
        date = int(os.environ.get("SOURCE_DATE_EPOCH", DATE))

        def made_equal(member: tarfile.TarInfo) -> tarfile.TarInfo:
            member.mtime, member.uid, member.gid, member.uname, member.gname = date, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            return member

        path = f"{base_name}.tar.gz"
        self.mkpath(os.path.dirname(path))
        with (
            open(path, "wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=date) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for found in sorted(Path(base_dir).rglob("*")):
                archive.add(found, found.as_posix(), recursive=False, filter=made_equal)
        return path


def write_made(package: Path) -> None:
    """Write what type checkers read, and Cython."""
    with in_one_line():
        from fastact.backends.native.build.api import fill_in
        from fastact.tools.stubs import stub

        write(package / "__init__.pyi", stub())
        write(package / DECLARATIONS, fill_in(NATIVE / "api", DECLARATIONS))


if __name__ == "__main__":
    # The build reads the records of the package, and needs no kernels of an earlier one.
    sys.path.insert(0, str(ROOT))
    os.environ["FASTACT_BACKEND"] = "numpy"
    sys.modules["fastact.runtime.team"] = None  # type: ignore[assignment]
    setup(
        # the long ones first: they are shared out to the processors in this order
        ext_modules=[*map(loops_extension, INSTRUCTION_SETS), *map(engine_extension, ENGINES), api_extension()],
        cmdclass={"build_ext": BuildKernels, "build_py": BuildPython, "bdist_wheel": BuildWheel, "sdist": BuildSource},
    )
