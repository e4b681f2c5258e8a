/* Copying past the caches, to memory that will not be read soon: its old content need not be fetched first. */
#ifndef FASTACT_STREAM_H
#define FASTACT_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>

/* Whole cache lines are streamed, what stands before and after them is copied. */
static void fastact_stream(const void *source, char *target, ptrdiff_t nbytes) {
    const char *from = (const char *)source;
    ptrdiff_t i = -(uintptr_t)target & 63;
    if (i > nbytes) i = nbytes;
    memcpy(target, from, (size_t)i);
    for (; i + 64 <= nbytes; i += 64) {
#if defined(__AVX512F__)
        _mm512_stream_si512((__m512i *)(target + i), _mm512_loadu_si512(from + i));
#elif defined(__AVX__)
        for (int k = 0; k < 64; k += 32)
            _mm256_stream_si256((__m256i *)(target + i + k), _mm256_loadu_si256((const __m256i *)(from + i + k)));
#else
        for (int k = 0; k < 64; k += 16)
            _mm_stream_si128((__m128i *)(target + i + k), _mm_loadu_si128((const __m128i *)(from + i + k)));
#endif
    }
    memcpy(target + i, from + i, (size_t)(nbytes - i));
}

#else
#define fastact_stream NULL /* no such instruction: nothing is streamed */
#endif
#endif
