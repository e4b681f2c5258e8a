#!/bin/bash
# Builds the package with AddressSanitizer and UndefinedBehaviorSanitizer into a folder of its own, build/sanitize, and runs tests there:
#
#     bash tests/sanitizers.sh                        # tests/calls and what concerns memory and threads, then random calls
#     bash tests/sanitizers.sh tests/calls -k relu    # pytest's arguments
#
# PYTHON names another interpreter than `python`; SANITIZE other sanitizers than address,undefined. With a build at hand it compiles
# what has changed.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python}
sanitizers=${SANITIZE:-address,undefined}
place=$root/build/sanitize
mkdir -p "$place"
cd "$root"
git ls-files --cached --others --exclude-standard -z | while IFS= read -r -d '' file; do
    [ -e "$file" ] && ! cmp -s "$file" "$place/$file" && { mkdir -p "$place/$(dirname "$file")"; cp -p "$file" "$place/$file"; }
done || true
cd "$place"
find fastact -name '*.so' -delete # the build imports the package, and these can only be loaded behind the sanitizer's library
# -O1 would come before the -O3 of setup.py; the loops are compiled as they are shipped.
export CFLAGS="-fsanitize=$sanitizers -fno-sanitize-recover=undefined -fno-omit-frame-pointer -Wno-maybe-uninitialized"
export LDFLAGS="-fsanitize=$sanitizers"
FASTACT_REQUIRE_KERNELS=1 "$python" setup.py -q build_ext --inplace
unset CFLAGS LDFLAGS
compiler=${CC:-gcc}
# Python allocates as always, so that the sanitizer sees each array; NumPy's and Python's own leaks at exit are not ours.
export LD_PRELOAD="$($compiler -print-file-name=libasan.so) $($compiler -print-file-name=libubsan.so)"
export PYTHONMALLOC=malloc
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:${UBSAN_OPTIONS:-}
export PYTHONPATH=$place FASTACT_CACHE_MB=0
if [ $# -eq 0 ]; then
    set -- tests/calls tests/runtime tests/functions/test_noise.py tests/backends/test_row_paths.py tests/backends/test_values.py
    set -- "$@" --ignore tests/calls/test_fuzz.py # it comes below
    "$python" tests/fuzz.py --calls "${FUZZ_CALLS:-5000}" --seed "${FUZZ_SEED:-0}"
fi
exec "$python" -m pytest -q -p no:cacheprovider "$@"
