/* Rounds what quick kernels give, QUICK_GROUP floats at a time: see quick_kernels.h.

   A result is as near the real value as loops/unsure.h says.  Where that may decide how it is rounded, those of the whole group are
   computed again by the loop of float64 without block kernels.  So results are its, whatever ran before. */
#define QUICK_GROUP 16 /* elements */
#define QUICK_LANES (int)(sizeof(vector_f64) / sizeof(double))
#define QUICK_VECTORS (QUICK_GROUP / QUICK_LANES)
#define SELDOM(condition) __builtin_expect(condition, 0)

/* The j-th vector of a group. */
VECTORS VECTOR widened(const float *x, int j) { return WIDENED(x + j * QUICK_LANES); }

VECTORS void narrow(const VECTOR *y, float *target) {
    for (int j = 0; j < QUICK_VECTORS; j++)
        NARROW(y[j], target + j * QUICK_LANES);
}

/* y becomes what `careful` gives for a and b, if any of its elements is unsure, or dy, which is a, infinite: its product with a
   derivative that has vanished is NaN. */
static __attribute__((noinline, cold)) void make_sure(
    const float *a, const float *b, VECTOR *y, fastact_loop careful, const void *parameters
) {
    double wide[3][QUICK_GROUP];
    int unsure = 0;
    memcpy(wide[2], y, sizeof wide[2]);
    for (int i = 0; i < QUICK_GROUP; i++)
        unsure |= (may_be_unsure(wide[2][i]) && is_unsure(wide[2][i])) || (b && isinf(a[i]));
    if (!unsure)
        return;
    for (int i = 0; i < QUICK_GROUP; i++) {
        wide[0][i] = a[i];
        wide[1][i] = b ? b[i] : 0;
    }
    careful(wide[0], wide[1], wide[2], NULL, QUICK_GROUP, parameters);
    memcpy(y, wide[2], sizeof wide[2]);
}
