/* What the engine asks of the processor: which instruction sets it can run, its exception flags, and about its caches. */
#ifndef FASTACT_PLATFORM_H
#define FASTACT_PLATFORM_H

#include <stddef.h>
#include <stdint.h>
#ifndef _WIN32
#include <unistd.h>
#endif

#if defined(__x86_64__) || defined(_M_X64)

#include <immintrin.h>
#ifdef _MSC_VER
#include <intrin.h>
static void fastact_cpuid(uint32_t leaf, uint32_t r[4]) { __cpuidex((int *)r, (int)leaf, 0); }
static uint64_t fastact_xgetbv(void) { return _xgetbv(0); }
#else
#include <cpuid.h>
static void fastact_cpuid(uint32_t leaf, uint32_t r[4]) {
    r[0] = r[1] = r[2] = r[3] = 0;
    __get_cpuid_count(leaf, 0, &r[0], &r[1], &r[2], &r[3]);
}
static uint64_t fastact_xgetbv(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}
#endif

/* 0: baseline; 1: also avx2, fma, f16c, bmi, bmi2; 2: also avx512 f, dq, bw, vl. The processor must have them (CPUID) and the
   operating system save their registers (XGETBV). */
static inline int fastact_x86_level(void) {
    uint32_t leaf[4], leaf7[4];
    fastact_cpuid(0, leaf);
    if (leaf[0] < 7) return 0;
    fastact_cpuid(1, leaf);
    fastact_cpuid(7, leaf7);
    const uint32_t osxsave = 1u << 27, avx = 1u << 28, fma = 1u << 12, f16c = 1u << 29;
    const uint32_t bmi = 1u << 3, avx2 = 1u << 5, bmi2 = 1u << 8;
    const uint32_t avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* f, dq, bw, vl */
    const uint32_t need = osxsave | avx | fma | f16c, need7 = bmi | avx2 | bmi2;
    if ((leaf[2] & need) != need || (leaf7[1] & need7) != need7) return 0;
    uint64_t saved = fastact_xgetbv();
    if ((saved & 0x06) != 0x06) return 0;
    return (leaf7[1] & avx512) == avx512 && (saved & 0xe6) == 0xe6 ? 2 : 1;
}

/* Kernels compute on both arms of every choice and may raise flags that mean nothing: put back what was there.

   Meanwhile every thread is in the default mode, whatever the caller's is: subnormals are kept, results are rounded to nearest,
   and nothing traps. So neither the number of threads nor the way in changes a bit: the team's threads have modes of their own, and
   some conversions of 16-bit types obey a mode that others ignore. In the default mode this costs a comparison. */
#define FASTACT_MODES 0xe040u /* flush to zero, rounding, denormals are zero */
#define FASTACT_MASKS 0x1f80u /* what does not trap */
typedef unsigned int fastact_flags;
static inline fastact_flags fastact_save_flags(void) {
    fastact_flags saved = _mm_getcsr();
    if ((saved & (FASTACT_MODES | FASTACT_MASKS)) != FASTACT_MASKS) _mm_setcsr((saved & ~FASTACT_MODES) | FASTACT_MASKS);
    return saved;
}
static inline void fastact_restore_flags(fastact_flags saved) {
    if (_mm_getcsr() != saved) _mm_setcsr(saved);
}

/* Fetch these bytes into the caches, for they will be read soon. */
static inline void fastact_prefetch(const char *at, ptrdiff_t nbytes) {
    for (ptrdiff_t i = 0; i < nbytes; i += 64) _mm_prefetch(at + i, _MM_HINT_T0);
}
/* What was streamed so far is visible to other threads before what is written from now on. */
static inline void fastact_streamed(void) { _mm_sfence(); }

#else

static inline void fastact_prefetch(const char *at, ptrdiff_t nbytes) { (void)at, (void)nbytes; }
static inline void fastact_streamed(void) {}

static inline int fastact_x86_level(void) { return -1; }

#if defined(__aarch64__) && defined(__GNUC__) /* as above */
#define FASTACT_MODES ((uint64_t)0x7c89f00) /* flush to zero, in 16 bits too, rounding, default NaN; what traps */
typedef struct { uint64_t control, status; } fastact_flags;
static inline fastact_flags fastact_save_flags(void) {
    fastact_flags saved;
    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(saved.control), "=r"(saved.status) : : "memory");
    if (saved.control & FASTACT_MODES) __asm__ volatile("msr fpcr, %0" : : "r"(saved.control & ~FASTACT_MODES) : "memory");
    return saved;
}
static inline void fastact_restore_flags(fastact_flags saved) {
    __asm__ volatile("msr fpsr, %0" : : "r"(saved.status) : "memory");
    if (saved.control & FASTACT_MODES) __asm__ volatile("msr fpcr, %0" : : "r"(saved.control) : "memory");
}
#else
#include <fenv.h>
typedef struct { fexcept_t flags; int rounding; } fastact_flags;
static inline fastact_flags fastact_save_flags(void) {
    fastact_flags saved;
    fegetexceptflag(&saved.flags, FE_ALL_EXCEPT);
    saved.rounding = fegetround();
    if (saved.rounding != FE_TONEAREST) fesetround(FE_TONEAREST);
    return saved;
}
static inline void fastact_restore_flags(fastact_flags saved) {
    fesetexceptflag(&saved.flags, FE_ALL_EXCEPT);
    if (saved.rounding != FE_TONEAREST) fesetround(saved.rounding);
}
#endif

#endif

/* How many bytes one thread can hope to find in a cache again: six times the second-level cache (measured where that is 2 MB), or
   a desktop's third-level cache. A server's is shared by too many. */
static inline ptrdiff_t fastact_own_cache(void) {
    ptrdiff_t own = 12 << 20;
#if defined(_SC_LEVEL2_CACHE_SIZE) && defined(_SC_LEVEL3_CACHE_SIZE)
    ptrdiff_t second = sysconf(_SC_LEVEL2_CACHE_SIZE), third = sysconf(_SC_LEVEL3_CACHE_SIZE);
    if (second > 0) own = 6 * second;
    if (third <= 64 << 20 && third > own) own = third;
#endif
    return own;
}

#endif
