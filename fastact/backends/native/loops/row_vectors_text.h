/* What row_vectors.h has for float and for double. */

ROW_VECTORS VECTOR V(all)(REAL number) { return OP(set1)(number); }

/* ---- Memory: nothing is known of its alignment ------------------------------------------------------------------ */

/* `count` vectors, or the first n elements of them and zeros. */
ROW_VECTORS void V(load)(int count, VECTOR *v, const REAL *from) { EACH v[j] = OP(loadu)(from + j * WIDTH); }
ROW_VECTORS void V(load_first)(int count, VECTOR *v, const REAL *from, int n) {
    EACH v[j] = LOAD_FIRST(from + j * WIDTH, n - j * WIDTH);
}
ROW_VECTORS void V(store)(int count, const VECTOR *v, REAL *to) { EACH OP(storeu)(to + j * WIDTH, v[j]); }
ROW_VECTORS void V(store_first)(int count, const VECTOR *v, REAL *to, int n) {
    EACH STORE_FIRST(to + j * WIDTH, v[j], n - j * WIDTH);
}
ROW_VECTORS void V(keep_first)(int count, VECTOR *v, int n) { EACH v[j] = KEEP_FIRST(v[j], n - j * WIDTH); }
ROW_VECTORS void V(keep_first_counts)(int count, V(mask) *m, int n) { EACH m[j] = MASK_FIRST(m[j], n - j * WIDTH); }

/* Of vectors that lie a pitch apart. */
ROW_VECTORS void V(load_apart)(int count, VECTOR *v, const REAL *from, ptrdiff_t pitch) {
    EACH v[j] = OP(loadu)(from + j * pitch);
}
ROW_VECTORS void V(store_apart)(int count, const VECTOR *v, REAL *to, ptrdiff_t pitch) { EACH OP(storeu)(to + j * pitch, v[j]); }
ROW_VECTORS void V(load_repeated)(int count, VECTOR *v, const REAL *from, ptrdiff_t pitch) {
    EACH v[j] = V(all)(from[j * pitch]);
}

/* ---- Sums ------------------------------------------------------------------------------------------------------- */

/* Adds the vectors of a group, which belong to `lanes` vectors of lanes in turn. */
ROW_VECTORS void V(add)(int count, int lanes, VECTOR *sum, const VECTOR *terms) { EACH sum[j % lanes] += terms[j]; }

/* The same of masks: adds 1 where they are set. */
ROW_VECTORS void V(add_counts)(int count, int lanes, VECTOR *sum, const V(mask) *masks) {
    EACH sum[j % lanes] = ADD_WHERE(sum[j % lanes], masks[j], V(all)(1));
}

/* Adds to doubles in as many lanes. */
ROW_VECTORS void V(hand_on)(VECTOR v, vector_f64 *totals) {
#if REAL_BITS == 32
    totals[0] += vector_lower_half(v);
    totals[1] += vector_upper_half(v);
#else
    totals[0] += v;
#endif
}

/* Totals of rows side by side that are kept in memory.  Each vector goes by itself: an array is copied in halves of vectors, which
   are slow to read back as a whole. */
ROW_VECTORS void V(load_totals)(vector_f64 *totals, const double *kept) {
    const int count = sizeof(double) / sizeof(REAL);
    EACH memcpy(totals + j, kept + j * (WIDTH / count), sizeof *totals);
}
ROW_VECTORS void V(store_totals)(const vector_f64 *totals, double *kept) {
    const int count = sizeof(double) / sizeof(REAL);
    EACH memcpy(kept + j * (WIDTH / count), totals + j, sizeof *totals);
}

/* All lanes of a row. */
ROW_VECTORS void V(hand_on_lanes)(const VECTOR *lanes, vector_f64 *totals) {
    _Pragma("GCC unroll 8") for (int k = 0; k < LANES / WIDTH; k++)
        V(hand_on)(lanes[k], totals + k * (int)(sizeof(double) / sizeof(REAL)));
}

/* Of rows side by side: adds a total to those before it as far as that makes pairs.  It is that of 2^level lanes, of which this is the
   last.  `sums` has the whole sum in the end, and before that one total for each level. */
ROW_VECTORS void V(add_leaf)(vector_f64 *total, double *sums, ptrdiff_t rows, int leaf, int level, int levels) {
    const int count = sizeof(double) / sizeof(REAL);
    vector_f64 before;
    for (; leaf >> level & 1; level++) {
        EACH {
            memcpy(&before, sums + (level + 1) * rows + j * (WIDTH / count), sizeof before);
            total[j] = before + total[j];
        }
    }
    sums += level == levels ? 0 : (level + 1) * rows;
    V(store_totals)(total, sums);
}

/* The same of four lanes with one term each: the second and third come in the other order. */
ROW_VECTORS void V(add_leaves)(const VECTOR *terms, double *sums, ptrdiff_t rows, int leaf, int levels) {
    enum { HALVES = sizeof(double) / sizeof(REAL) };
    const int count = HALVES;
    const VECTOR zero = V(all)(0);
    vector_f64 t[GROUP][HALVES];
    for (int k = 0; k < GROUP; k++) {
        EACH t[k][j] = (vector_f64){0};
        V(hand_on)(zero + terms[k], t[k]);
    }
    EACH t[0][j] = (t[0][j] + t[2][j]) + (t[1][j] + t[3][j]);
    V(add_leaf)(t[0], sums, rows, leaf, 2, levels);
}
ROW_VECTORS void V(add_leaves_of_counts)(const V(mask) *masks, double *sums, ptrdiff_t rows, int leaf, int levels) {
    const int count = GROUP;
    VECTOR terms[GROUP];
    EACH terms[j] = ADD_WHERE(V(all)(0), masks[j], V(all)(1));
    V(add_leaves)(terms, sums, rows, leaf, levels);
}

/* ---- Arithmetic: what build/row_vectors.py lists ---------------------------------------------------------------- */

ROW_VECTORS VECTOR V(fma)(VECTOR a, VECTOR b, VECTOR c) { return OP(fmadd)(a, b, c); }
ROW_VECTORS VECTOR V(square_root)(VECTOR x) { return OP(sqrt)(x); }
/* x < low ? low : x, so NaN goes through */
ROW_VECTORS VECTOR V(at_least)(VECTOR low, VECTOR x) { return OP(max)(low, x); }
ROW_VECTORS VECTOR V(scaled)(VECTOR a, VECTOR factor, VECTOR factor_low) { return OP(fmadd)(a, factor, a * factor_low); }
ROW_VECTORS VECTOR V(per_headroom)(VECTOR any) {
    (void)any;
    return V(all)(BY_TYPE(PER_HEADROOM_F32, PER_HEADROOM_F64));
}

/* a relation b, and a relation b ? yes : no; if the other is zero, "if" or "unless" a relation b */
#define RELATION(name, relation) \
    ROW_VECTORS V(mask) V(is_##name)(VECTOR a, VECTOR b) { return COMPARE(a, b, relation); } \
    ROW_VECTORS VECTOR V(where_##name)(VECTOR a, VECTOR b, VECTOR yes, VECTOR no) { return CHOOSE(a, relation, b, yes, no); } \
    ROW_VECTORS VECTOR V(if_##name)(VECTOR a, VECTOR b, VECTOR yes) { return IF(a, relation, b, yes); } \
    ROW_VECTORS VECTOR V(unless_##name)(VECTOR a, VECTOR b, VECTOR no) { return UNLESS(a, relation, b, no); }
RELATION(equal, _CMP_EQ_OQ)
RELATION(less, _CMP_LT_OQ)
RELATION(greater, _CMP_GT_OQ)
#undef RELATION

/* ---- The largest element ---------------------------------------------------------------------- */

/* Each maximum waits four cycles for the one before, so there are two groups of them.  `nan`, unless NULL, tells if there is one. */
ROW_VECTORS void V(most_of_row)(const REAL *x, ptrdiff_t n, VECTOR *most, VECTOR least, int *nan) {
    const int count = GROUP;
    VECTOR v[GROUP], others[GROUP];
    V(mask) either = V(is_greater)(least, least), both[GROUP];
#define NOTICE_NAN \
    if (nan) { \
        EACH both[j] = COMPARE(v[j], v[j ^ 1], _CMP_UNORD_Q); \
        either = EITHER(either, EITHER(both[0], both[2])); \
    }
    ptrdiff_t i = 0;
    EACH most[j] = others[j] = least;
    for (; i + 2 * GROUP * WIDTH <= n; i += 2 * GROUP * WIDTH) {
        V(load)(count, v, x + i);
        EACH most[j] = OP(max)(v[j], most[j]);
        NOTICE_NAN
        V(load)(count, v, x + i + GROUP * WIDTH);
        EACH others[j] = OP(max)(v[j], others[j]);
        NOTICE_NAN
    }
    EACH most[j] = OP(max)(others[j], most[j]);
    if (i + GROUP * WIDTH <= n) {
        V(load)(count, v, x + i);
        EACH most[j] = OP(max)(v[j], most[j]);
        NOTICE_NAN
        i += GROUP * WIDTH;
    }
    for (; i < n; i += WIDTH) {
        V(load_first)(1, v, x + i, (int)(n - i));
        either = EITHER(either, COMPARE(v[0], v[0], _CMP_UNORD_Q));
        most[0] = OP(max)(FIRST_OR(v[0], (int)(n - i), least), most[0]);
    }
    if (nan) *nan = ANY(either);
#undef NOTICE_NAN
}

/* The larger of this and the largest of n elements of a row. */
ROW_VECTORS int V(max_along)(const REAL *x, ptrdiff_t n, REAL *largest) {
    VECTOR most[GROUP];
    V(most_of_row)(x, n, most, V(all)(*largest), NULL);
    *largest = V(largest)(OP(max)(OP(max)(most[0], most[1]), OP(max)(most[2], most[3])));
    return 1;
}

/* The same if none of the elements is NaN, else 0. */
ROW_VECTORS int V(maximum_along)(const REAL *x, ptrdiff_t n, REAL *largest) {
    VECTOR most[GROUP];
    int nan = 0;
    V(most_of_row)(x, n, most, V(all)(*largest), &nan);
    if (nan) return 0;
    *largest = V(largest)(OP(max)(OP(max)(most[0], most[1]), OP(max)(most[2], most[3])));
    return 1;
}

/* The largest of rows side by side; NaN is passed over. */
ROW_VECTORS int V(max_across)(const REAL *x, ptrdiff_t pitch, REAL *largest, ptrdiff_t rows, ptrdiff_t n) {
    const int count = GROUP;
    for (ptrdiff_t i = 0, last; i < n; i += GROUP) {
        last = n - i < GROUP ? n - i : GROUP;
        for (ptrdiff_t r = 0; r < rows; r += WIDTH) {
            VECTOR most = OP(loadu)(largest + r);
            EACH FASTACT_PREFETCH(x + (i + j + AHEAD) * pitch + r);
            if (last == GROUP)
                EACH most = OP(max)(OP(loadu)(x + (i + j) * pitch + r), most);
            else
                for (ptrdiff_t j = 0; j < last; j++)
                    most = OP(max)(OP(loadu)(x + (i + j) * pitch + r), most);
            OP(storeu)(largest + r, most);
        }
    }
    return 1;
}

/* ---- The exponential ----------------------------------------------------------------------------------------------- */

#if EXP_STEPS == 1
/* What to_integer is, and e^r's polynomial, as in exp_unit. */
ROW_VECTORS VECTOR V(exp_unit_to_step)(VECTOR to_integer) { return to_integer; }
/* 2^n, from a number that has n in its low bits. */
ROW_VECTORS VECTOR V(power_of_two)(VECTOR shifted) { return (VECTOR)((V(bits))shifted << MANTISSA_BITS); }
#if REAL_BITS == 32
#define EXP_TAIL {COEFFICIENT(0, exp_tail), COEFFICIENT(1, exp_tail), COEFFICIENT(2, exp_tail), COEFFICIENT(3, exp_tail), \
                  COEFFICIENT(4, exp_tail)}
#else
#define EXP_TAIL {COEFFICIENT(0, exp_tail), COEFFICIENT(1, exp_tail), COEFFICIENT(2, exp_tail), COEFFICIENT(3, exp_tail), \
                  COEFFICIENT(4, exp_tail), COEFFICIENT(5, exp_tail), COEFFICIENT(6, exp_tail), COEFFICIENT(7, exp_tail), \
                  COEFFICIENT(8, exp_tail), COEFFICIENT(9, exp_tail)}
#endif

#else
/* The same for n in sixteenths: 2^(k/16) comes from a table in registers, so e^r needs fewer terms.  The table's bits are less what
   k adds to them where n's sixteenths become an exponent. */
ROW_VECTORS VECTOR V(exp_unit_to_step)(VECTOR to_integer) {
    return to_integer - V(all)(TO_INTEGER + (REAL)EXPONENT_BIAS - TO_INTEGER / (REAL)EXP_STEPS);
}
ROW_VECTORS VECTOR V(power_of_two)(VECTOR shifted) {
    static const REAL powers[] = F(POWERS_powers), powers_low[] = F(POWERS_powers_low);
    const int count = EXP_STEPS / WIDTH, shift = MANTISSA_BITS - 4;
    VECTOR table[EXP_STEPS / WIDTH];
    V(bits) lanes = LANE_NUMBERS;
    EACH {
        VECTOR high = OP(loadu)(powers + j * WIDTH);
        table[j] = V(fma)(high, OP(loadu)(powers_low + j * WIDTH), high);
        table[j] = (VECTOR)((V(bits))table[j] - ((lanes + (UNSIGNED)(j * WIDTH)) << shift));
    }
    return (VECTOR)((V(bits))LOOK_UP(table, shifted) + ((V(bits))shifted << shift));
}
#if REAL_BITS == 32
#define EXP_TAIL {COEFFICIENT(0, exp_reduced), COEFFICIENT(1, exp_reduced)}
#else
#define EXP_TAIL {COEFFICIENT(0, exp_reduced), COEFFICIENT(1, exp_reduced), COEFFICIENT(2, exp_reduced), \
                  COEFFICIENT(3, exp_reduced), COEFFICIENT(4, exp_reduced)}
#endif
#endif

/* exp_unit of a group, with a second argument for each vector: with the same bits where EXP_STEPS is 1. */
ROW_VECTORS void V(exp_unit_beside)(int count, VECTOR *z, const VECTOR *to_integer) {
    const VECTOR log2_e = V(all)(CONSTANT(log2_e));
    const VECTOR minus_high = V(all)(-BY_TYPE(0.693145752f, 0.6931471803691238));
    const VECTOR minus_low = V(all)(-BY_TYPE(1.42860677e-6f, 1.9082149292705877e-10));
    static const REAL tail[] = EXP_TAIL;
    const int last = sizeof tail / sizeof *tail - 1;
    VECTOR n[GROUP], scale[GROUP], p[GROUP], to_step[GROUP];
    EACH to_step[j] = V(exp_unit_to_step)(to_integer[j]);
    EACH scale[j] = V(fma)(z[j], log2_e, to_step[j]);
    EACH n[j] = scale[j] - to_step[j];
    EACH z[j] = V(fma)(n[j], minus_high, z[j]);
    EACH scale[j] = V(power_of_two)(scale[j]);
    EACH z[j] = V(fma)(n[j], minus_low, z[j]);
    EACH n[j] = z[j] * z[j];
    EACH p[j] = V(fma)(V(all)(tail[last]), z[j], V(all)(tail[last - 1]));
    _Pragma("GCC unroll 16") for (int k = last - 2; k >= 0; k--) {
        EACH p[j] = V(fma)(p[j], z[j], V(all)(tail[k]));
    }
    EACH p[j] = V(fma)(n[j], p[j], z[j]);
    EACH z[j] = V(fma)(scale[j], p[j], scale[j]);
}

#undef EXP_TAIL

ROW_VECTORS void V(exp_unit)(int count, VECTOR *z, VECTOR to_integer) {
    VECTOR all[GROUP];
    EACH all[j] = to_integer;
    V(exp_unit_beside)(count, z, all);
}

/* The exponentials of a row of at most LANES elements. */
ROW_VECTORS int V(exp_of_lanes)(const REAL *x, REAL *e, REAL pivot, REAL low, REAL unit) {
    enum { COUNT = LANES < GROUP * WIDTH ? LANES / WIDTH : GROUP };
    const int count = COUNT;
    VECTOR v[GROUP];
    for (int i = 0; i < LANES; i += COUNT * WIDTH) {
        V(load)(COUNT, v, x + i);
        EACH v[j] = V(at_least)(V(all)(low), v[j] - V(all)(pivot));
        V(exp_unit)(COUNT, v, V(all)(unit));
        V(store)(COUNT, v, e + i);
    }
    return 1;
}
