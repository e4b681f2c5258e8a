/* Rounds what quick kernels give, QUICK_GROUP floats at a time: see quick_kernels.h.

   A result is as near the real value as loops/unsure.h says.  Where that may decide how it is rounded, it is computed again by
   the loop of float64 without block kernels.  So results are its, whatever ran before. */
#define QUICK_GROUP 16 /* elements */
#define QUICK_LANES (int)(sizeof(vector_f64) / sizeof(double))
#define QUICK_VECTORS (QUICK_GROUP / QUICK_LANES)

/* The j-th vector of a group. */
VECTORS VECTOR widened(const float *x, int j) { return WIDENED(x + j * QUICK_LANES); }

VECTORS void narrow(const VECTOR *y, float *target) {
    for (int j = 0; j < QUICK_VECTORS; j++)
        NARROW(y[j], target + j * QUICK_LANES);
}

/* The elements of y that are unsure become what `careful` gives for a and b; so do those where dy, which is a, is infinite: its
   product with a derivative that has vanished is NaN. */
static __attribute__((noinline, cold)) void make_sure(
    const float *a, const float *b, VECTOR *y, fastact_loop careful, const void *parameters
) {
    double wide[3][QUICK_GROUP], all[QUICK_GROUP];
    int places[QUICK_GROUP], found = 0;
    memcpy(all, y, sizeof all);
    for (int i = 0; i < QUICK_GROUP; i++) {
        if ((may_be_unsure(all[i]) && is_unsure(all[i])) || (b && isinf(a[i]))) {
            wide[0][found] = a[i];
            wide[1][found] = b ? b[i] : 0;
            places[found++] = i;
        }
    }
    if (!found)
        return;
    careful(wide[0], wide[1], wide[2], NULL, found, parameters);
    for (int k = 0; k < found; k++)
        all[places[k]] = wide[2][k];
    memcpy(y, all, sizeof all);
}
