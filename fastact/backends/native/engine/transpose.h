/* Turns rows that stand one after the other in memory into rows side by side in a tile, and back. It takes squares of 4 x 4 or
   2 x 2 elements at a time: a side fills 16 bytes, which every instruction set can shuffle. */
#ifndef FASTACT_TRANSPOSE_H
#define FASTACT_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define FASTACT_VECTORS 1
typedef uint32_t fastact_4 __attribute__((vector_size(16)));
typedef uint64_t fastact_2 __attribute__((vector_size(16)));
#if defined(__clang__)
#define FASTACT_SHUFFLE4(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#define FASTACT_SHUFFLE2(a, b, i, j) __builtin_shufflevector(a, b, i, j)
#else
#define FASTACT_SHUFFLE4(a, b, i, j, k, l) __builtin_shuffle(a, b, (fastact_4){i, j, k, l})
#define FASTACT_SHUFFLE2(a, b, i, j) __builtin_shuffle(a, b, (fastact_2){i, j})
#endif
#else
#define FASTACT_VECTORS 0
#endif

/* target[i][j] = source[j][i] for 0 <= i < n, 0 <= j < m; strides in bytes from one row to the next. */
static void fastact_transpose_4(
    const char *source, ptrdiff_t source_stride, char *target, ptrdiff_t target_stride, ptrdiff_t n, ptrdiff_t m) {
    ptrdiff_t j = 0, i;
#if FASTACT_VECTORS
    for (; j + 4 <= m; j += 4) {
        for (i = 0; i + 4 <= n; i += 4) {
            fastact_4 row[4], low[2], high[2], column[4];
            int k;
            for (k = 0; k < 4; k++)
                memcpy(&row[k], source + (j + k) * source_stride + 4 * i, 16);
            low[0] = FASTACT_SHUFFLE4(row[0], row[2], 0, 4, 1, 5);
            low[1] = FASTACT_SHUFFLE4(row[1], row[3], 0, 4, 1, 5);
            high[0] = FASTACT_SHUFFLE4(row[0], row[2], 2, 6, 3, 7);
            high[1] = FASTACT_SHUFFLE4(row[1], row[3], 2, 6, 3, 7);
            column[0] = FASTACT_SHUFFLE4(low[0], low[1], 0, 4, 1, 5);
            column[1] = FASTACT_SHUFFLE4(low[0], low[1], 2, 6, 3, 7);
            column[2] = FASTACT_SHUFFLE4(high[0], high[1], 0, 4, 1, 5);
            column[3] = FASTACT_SHUFFLE4(high[0], high[1], 2, 6, 3, 7);
            for (k = 0; k < 4; k++)
                memcpy(target + (i + k) * target_stride + 4 * j, &column[k], 16);
        }
        for (; i < n; i++)
            for (int k = 0; k < 4; k++)
                memcpy(target + i * target_stride + 4 * (j + k), source + (j + k) * source_stride + 4 * i, 4);
    }
#endif
    for (; j < m; j++)
        for (i = 0; i < n; i++)
            memcpy(target + i * target_stride + 4 * j, source + j * source_stride + 4 * i, 4);
}

static void fastact_transpose_8(
    const char *source, ptrdiff_t source_stride, char *target, ptrdiff_t target_stride, ptrdiff_t n, ptrdiff_t m) {
    ptrdiff_t j = 0, i;
#if FASTACT_VECTORS
    for (; j + 2 <= m; j += 2) {
        for (i = 0; i + 2 <= n; i += 2) {
            fastact_2 row[2], column[2];
            int k;
            for (k = 0; k < 2; k++)
                memcpy(&row[k], source + (j + k) * source_stride + 8 * i, 16);
            column[0] = FASTACT_SHUFFLE2(row[0], row[1], 0, 2);
            column[1] = FASTACT_SHUFFLE2(row[0], row[1], 1, 3);
            for (k = 0; k < 2; k++)
                memcpy(target + (i + k) * target_stride + 8 * j, &column[k], 16);
        }
        for (; i < n; i++)
            for (int k = 0; k < 2; k++)
                memcpy(target + i * target_stride + 8 * (j + k), source + (j + k) * source_stride + 8 * i, 8);
    }
#endif
    for (; j < m; j++)
        for (i = 0; i < n; i++)
            memcpy(target + i * target_stride + 8 * j, source + j * source_stride + 8 * i, 8);
}

#endif
