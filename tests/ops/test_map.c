/* Elementwise ops on memory: the bits of an element depend on its inputs alone, whatever the level,
 * the length of the run, its place in it, and the strides of the inputs.                         */
#include "ops/kernels/kernels.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { ELEMENTS = 160, LENGTH_MAX = 129, INPUTS = 3, BYTES = 8 };

static const wg__kernels *best(void)
{
    static const wg__kernels *kernels;   /* asking the processor is slow on virtual machines */
    if (kernels == NULL) kernels = wg__kernels_of(wg__level_choose(NULL));
    return kernels;
}

/* ---- one kernel of any kind ---- */

/* An op, or a cast to the result's dtype, or one that counts, as tables have it for one dtype. */
typedef struct entry { wg__op_id op; wg_dtype from, to; int64_t count; } entry;

static int inputs_of(const entry *e)
{
    return wg__op_table[e->op].in_count;
}

static wg_dtype dtype_of(const entry *e, int input)
{
    return e->op == WG__OP_select && input == 0 ? WG_BOOL : e->from;
}

/* By 0, 1, 4, 13 and 40. */
static bool counts(const entry *e)
{
    return e->op == WG__OP_bits_left || e->op == WG__OP_bits_right || e->op == WG__OP_polygamma;
}

static bool has_kernel(const wg__map_table *table, const entry *e)
{
    if (e->op == WG__OP_cast) return table->cast[e->from][e->to] != NULL;
    if (e->op == WG__OP_bits_left) return table->bits_left[e->from] != NULL;
    if (e->op == WG__OP_bits_right) return table->bits_right[e->from] != NULL;
    if (e->op == WG__OP_polygamma) return table->polygamma[e->from] != NULL;
    return table->map[e->op][e->from] != NULL;
}

static void run(const wg__map_table *table, const entry *e, int64_t n, const void *const *in,
                void *out)
{
    if (e->op == WG__OP_cast) table->cast[e->from][e->to](n, in, out);
    else if (e->op == WG__OP_bits_left) table->bits_left[e->from](n, in[0], e->count, out);
    else if (e->op == WG__OP_bits_right) table->bits_right[e->from](n, in[0], e->count, out);
    else if (e->op == WG__OP_polygamma) table->polygamma[e->from](n, in[0], e->count, out);
    else table->map[e->op][e->from](n, in, out);
}

/* Every entry of the tables, in turn; op 0 after the last. */
static entry entry_next(entry e)
{
    const wg__map_table *table = wg__kernels_of(WG__PORTABLE)->map;
    do {
        if (e.op == WG__OP_cast && (int)++e.to < WG__DTYPE_COUNT) continue;
        e.to = WG_F32;
        if (counts(&e) && (e.count = e.count * 3 + 1) < 70) continue;
        e.count = 0;
        if ((int)++e.from < WG__DTYPE_COUNT) continue;
        e.from = WG_F32;
        if (++e.op == WG__OP_COUNT) return (entry){ .op = WG__OP_NONE };
    } while (!has_kernel(table, &e));
    const bool tests = e.op == WG__OP_eq || e.op == WG__OP_lt || e.op == WG__OP_le;
    if (e.op != WG__OP_cast) e.to = tests ? WG_BOOL : e.from;
    return e;
}
#define EACH_ENTRY(e)                                                                              \
    (entry e = entry_next((entry){ WG__OP_NONE, WG_F32, WG_F32, 0 }); e.op != WG__OP_NONE;         \
     e = entry_next(e))

/* ---- data ---- */

static const double specials[] = {
    0.0, -0.0, 1, -1, NAN, HUGE_VAL, -HUGE_VAL, 0x1p-149, 0x1p-1074, -0x1p-1060, 1e300, -1e30,
    2147483648.0, 0.6875, 88.8, -103.9, 709.9, -745.2, 0.334, 60, 131072, 0x1p40, 255.5, -0.5,
    9.3e18,
};
enum { SPECIAL_COUNT = sizeof specials / sizeof *specials };

static double value_of(uint64_t *state)
{
    const uint64_t bits = test_random(state), kind = test_random(state) % 4;
    double x;
    memcpy(&x, &bits, sizeof x);
    if (kind == 0) return specials[bits % SPECIAL_COUNT];
    if (kind == 1) return x;
    return ((double)(bits >> 11) * 0x1p-53 - 0.5) * (kind == 2 ? 4 : 200);
}

static void fill(wg_dtype dtype, int64_t n, uint64_t *state, void *out)
{
    for (int64_t i = 0; i < n; i++) {
        const double value = value_of(state);
        const float single = (float)value;
        const uint64_t bits = test_random(state);
        unsigned char *to = (unsigned char *)out + (size_t)i * wg_dtype_bytes(dtype);
        const uint8_t truth = bits & 1;
        if (dtype == WG_F32) memcpy(to, &single, 4);
        else if (dtype == WG_F64) memcpy(to, &value, 8);
        else if (dtype == WG_BOOL) memcpy(to, &truth, 1);
        else memcpy(to, &bits, wg_dtype_bytes(dtype));
    }
}

/* Bit for bit, but any NaN is every NaN. */
static bool is_same(wg_dtype dtype, const void *x, const void *y)
{
    if (memcmp(x, y, wg_dtype_bytes(dtype)) == 0) return true;
    float a, b;
    double c, d;
    memcpy(&a, x, dtype == WG_F32 ? 4 : 0);
    memcpy(&b, y, dtype == WG_F32 ? 4 : 0);
    memcpy(&c, x, dtype == WG_F64 ? 8 : 0);
    memcpy(&d, y, dtype == WG_F64 ? 8 : 0);
    return dtype == WG_F32 ? a != a && b != b : dtype == WG_F64 && c != c && d != d;
}

static unsigned char *at(void *base, wg_dtype dtype, int64_t i)
{
    return (unsigned char *)base + i * (int64_t)wg_dtype_bytes(dtype);
}

/* ---- kernels ---- */

/* Inputs, and what the portable kernel makes of each element by itself. */
typedef struct bench {
    _Alignas(64) unsigned char in[INPUTS][ELEMENTS * BYTES];
    _Alignas(64) unsigned char alone[ELEMENTS * BYTES];
} bench;

static void bench_fill(const entry *e, uint64_t *state, bench *b)
{
    for (int k = 0; k < inputs_of(e); k++) fill(dtype_of(e, k), ELEMENTS, state, b->in[k]);
    for (int64_t i = 0; i < ELEMENTS; i++) {
        const void *in[INPUTS] = { NULL };
        for (int k = 0; k < inputs_of(e); k++) in[k] = at(b->in[k], dtype_of(e, k), i);
        run(wg__kernels_of(WG__PORTABLE)->map, e, 1, in, at(b->alone, e->to, i));
    }
}

static void check_runs(const wg__map_table *table, const entry *e, bench *b)
{
    for (int64_t n = 0; n <= LENGTH_MAX; n++) {
        for (int64_t start = 0; start < 4; start += 1 + start) {
            _Alignas(64) unsigned char out[(LENGTH_MAX + 1) * BYTES];
            memset(out, 0x5A, sizeof out);
            const void *in[INPUTS] = { NULL };
            for (int k = 0; k < inputs_of(e); k++) in[k] = at(b->in[k], dtype_of(e, k), start);
            run(table, e, n, in, out);
            for (int64_t i = 0; i < n; i++) {
                check_msg(is_same(e->to, at(out, e->to, i), at(b->alone, e->to, start + i)),
                          "%s of %s: element %d of %d", wg__op_table[e->op].name,
                          wg_dtype_name(e->from), (int)i, (int)n);
            }
            check_equal_i(*at(out, e->to, n), 0x5A);
        }
    }
}

/* Specials and any patterns at every place of every length: as the portable kernel alone. */
Test(map, an_element_has_its_bits_at_every_place_length_and_level)
{
    uint64_t state = test_seed();
    for EACH_ENTRY(e) {
        static bench b;
        bench_fill(&e, &state, &b);
        for (int level = 0; level < WG__LEVEL_COUNT; level++) {
            if (!wg__level_exists((wg__level)level)) continue;
            const wg__map_table *table = wg__kernels_of((wg__level)level)->map;
            check_msg(has_kernel(table, &e), "%s", wg__op_table[e.op].name);
            check_runs(table, &e, &b);
        }
    }
}

Test(map, all_levels_have_the_same_kernels_and_bits)
{
    enum { COUNT = 4096 };
    uint64_t state = test_seed();
    for EACH_ENTRY(e) {
        static _Alignas(64) unsigned char in[INPUTS][COUNT * BYTES];
        static _Alignas(64) unsigned char first[COUNT * BYTES], r[COUNT * BYTES];
        for (int k = 0; k < inputs_of(&e); k++) fill(dtype_of(&e, k), COUNT, &state, in[k]);
        const void *const inputs[INPUTS] = { in[0], in[1], in[2] };
        run(wg__kernels_of(WG__PORTABLE)->map, &e, COUNT, inputs, first);
        for (int level = WG__PORTABLE + 1; level < WG__LEVEL_COUNT; level++) {
            if (!wg__level_exists((wg__level)level)) continue;
            run(wg__kernels_of((wg__level)level)->map, &e, COUNT, inputs, r);
            for (int64_t i = 0; i < COUNT; i++) {
                check_msg(is_same(e.to, at(r, e.to, i), at(first, e.to, i)),
                          "%s of %s, level %s: %a", wg__op_table[e.op].name, wg_dtype_name(e.from),
                          wg__level_name((wg__level)level),
                          e.from == WG_F64 ? ((const double *)(const void *)in[0])[i] : 0);
            }
        }
    }
}

/* Every result may stand where an input of its dtype stood. */
Test(map, a_kernel_may_write_over_an_input)
{
    uint64_t state = test_seed();
    for EACH_ENTRY(e) {
        static bench b;
        bench_fill(&e, &state, &b);
        for (int over = 0; over < inputs_of(&e); over++) {
            if (dtype_of(&e, over) != e.to) continue;
            _Alignas(64) unsigned char copy[ELEMENTS * BYTES];
            memcpy(copy, b.in[over], sizeof copy);
            const void *in[INPUTS] = { b.in[0], b.in[1], b.in[2] };
            in[over] = copy;
            run(best()->map, &e, ELEMENTS, in, copy);
            for (int64_t i = 0; i < ELEMENTS; i++) {
                check_msg(is_same(e.to, at(copy, e.to, i), at(b.alone, e.to, i)), "%s of %s",
                          wg__op_table[e.op].name, wg_dtype_name(e.from));
            }
        }
    }
}

/* ---- integers, casts, shifts: by other arithmetic ---- */

static int64_t wrapped(wg_dtype dtype, uint64_t x)
{
    if (dtype == WG_U8) return (int64_t)(x & 255);
    if (dtype == WG_I64) return (int64_t)x;
    const int64_t low = (int64_t)(x & UINT32_MAX);
    return low > INT32_MAX ? low - (INT64_C(1) << 32) : low;
}

static int64_t whole_at(wg_dtype dtype, const void *x)
{
    uint64_t bits = 0;
    memcpy(&bits, x, wg_dtype_bytes(dtype));
    return wrapped(dtype, bits);
}

static int64_t whole_expected(wg__op_id op, wg_dtype dtype, int64_t x, int64_t y)
{
    const uint64_t u = (uint64_t)x, v = (uint64_t)y;
    switch (op) {
    case WG__OP_add: return wrapped(dtype, u + v);
    case WG__OP_sub: return wrapped(dtype, u - v);
    case WG__OP_neg: return wrapped(dtype, ~u + 1);
    case WG__OP_mul: return wrapped(dtype, u * v);
    case WG__OP_abs: return wrapped(dtype, x < 0 ? ~u + 1 : u);
    case WG__OP_sign: return x < 0 ? -1 : x != 0;
    case WG__OP_maximum: return x < y ? y : x;
    case WG__OP_minimum: return x < y ? x : y;
    case WG__OP_and: return wrapped(dtype, u & v);
    case WG__OP_or: return wrapped(dtype, u | v);
    case WG__OP_xor: return wrapped(dtype, u ^ v);
    case WG__OP_rem: return y == 0 || y == -1 ? 0 : x % y;
    case WG__OP_not: return wrapped(dtype, ~u);
    case WG__OP_eq: return x == y;
    case WG__OP_lt: return x < y;
    default: return x <= y;
    }
}

Test(map, integers_wrap)
{
    static const int64_t ends[] = {
        0, 1, -1, 2, 127, 128, 255, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN,
    };
    enum { ENDS = sizeof ends / sizeof *ends };
    for EACH_ENTRY(e) {
        const bool is_whole = e.from == WG_I32 || e.from == WG_I64 || e.from == WG_U8;
        if (!is_whole || wg__op_table[e.op].eval == NULL || e.op == WG__OP_select ||
            e.op == WG__OP_cast || counts(&e)) continue;
        for (int i = 0; i < ENDS * ENDS; i++) {
            const int64_t x = ends[i / ENDS], y = ends[i % ENDS];
            const int64_t u = whole_at(e.from, &x), v = whole_at(e.from, &y);
            int64_t r = 0;
            run(best()->map, &e, 1, (const void *[]){ &x, &y }, &r);
            const int64_t actual = whole_at(e.to == WG_BOOL ? WG_U8 : e.to, &r);
            check_msg(actual == whole_expected(e.op, e.from, u, v), "%s of %s: %lld, %lld",
                      wg__op_table[e.op].name, wg_dtype_name(e.from), (long long)u, (long long)v);
        }
    }
}

Test(map, a_shift_beyond_the_width_leaves_the_sign)
{
    const int64_t x64 = INT64_MIN + 5;
    const int32_t x32 = -1000;
    const uint8_t x8 = 200;
    static const int64_t counts[] = { 0, 1, 7, 8, 31, 32, 63, 64, 65, INT64_MAX };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const int64_t count = counts[i];
        int64_t r64, expected64 = x64;
        int32_t r32, expected32 = x32;
        uint8_t r8;
        for (int64_t j = 0; j < count && j < 64; j++) {   /* floor of a half, 64 times at most */
            expected64 = expected64 / 2 - (expected64 % 2 < 0);
            expected32 = expected32 / 2 - (expected32 % 2 < 0);
        }
        best()->map->bits_right[WG_I64](1, &x64, count, &r64);
        best()->map->bits_right[WG_I32](1, &x32, count, &r32);
        best()->map->bits_right[WG_U8](1, &x8, count, &r8);
        check_equal_i(r64, expected64);
        check_equal_i(r32, expected32);
        check_equal_i(r8, count < 8 ? 200 >> count : 0);
    }
}

static const struct conversion { double x; int32_t i32; int64_t i64; uint8_t u8; } conversions[] = {
    { 0.0, 0, 0, 0 },              { -0.0, 0, 0, 0 },
    { 1.75, 1, 1, 1 },             { -1.75, -1, -1, 0 },
    { 255.9, 255, 255, 255 },      { 256, 256, 256, 255 },
    { NAN, 0, 0, 0 },              { HUGE_VAL, INT32_MAX, INT64_MAX, 255 },
    { -HUGE_VAL, INT32_MIN, INT64_MIN, 0 },
    { 2147483647.0, INT32_MAX, 2147483647, 255 }, { 2147483648.0, INT32_MAX, 2147483648, 255 },
    { -2147483648.0, INT32_MIN, -2147483648, 0 }, { -2147483904.0, INT32_MIN, -2147483904, 0 },
    { 2147483520.0, 2147483520, 2147483520, 255 },
    { 0x1p63, INT32_MAX, INT64_MAX, 255 }, { -0x1p63, INT32_MIN, INT64_MIN, 0 },
    { 0x1.fffffep62, INT32_MAX, INT64_MAX - 0x7FFFFFFFFF, 255 },
    { -0x1p70, INT32_MIN, INT64_MIN, 0 },
};

Test(map, a_cast_to_an_integer_truncates_and_saturates)
{
    for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++) {
        const struct conversion *c = &conversions[i];
        const double x = c->x;
        const float single = (float)x;
        for (int from = WG_F32; from <= WG_F64; from++) {
            if (from == WG_F32 && (double)single != x && x == x) continue;
            const void *in[] = { from == WG_F32 ? (const void *)&single : &x };
            int32_t i32;
            int64_t i64;
            uint8_t u8, truth;
            best()->map->cast[from][WG_I32](1, in, &i32);
            best()->map->cast[from][WG_I64](1, in, &i64);
            best()->map->cast[from][WG_U8](1, in, &u8);
            best()->map->cast[from][WG_BOOL](1, in, &truth);
            check_equal_i(i32, c->i32);
            check_equal_i(i64, c->i64);
            check_equal_i(u8, c->u8);
            check_equal_i(truth, x != 0);
        }
    }
}

Test(map, a_cast_of_an_integer_wraps_or_rounds)
{
    const int64_t x = INT64_C(0x123456789) + (INT64_C(1) << 60);
    const void *in[] = { &x };
    int32_t i32;
    uint8_t u8;
    float f32;
    double f64;
    best()->map->cast[WG_I64][WG_I32](1, in, &i32);
    best()->map->cast[WG_I64][WG_U8](1, in, &u8);
    best()->map->cast[WG_I64][WG_F32](1, in, &f32);
    best()->map->cast[WG_I64][WG_F64](1, in, &f64);
    check_equal_i(i32, 0x23456789);
    check_equal_i(u8, 0x89);
    check((double)f32 == 0x1p60);
    check(f64 == 0x1p60 + 0x123456800);
    const uint8_t truth = 1;
    best()->map->cast[WG_BOOL][WG_F32](1, (const void *[]){ &truth }, &f32);
    check((double)f32 == 1);
}

/* ---- strides ---- */

/* Axes in one of two orders, each walked on, back, in steps of two, or not at all, so that all
 * stays inside memory; which may begin at an odd address, as users' may.                         */
static wg__array array_random(wg_dtype dtype, const wg__array *like, uint64_t *state, void *base)
{
    wg__array array = *like;
    array.dtype = dtype;
    int64_t span = 1, first = 0;
    const bool is_turned = array.rank >= 2 && test_random(state) % 2 == 0;
    for (int32_t j = array.rank - 1; j >= 0; j--) {
        const int32_t i = is_turned && j >= array.rank - 2 ? 2 * array.rank - 3 - j : j;
        const uint64_t kind = test_random(state) % 8;
        const int64_t step = kind == 0 ? 0 : kind == 2 && span < 99 ? 2 * span : span;
        array.stride[i] = kind == 1 ? -step : step;
        if (kind == 1 && array.dim[i] > 0) first += step * (array.dim[i] - 1);
        if (step != 0) span = step * array.dim[i];
    }
    const int64_t odd = test_random(state) % 8 == 0 ? 1 : 0;
    array.data = (unsigned char *)base + first * (int64_t)wg_dtype_bytes(dtype) + odd;
    return array;
}

static wg__array shape_random(uint64_t *state)
{
    static const int64_t extents[] = { 1, 2, 3, 5, 10, 17, 64, 300, 700 };
    wg__array array = { .rank = (int32_t)(test_random(state) % 5) };
    int64_t count = 1;
    for (int32_t i = 0; i < array.rank; i++) {
        array.dim[i] = extents[test_random(state) % (sizeof extents / sizeof *extents)];
        if (count * array.dim[i] > 3000) array.dim[i] = 1;
        count *= array.dim[i];
    }
    if (test_random(state) % 32 == 0 && array.rank > 0) array.dim[0] = 0;
    return array;
}

/* The element at place `index` of the logical order. */
static const void *element(const wg__array *array, int64_t index)
{
    int64_t offset = 0;
    for (int32_t i = array->rank - 1; i >= 0; i--) {
        offset += index % array->dim[i] * array->stride[i];
        index /= array->dim[i];
    }
    return (const unsigned char *)array->data + offset * (int64_t)wg_dtype_bytes(array->dtype);
}

enum { MEMORY = 1 << 15 };
static _Alignas(64) unsigned char memory[INPUTS][MEMORY * BYTES];

static void check_strided(const entry *e, uint64_t *state)
{
    static _Alignas(64) unsigned char out[4096 * BYTES];
    const wg__array like = shape_random(state);
    wg__array in[INPUTS];
    for (int k = 0; k < inputs_of(e); k++) {
        in[k] = array_random(dtype_of(e, k), &like, state, memory[k]);
    }
    wg__shape shape = { .rank = like.rank };
    memcpy(shape.dim, like.dim, sizeof shape.dim);
    const int64_t count = wg__shape_count(&shape);
    memset(out, 0x5A, sizeof out);
    const wg__call call = { .op = e->op, .in_count = inputs_of(e), .in = in,
                            .out = wg__array_of(out, e->to, &shape), .attribute = &e->count,
                            .attribute_count = counts(e) };
    check_equal_i(wg__eval(best(), &call), WG_OK);
    for (int64_t i = 0; i < count; i++) {
        _Alignas(8) unsigned char x[INPUTS][BYTES];
        _Alignas(8) unsigned char r[BYTES];
        for (int k = 0; k < inputs_of(e); k++) {
            memcpy(x[k], element(&in[k], i), wg_dtype_bytes(in[k].dtype));
        }
        run(best()->map, e, 1, (const void *[]){ x[0], x[1], x[2] }, r);
        check_msg(is_same(e->to, at(out, e->to, i), r), "%s of %s: element %d of %d",
                  wg__op_table[e->op].name, wg_dtype_name(e->from), (int)i, (int)count);
    }
    check_equal_i(*at(out, e->to, count), 0x5A);
}

Test(map, strides_change_no_bit)
{
    uint64_t state = test_seed();
    for EACH_ENTRY(e) {
        for (int k = 0; k < inputs_of(&e); k++) fill(dtype_of(&e, k), MEMORY, &state, memory[k]);
        for (int round = 0; round < 12; round++) check_strided(&e, &state);
    }
}

/* [B, 10] + [10] in place, [B, 1] * [B, 300], and a condition [B, 1]. */
Test(map, rows_and_columns_are_repeated)
{
    enum { ROWS = 77, COLUMNS = 300 };
    static float x[ROWS * COLUMNS], r[ROWS * COLUMNS], bias[COLUMNS], scale[ROWS];
    static uint8_t condition[ROWS];
    for (int i = 0; i < ROWS * COLUMNS; i++) x[i] = (float)i;
    for (int j = 0; j < COLUMNS; j++) bias[j] = (float)(7 * j);
    for (int i = 0; i < ROWS; i++) scale[i] = (float)(i - 30), condition[i] = i % 3 == 0;

    const wg__array narrow = { x, WG_F32, 2, { ROWS, 10 }, { 10, 1 } };
    const wg__array sum_in[] = { narrow, { bias, WG_F32, 2, { ROWS, 10 }, { 0, 1 } } };
    wg__call call = { .op = WG__OP_add, .in_count = 2, .in = sum_in, .out = narrow };
    check_equal_i(wg__eval(best(), &call), WG_OK);
    for (int i = 0; i < ROWS * 10; i++) check(x[i] == (float)(i + 7 * (i % 10)));

    for (int i = 0; i < ROWS * COLUMNS; i++) x[i] = (float)i;
    const wg__array wide = { x, WG_F32, 2, { ROWS, COLUMNS }, { COLUMNS, 1 } };
    const wg__array scales = { scale, WG_F32, 2, { ROWS, COLUMNS }, { 1, 0 } };
    const wg__array product_in[] = { scales, wide };
    call = (wg__call){ .op = WG__OP_mul, .in_count = 2, .in = product_in, .out = wide };
    call.out.data = r;
    check_equal_i(wg__eval(best(), &call), WG_OK);
    for (int i = 0; i < ROWS * COLUMNS; i++) check(r[i] == (float)i * (float)(i / COLUMNS - 30));

    const wg__array truths = { condition, WG_BOOL, 2, { ROWS, COLUMNS }, { 1, 0 } };
    const wg__array select_in[] = { truths, wide, scales };
    call = (wg__call){ .op = WG__OP_select, .in_count = 3, .in = select_in, .out = call.out };
    check_equal_i(wg__eval(best(), &call), WG_OK);
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        check(r[i] == (i / COLUMNS % 3 == 0 ? (float)i : (float)(i / COLUMNS - 30)));
    }
}

Test(map, a_bitcast_keeps_bits_and_knows_one_nan)
{
    const uint32_t bits[4] = { 0x3F800000, 0xFFFFFFFF, 0x7F800001, 0x80000000 };
    float x[4];
    memcpy(x, bits, sizeof x);
    int32_t r[4];
    const wg__array in = { x, WG_F32, 1, { 4 }, { 1 } };
    wg__call call = { .op = WG__OP_bitcast, .in_count = 1, .in = &in, .out = in };
    call.out.dtype = WG_I32;
    call.out.data = r;
    check_equal_i(wg__eval(best(), &call), WG_OK);
    check_equal_i(r[0], 0x3F800000);
    check_equal_i(r[1], 0x7FC00000);
    check_equal_i(r[2], 0x7FC00000);
    check_equal_i(r[3], INT32_MIN);

    double y[2] = { -NAN, 1 };
    int64_t s[2];
    const wg__array in64 = { y, WG_F64, 1, { 2 }, { 1 } };
    call = (wg__call){ .op = WG__OP_bitcast, .in_count = 1, .in = &in64, .out = in64 };
    call.out.dtype = WG_I64;
    call.out.data = s;
    check_equal_i(wg__eval(best(), &call), WG_OK);
    check(s[0] == INT64_C(0x7FF8000000000000) && s[1] == INT64_C(0x3FF0000000000000));

    const wg__array back = { s, WG_I64, 1, { 2 }, { -1 } };   /* and backwards, as doubles */
    const wg__array reversed = { s + 1, WG_I64, 1, { 2 }, { -1 } };
    call = (wg__call){ .op = WG__OP_bitcast, .in_count = 1, .in = &reversed, .out = back };
    call.out.dtype = WG_F64;
    call.out.stride[0] = 1;
    call.out.data = y;
    check_equal_i(wg__eval(best(), &call), WG_OK);
    check(y[0] == 1 && y[1] != y[1]);
}
