#!/bin/bash
# Cross-compiles the package for 64-bit ARM on another machine with Debian, and runs tests there under emulation:
#
#     bash tests/neon.sh                                          # values, equivalence, accuracy
#     bash tests/neon.sh --quick                                  # the same without what takes long
#     bash tests/neon.sh tests/calls/test_rows.py -k softmax      # pytest's arguments
#     bash tests/neon.sh --python -m fastact verify gelu          # Python's arguments
#     bash tests/neon.sh --count                                  # instructions per element beside those of AVX2, as built here
#
# It always builds what has changed, and checks the machine code: every loop is vectorised, and calls nothing.
#
# What it takes: apt install gcc-aarch64-linux-gnu qemu-user-static. ARM's Python, of this release of Debian, and its wheels are unpacked
# below build/neon; nothing of them is installed. What is not to be had ends it with status 77. Cython runs on this machine's Python.
#
# PYTHON names another interpreter than `python` for the build; CC another compiler, such as clang; QEMU_CPU another processor than one
# that has nothing beyond NEON.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python}
compiler=${CC:-aarch64-linux-gnu-gcc}
place=$root/build/neon
system=$place/system
export QEMU_CPU=${QEMU_CPU:-cortex-a72}

lacking() {
    echo "NEON was not tested, for want of $1. It takes: apt install gcc-aarch64-linux-gnu qemu-user-static, and packages of Debian and PyPI."
    exit 77
}

for tool in "${compiler%% *}" aarch64-linux-gnu-objdump qemu-aarch64-static apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || lacking "$tool"
done

# ---- ARM's system: Python and what it needs, from Debian ----
if [ ! -e "$system/complete" ]; then
    apt=$place/apt
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$system"
    touch "$apt/status"
    options=(-qq -y -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root -o Debug::NoLocking=1
        -o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt")
    apt-get "${options[@]}" update || lacking "Debian's lists of packages"
    apt-get "${options[@]}" install --no-install-recommends --download-only python3 libpython3-dev libstdc++6 ||
        lacking "ARM's Python"
    for package in "$apt"/archives/*.deb; do
        dpkg-deb -x "$package" "$system"
    done
    touch "$system/complete"
fi
interpreter=$(readlink "$system/usr/bin/python3") # python3.11

# ---- a virtual environment for it, whose python is the emulator with that Python ----
venv=$place/venv
site=$venv/lib/$interpreter/site-packages
mkdir -p "$venv/bin" "$site"
printf 'home = %s\n' "$system/usr/bin" >"$venv/pyvenv.cfg"
cat >"$venv/bin/python" <<END
#!/bin/sh
exec qemu-aarch64-static -L "$system" -0 "$venv/bin/python" "$system/usr/bin/$interpreter" "\$@"
END
chmod +x "$venv/bin/python"
wheels=(numpy scipy ml_dtypes mpmath gmpy2 hypothesis pytest pytest-xdist)
if [ "$(cat "$venv/wheels" 2>/dev/null)" != "${wheels[*]}" ]; then
    platforms=(manylinux2014_aarch64 $(printf 'manylinux_2_%s_aarch64 ' {17..40})) # as many as there are: pip takes each for one alone
    "$python" -m pip --quiet --disable-pip-version-check install --upgrade --target "$site" --only-binary=:all: --python-version "${interpreter#python}" \
        --implementation cp "${platforms[@]/#/--platform=}" "${wheels[@]}" || lacking "ARM's wheels"
    echo "${wheels[*]}" >"$venv/wheels"
fi

# ---- the build: setup.py, told by sysconfig's own data what Python it builds for ----
case $compiler in *clang*) compiler="$compiler --target=aarch64-linux-gnu" ;; esac
name=$(basename "${compiler%% *}")
built=$place/$name
data=_sysconfigdata__aarch64-linux-gnu
mkdir -p "$place/sysconfig"
sed "s#'/usr/#'$system/usr/#g" "$system/usr/lib/$interpreter/$data.py" >"$place/sysconfig/$data.py"
# C that Cython made for this machine is taken over: it does not depend on the machine.
translated=$built/kernels-linux-aarch64-$("$python" -c 'import sys; print(sys.implementation.cache_tag)')/c
mkdir -p "$translated"
cp -pu "$root"/build/kernels-*/c/*.{c,key} "$translated" 2>/dev/null || true
(
    cd "$root"
    export FASTACT_REQUIRE_KERNELS=1 FASTACT_BUILD_DIR=$built PYTHONPATH=$place/sysconfig CC=$compiler
    export _PYTHON_HOST_PLATFORM=linux-aarch64 _PYTHON_SYSCONFIGDATA_NAME=$data
    export CPPFLAGS="--sysroot=$system -I$site/numpy/_core/include" LDFLAGS="--sysroot=$system -L$site/numpy/random/lib"
    unset FASTACT_INSTRUCTION_SETS
    "$python" setup.py -q build_ext --build-lib "$built/modules"
)

# ---- machine code ----
cd "$root"
unset FASTACT_BACKEND
neon=$(echo "$built"/modules/fastact/backends/native/_neon.*.so)
avx2=$(echo fastact/backends/native/_avx2.*.so)
PYTHONPATH=$root "$python" tests/backends/machine_code.py check "neon=$neon"
if [ "${1:-}" = --count ]; then
    PYTHONPATH=$root exec "$python" tests/backends/machine_code.py count "avx2=$avx2" "neon=$neon"
fi

# ---- tests ----
export PYTHONPATH=$root:$built/modules # the source tree's packages find the compiled modules of the other folder
if [ "${1:-}" = --python ]; then
    exec "$venv/bin/python" "${@:2}"
fi
chosen=neon
if [ "${1:-}" = --quick ]; then
    shift
    chosen="neon and not mpmath and not bit_patterns"
fi
if [ $# -eq 0 ]; then
    set -- tests/backends/test_{values,equivalence,accuracy,exact_digests}.py -k "$chosen"
fi
"$venv/bin/python" -m fastact | grep -E "^(backend|built with): "
exec "$venv/bin/python" -m pytest -q -p no:cacheprovider -n "$(nproc)" "$@"
