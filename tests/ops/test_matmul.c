/* Matrix products against the definition of their sums: per block of 512 along k one ascending
 * chain of fused multiply-adds from +0, block results added in order. The reference runs that chain
 * for one element at a time with a scalar fma, so every level must give its bits, whatever the
 * tile, the packing or the strides.                                                              */
#include "support/fused.h"
#include "support/test.h"

#include <math.h>
#include <ops/kernels/kernels.h>
#include <ops/rules.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, CANARY = 77 };

/* ---- matrices of either dtype, element by element ---- */

typedef struct matrix {
    wg_dtype dtype;
    char *memory, *origin;      /* all of it; element (0, 0) */
    int64_t row, column;        /* strides */
} matrix;

static double get(const matrix *x, int64_t i, int64_t j)
{
    const int64_t at = i * x->row + j * x->column;
    return x->dtype == WG_F32 ? (double)((float *)(void *)x->origin)[at]
                              : ((double *)(void *)x->origin)[at];
}

static void set(const matrix *x, int64_t i, int64_t j, double value)
{
    const int64_t at = i * x->row + j * x->column;
    if (x->dtype == WG_F32) ((float *)(void *)x->origin)[at] = (float)value;
    else ((double *)(void *)x->origin)[at] = value;
}

/* Room for rows x columns with these strides, filled with the canary. */
static matrix matrix_of(wg_dtype dtype, int64_t rows, int64_t columns, int64_t row, int64_t column)
{
    const int64_t bytes = (int64_t)wg_dtype_bytes(dtype);
    int64_t lowest = 0, highest = 0;
    if (rows > 0) *(row < 0 ? &lowest : &highest) += (rows - 1) * row;
    if (columns > 0) *(column < 0 ? &lowest : &highest) += (columns - 1) * column;
    matrix x = { .dtype = dtype, .row = 1, .column = 1 };
    x.memory = malloc((size_t)((highest - lowest + 1) * bytes));
    check(x.memory != NULL);
    x.origin = x.memory;
    for (int64_t i = 0; i <= highest - lowest; i++) set(&x, i, 0, CANARY);
    x.origin = x.memory - lowest * bytes;
    x.row = row;
    x.column = column;
    return x;
}

/* Magnitudes over eight binary orders and both signs: sums in another order differ in their
 * bits.                                                                                          */
static double random_value(uint64_t *state)
{
    const uint64_t bits = test_random(state);
    const double value = (double)(int64_t)(bits >> 40) / 0x1p24 - 0.5;
    return ldexp((float)value, (int)(bits & 7) - 3);
}

static matrix random_matrix(wg_dtype dtype, int64_t rows, int64_t columns, int64_t row,
                            int64_t column, uint64_t *state)
{
    const matrix x = matrix_of(dtype, rows, columns, row, column);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) set(&x, i, j, random_value(state));
    return x;
}

/* ---- the definition ---- */

static double chain(const matrix *a, const matrix *b, int64_t i, int64_t j, int64_t k)
{
    double total = 0;
    for (int64_t start = 0; start < k; start += BLOCK) {
        const int64_t stop = start + BLOCK < k ? start + BLOCK : k;
        double block = 0;
        for (int64_t q = start; q < stop; q++) {
            const double x = get(a, i, q), y = get(b, q, j);
            block = a->dtype == WG_F32 ? (double)test_fma_f32((float)x, (float)y, (float)block)
                                       : fma(x, y, block);
        }
        if (start == 0) total = block;
        else total = a->dtype == WG_F32 ? (double)((float)total + (float)block) : total + block;
    }
    return total;
}

/* The same number, the same zero, or both NaN. */
static bool is_same(double x, double y)
{
    return x == y ? signbit(x) == signbit(y) : isnan(x) && isnan(y);
}

/* ---- running a level ---- */

static _Alignas(64) char scratch[WG__SCRATCH_BYTES];

static const wg__kernels *kernels_at(wg__level level)
{
    return wg__level_exists(level) ? wg__kernels_of(level) : NULL;
}

/* Software multiply-adds are slow: those levels get fewer sizes. */
static bool is_emulated(wg__level level)
{
    return level == WG__PORTABLE || level == WG__SSE2;
}

static void multiply(const wg__kernels *kernels, int64_t m, int64_t n, int64_t k, const matrix *a,
                     const matrix *b, const matrix *c)
{
    kernels->matmul->matmul[a->dtype](&(wg__matmul){
        .m = m, .n = n, .k = k, .a = a->origin, .a_row = a->row, .a_column = a->column,
        .b = b->origin, .b_row = b->row, .b_column = b->column, .c = c->origin, .c_row = c->row,
        .scratch = scratch });
}

static void check_element(const matrix *c, int64_t i, int64_t j, double expected, const char *what)
{
    const double actual = get(c, i, j);
    check_msg(is_same(actual, expected), "%s: %s element (%d, %d) is %a, not %a", what,
              wg_dtype_name(c->dtype), (int)i, (int)j, actual, expected);
}

/* Multiplies and compares all of the result, and that nothing right of it was written. */
static void check_product(wg__level level, int64_t m, int64_t n, int64_t k, const matrix *a,
                          const matrix *b)
{
    const matrix c = matrix_of(a->dtype, m, n + 1, n + 3, 1);
    multiply(kernels_at(level), m, n, k, a, b, &c);
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            check_element(&c, i, j, chain(a, b, i, j, k), wg__level_name(level));
        }
        check_element(&c, i, n, CANARY, "beside C");
    }
    free(c.memory);
}

#define FOR_EACH_LEVEL(level)                                                                      \
    for (wg__level level = WG__PORTABLE; level < WG__LEVEL_COUNT; level++)                         \
        if (kernels_at(level) != NULL)
#define FOR_EACH_FLOAT(dtype) for (wg_dtype dtype = WG_F32; dtype <= WG_F64; dtype++)

/* ---- the kernels ---- */

/* Twice the highest tile and twice the widest panel, and one more: each way to split them. */
enum { M_MAX = 29, N_MAX = 65 };

/* One product for each m and n; an element does not depend on them, so it is computed once. */
static void check_all_sizes(wg__level level, wg_dtype dtype, int64_t k, uint64_t *state)
{
    const matrix a = random_matrix(dtype, M_MAX, k, k + 1, 1, state);
    const matrix b = random_matrix(dtype, k, N_MAX, N_MAX, 1, state);
    const matrix expected = matrix_of(dtype, M_MAX, N_MAX, N_MAX, 1);
    for (int64_t i = 0; i < M_MAX; i++)
        for (int64_t j = 0; j < N_MAX; j++) set(&expected, i, j, chain(&a, &b, i, j, k));

    for (int64_t m = 1; m <= M_MAX; m++) {
        for (int64_t n = 1; n <= N_MAX; n++) {
            const matrix c = matrix_of(dtype, m, n + 1, n + 1, 1);
            multiply(kernels_at(level), m, n, k, &a, &b, &c);
            for (int64_t i = 0; i < m; i++) {
                for (int64_t j = 0; j < n; j++)
                    check_element(&c, i, j, get(&expected, i, j), "size");
                check_element(&c, i, n, CANARY, "beside C");
            }
            free(c.memory);
        }
    }
    free(a.memory);
    free(b.memory);
    free(expected.memory);
}

Test(matmul, every_height_and_width_has_the_chain)
{
    uint64_t state = test_seed();
    FOR_EACH_LEVEL(level) {
        FOR_EACH_FLOAT(dtype) {
            for (int64_t k = 1; k <= 3; k++) check_all_sizes(level, dtype, k, &state);
            if (!is_emulated(level)) check_all_sizes(level, dtype, 17, &state);
        }
    }
}

Test(matmul, blocks_along_k_are_added_in_order)
{
    static const int64_t size[][2] = { { 1, 1 }, { 3, 2 }, { 15, 33 }, { 5, 70 }, { 40, 9 } };
    static const int64_t k[] = { 511, 512, 513, 1025 };
    uint64_t state = test_seed();
    FOR_EACH_LEVEL(level) {
        FOR_EACH_FLOAT(dtype) {
            for (int s = 0; s < (is_emulated(level) ? 2 : 5); s++) {
                for (int i = 0; i < 4; i++) {
                    const matrix a = random_matrix(dtype, size[s][0], k[i], k[i], 1, &state);
                    const matrix b = random_matrix(dtype, k[i], size[s][1], size[s][1], 1, &state);
                    check_product(level, size[s][0], size[s][1], k[i], &a, &b);
                    free(a.memory);
                    free(b.memory);
                }
            }
        }
    }
}

/* Plain, transposed, spread out, backwards, repeated: five ways to lie in memory for each side. */
static matrix random_layout(int layout, wg_dtype dtype, int64_t rows, int64_t columns,
                            uint64_t *state)
{
    const int64_t row[] = { columns, 1, 3 * columns + 1, -columns, 0 };
    const int64_t column[] = { 1, rows, 2, -1, 1 };
    return random_matrix(dtype, rows, columns, row[layout], column[layout], state);
}

Test(matmul, strides_change_no_bit)
{
    static const int64_t size[][3] = { { 31, 75, 21 }, { 33, 1, 40 }, { 70, 5, 9 }, { 1, 50, 37 } };
    uint64_t state = test_seed();
    FOR_EACH_LEVEL(level) {
        FOR_EACH_FLOAT(dtype) {
            for (int s = 0; s < (is_emulated(level) ? 2 : 4); s++) {
                for (int layouts = 0; layouts < 25; layouts++) {
                    const int64_t m = size[s][0], n = size[s][1], k = size[s][2];
                    const matrix a = random_layout(layouts / 5, dtype, m, k, &state);
                    const matrix b = random_layout(layouts % 5, dtype, k, n, &state);
                    check_product(level, m, n, k, &a, &b);
                    free(a.memory);
                    free(b.memory);
                }
            }
        }
    }
}

/* Shapes whose rows collide in the cache, whose operands leave it, or both, are packed and taken in
 * groups; elements are drawn at random, the corners always.                                      */
static void check_large(wg__level level, wg_dtype dtype, int64_t m, int64_t n, int64_t k,
                        bool turns_a, uint64_t *state)
{
    const matrix a = random_matrix(dtype, m, k, turns_a ? 1 : k, turns_a ? m : 1, state);
    const matrix b = random_matrix(dtype, k, n, n, 1, state);
    const matrix c = matrix_of(dtype, m, n, n, 1);
    multiply(kernels_at(level), m, n, k, &a, &b, &c);
    check_element(&c, m - 1, n - 1, chain(&a, &b, m - 1, n - 1, k), "last");
    for (int draw = 0; draw < 500; draw++) {
        const int64_t i = (int64_t)(test_random(state) % (uint64_t)m);
        const int64_t j = (int64_t)(test_random(state) % (uint64_t)n);
        check_element(&c, i, j, chain(&a, &b, i, j, k), "large");
    }
    free(a.memory);
    free(b.memory);
    free(c.memory);
}

Test(matmul, packing_changes_no_bit)
{
    uint64_t state = test_seed();
    FOR_EACH_LEVEL(level) {
        if (is_emulated(level)) continue;
        FOR_EACH_FLOAT(dtype) {
            for (int turns = 0; turns < 2; turns++) {
                check_large(level, dtype, 300, 130, 1024, turns != 0, &state);
                check_large(level, dtype, 601, 530, 520, turns != 0, &state);
                check_large(level, dtype, 1024, 130, 70, turns != 0, &state);
                check_large(level, dtype, 230, 1024, 513, turns != 0, &state);
            }
            check_large(level, dtype, 1100, 3, 600, true, &state);
        }
    }
}

Test(matmul, nothing_to_sum_is_plus_zero)
{
    FOR_EACH_LEVEL(level) {
        FOR_EACH_FLOAT(dtype) {
            const matrix none = matrix_of(dtype, 0, 0, 1, 1);
            check_product(level, 3, 40, 0, &none, &none);
            check_product(level, 3, 1, 0, &none, &none);
            check_product(level, 0, 5, 7, &none, &none);
            multiply(kernels_at(level), 5, 0, 7, &none, &none, &none);
            check(get(&none, 0, 0) == (double)CANARY);
            free(none.memory);
        }
    }
}

/* A row or column of A or B with an infinity or NaN spoils its own elements of C and no others:
 * lanes beyond the width, and rows beside a strip, stay apart.                                   */
Test(matmul, infinities_stay_in_their_row_and_column)
{
    uint64_t state = test_seed();
    FOR_EACH_LEVEL(level) {
        FOR_EACH_FLOAT(dtype) {
            const matrix a = random_matrix(dtype, 17, 5, 5, 1, &state);
            const matrix b = random_matrix(dtype, 5, 37, 37, 1, &state);
            set(&a, 3, 2, INFINITY);
            set(&a, 16, 4, NAN);
            set(&b, 0, 36, -INFINITY);
            set(&b, 2, 7, 0);
            check_product(level, 17, 37, 5, &a, &b);
            free(a.memory);
            free(b.memory);
        }
    }
}

/* Higham 2002, section 3.1: |error| <= k eps sum |x y|, with k the terms of a chain and, small
 * beside it, the additions of blocks. eps is half a unit in the last place of 1.                 */
Test(matmul, error_is_within_the_bound)
{
    static const int64_t lengths[] = { 10, 300, 2000, 40000 };
    uint64_t state = test_seed();
    const wg__level level = wg__level_detect();
    FOR_EACH_FLOAT(dtype) {
        const double eps = dtype == WG_F32 ? 0x1p-24 : 0x1p-53;
        for (int s = 0; s < 4; s++) {
            const int64_t k = lengths[s], terms = (k < BLOCK ? k : BLOCK) + k / BLOCK;
            const matrix a = random_matrix(dtype, 2, k, k, 1, &state);
            const matrix b = random_matrix(dtype, k, 3, 3, 1, &state);
            const matrix c = matrix_of(dtype, 2, 3, 3, 1);
            multiply(kernels_at(level), 2, 3, k, &a, &b, &c);
            for (int64_t i = 0; i < 6; i++) {
                long double sum = 0, magnitude = 0;
                for (int64_t q = 0; q < k; q++) {
                    const long double term = (long double)get(&a, i / 3, q) * get(&b, q, i % 3);
                    sum += term;
                    magnitude += fabsl(term);
                }
                const double bound = 1.01 * (double)terms * eps * (double)magnitude;
                check_close(get(&c, i / 3, i % 3), sum, bound);
            }
            free(a.memory);
            free(b.memory);
            free(c.memory);
        }
    }
}

/* ---- calls ---- */

static wg__array array_of(void *data, wg_dtype dtype, int32_t rank, const int64_t *dim,
                          const int64_t *stride)
{
    wg__array array = { .data = data, .dtype = dtype, .rank = rank };
    for (int32_t i = 0; i < rank; i++) {
        array.dim[i] = dim[i];
        array.stride[i] = stride[i];
    }
    return array;
}

/* x [2, 3, 4, 5] and y [2, 3, 5, 6], where y (and x) may repeat over leading axes: stride 0. */
static void check_batch(const int64_t x_stride[4], const int64_t y_stride[4])
{
    uint64_t state = test_seed();
    float x[120], y[180], out[144];
    for (int i = 0; i < 120; i++) x[i] = (float)random_value(&state);
    for (int i = 0; i < 180; i++) y[i] = (float)random_value(&state);
    const wg__array in[2] = {
        array_of(x, WG_F32, 4, (const int64_t[]){ 2, 3, 4, 5 }, x_stride),
        array_of(y, WG_F32, 4, (const int64_t[]){ 2, 3, 5, 6 }, y_stride),
    };
    const wg__call call = {
        .op = WG__OP_matmul, .in_count = 2, .in = in, .scratch = scratch,
        .out = array_of(out, WG_F32, 4, (const int64_t[]){ 2, 3, 4, 6 },
                        (const int64_t[]){ 72, 24, 6, 1 }),
    };
    check_status(wg__eval_matmul(kernels_at(wg__level_detect()), &call), WG_OK);
    for (int64_t p = 0; p < 6; p++) {
        const int64_t at_x = p / 3 * x_stride[0] + p % 3 * x_stride[1];
        const int64_t at_y = p / 3 * y_stride[0] + p % 3 * y_stride[1];
        const matrix a = { WG_F32, NULL, (char *)(x + at_x), x_stride[2], x_stride[3] };
        const matrix b = { WG_F32, NULL, (char *)(y + at_y), y_stride[2], y_stride[3] };
        const matrix c = { WG_F32, NULL, (char *)(out + p * 24), 6, 1 };
        for (int64_t i = 0; i < 24; i++)
            check_element(&c, i / 6, i % 6, chain(&a, &b, i / 6, i % 6, 5), "batch");
    }
}

Test(matmul, leading_axes_are_products_of_their_own)
{
    check_batch((const int64_t[]){ 60, 20, 5, 1 }, (const int64_t[]){ 90, 30, 6, 1 });
    check_batch((const int64_t[]){ 60, 20, 5, 1 }, (const int64_t[]){ 0, 0, 6, 1 });
    check_batch((const int64_t[]){ 60, 20, 1, 4 }, (const int64_t[]){ 0, 0, 1, 5 });
    check_batch((const int64_t[]){ 20, 40, 5, 1 }, (const int64_t[]){ 0, 0, 6, 1 });
    check_batch((const int64_t[]){ 0, 20, 5, 1 }, (const int64_t[]){ 90, 0, 6, 1 });
    check_batch((const int64_t[]){ 0, 0, 5, 1 }, (const int64_t[]){ 0, 0, 6, 1 });
}

Test(matmul, a_product_without_elements_is_left_alone)
{
    float out = 3;
    const wg__array in[2] = {
        array_of(NULL, WG_F32, 2, (const int64_t[]){ 0, 4 }, (const int64_t[]){ 4, 1 }),
        array_of(&out, WG_F32, 2, (const int64_t[]){ 4, 5 }, (const int64_t[]){ 0, 0 }),
    };
    const wg__call call = {
        .op = WG__OP_matmul, .in_count = 2, .in = in, .scratch = scratch,
        .out = array_of(&out, WG_F32, 2, (const int64_t[]){ 0, 5 }, (const int64_t[]){ 5, 1 }),
    };
    check_status(wg__eval_matmul(kernels_at(wg__level_detect()), &call), WG_OK);
    check(out == 3);
}
