/* What the engine asks of the processor: its modes and exception flags, fetching ahead, and that what was streamed is seen. */
#ifndef FASTACT_PLATFORM_H
#define FASTACT_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(_M_X64)

#include <immintrin.h>

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

#endif
