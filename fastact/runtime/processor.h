/* What an x86-64 processor says of itself: the instruction CPUID, and which instruction sets can run here. */
#ifndef FASTACT_PROCESSOR_H
#define FASTACT_PROCESSOR_H

#include <stdint.h>

#if defined(__x86_64__) || defined(_M_X64)

#ifdef _MSC_VER
#include <intrin.h>
static void fastact_cpuid(uint32_t leaf, uint32_t part, uint32_t r[4]) { __cpuidex((int *)r, (int)leaf, (int)part); }
static uint64_t fastact_xgetbv(void) { return _xgetbv(0); }
#else
#include <cpuid.h>
static void fastact_cpuid(uint32_t leaf, uint32_t part, uint32_t r[4]) {
    r[0] = r[1] = r[2] = r[3] = 0;
    __cpuid_count(leaf, part, r[0], r[1], r[2], r[3]);
}
static uint64_t fastact_xgetbv(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}
#endif

/* 0: baseline; 1: also avx2, fma, f16c, bmi, bmi2; 2: also avx512 f, dq, bw, vl. The processor must have them (CPUID) and the
   operating system save their registers (XGETBV). */
static int fastact_x86_level(void) {
    uint32_t leaf[4], leaf7[4];
    fastact_cpuid(0, 0, leaf);
    if (leaf[0] < 7) return 0;
    fastact_cpuid(1, 0, leaf);
    fastact_cpuid(7, 0, leaf7);
    const uint32_t osxsave = 1u << 27, avx = 1u << 28, fma = 1u << 12, f16c = 1u << 29;
    const uint32_t bmi = 1u << 3, avx2 = 1u << 5, bmi2 = 1u << 8;
    const uint32_t avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* f, dq, bw, vl */
    const uint32_t need = osxsave | avx | fma | f16c, need7 = bmi | avx2 | bmi2;
    if ((leaf[2] & need) != need || (leaf7[1] & need7) != need7) return 0;
    uint64_t saved = fastact_xgetbv();
    if ((saved & 0x06) != 0x06) return 0;
    return (leaf7[1] & avx512) == avx512 && (saved & 0xe6) == 0xe6 ? 2 : 1;
}

#else

static void fastact_cpuid(uint32_t leaf, uint32_t part, uint32_t r[4]) {
    (void)leaf, (void)part;
    r[0] = r[1] = r[2] = r[3] = 0;
}
static int fastact_x86_level(void) { return -1; }

#endif

#endif
