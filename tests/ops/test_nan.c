/* One NaN at each place of every length, through every elementwise op, every reduction, every chain
 * along an axis and every product: that element of the result, that reduction, what follows in the
 * chain, that row or column is NaN, and no other element has another bit. So neither the length nor
 * the end of an array changes what an element is. The arrays end where memory ends.              */
#include "ops/rules.h"
#include "support/guard.h"
#include "support/specimen.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { LENGTH_MAX = 129, LINES = 3, BYTES = LENGTH_MAX * LINES * 8 };

typedef struct bench {
    guard in[SPECIMEN_IN_MAX], out;
    void *scratch;
    char expected[BYTES];
} bench;

static void bench_open(bench *b)
{
    for (int i = 0; i < SPECIMEN_IN_MAX; i++) b->in[i] = guard_open(BYTES);
    b->out = guard_open(BYTES);
    b->scratch = wg__allocate(&wg__allocator_default, WG__SCRATCH_BYTES);
    check(b->scratch != NULL);
}

static void bench_close(bench *b)
{
    for (int i = 0; i < SPECIMEN_IN_MAX; i++) guard_close(&b->in[i]);
    guard_close(&b->out);
    wg__release(&wg__allocator_default, b->scratch, WG__SCRATCH_BYTES);
}

static void set(const wg__array *array, int64_t i, double value)
{
    wg__number_store(value, array->dtype,
                     (char *)array->data + (size_t)i * wg_dtype_bytes(array->dtype));
}

static bool is_nan_at(const wg__array *array, int64_t i)
{
    if (array->dtype == WG_F32) return isnan(((const float *)array->data)[i]);
    if (array->dtype == WG_F64) return isnan(((const double *)array->data)[i]);
    return false;
}

/* ---- one op at one length ---- */

typedef struct trial {
    bench *b;
    const specimen *s;
    wg__level level;
    wg__array in[SPECIMEN_IN_MAX], out;
} trial;

static trial trial_of(bench *b, const specimen *s, wg__level level, uint64_t *state)
{
    trial t = { .b = b, .s = s, .level = level };
    char reason[200];
    wg__text why = wg__text_of(reason, sizeof reason);
    wg__type out;
    for (int32_t i = 0; i < s->in_count; i++) {
        const wg__type *type = &s->in[i];
        const int64_t count = wg__shape_count(&type->shape);
        void *data = guard_last(&b->in[i], (size_t)count * wg_dtype_bytes(type->dtype));
        specimen_fill(s, i, state, data);
        t.in[i] = wg__array_of(data, type->dtype, &type->shape);
    }
    const wg__request request = { .op = s->op,
                                  .in_count = s->in_count,
                                  .attribute = s->attribute,
                                  .attribute_count = s->attribute_count,
                                  .wanted = s->wanted.dtype != 0 ? &s->wanted : NULL };
    check_msg(wg__infer(&request, s->in, &out, &why) == WG_OK, "%s", reason);
    const size_t bytes = (size_t)wg__shape_count(&out.shape) * wg_dtype_bytes(out.dtype);
    t.out = wg__array_of(guard_last(&b->out, bytes), out.dtype, &out.shape);
    return t;
}

static void trial_run(const trial *t)
{
    const wg__call call = { .op = t->s->op,
                            .in_count = t->s->in_count,
                            .in = t->in,
                            .out = t->out,
                            .attribute = t->s->attribute,
                            .attribute_count = t->s->attribute_count,
                            .scratch = t->b->scratch };
    check_status(wg__eval(wg__kernels_of(t->level), &call), WG_OK);
}

/* Element j of the result must show the NaN; all others are as they were without it. */
static void check_only(const trial *t, int64_t j, bool is_shown, int64_t place)
{
    const size_t bytes = wg_dtype_bytes(t->out.dtype);
    const size_t all = (size_t)wg__array_count(&t->out) * bytes;
    const char *found = t->out.data, *expected = t->b->expected;
    const size_t before = (size_t)j * bytes;
    check_msg(is_shown, "%s: no NaN from place %lld of %lld", wg__op_table[t->s->op].name,
              (long long)place, (long long)wg__array_count(&t->in[0]));
    check_bytes(found, expected, before);
    check_bytes(found + before + bytes, expected + before + bytes, all - before - bytes);
}

static void keep_expected(trial *t)
{
    trial_run(t);
    memcpy(t->b->expected, t->out.data,
           (size_t)wg__array_count(&t->out) * wg_dtype_bytes(t->out.dtype));
}

/* ---- elementwise ---- */

/* A comparison with NaN is false; a select shows the side it takes. */
static bool shows_nan(const trial *t, int32_t input, int64_t i)
{
    if (t->out.dtype == WG_BOOL) return ((const uint8_t *)t->out.data)[i] == 0;
    if (t->s->op != WG__OP_select) return is_nan_at(&t->out, i);
    const bool is_taken = (((const uint8_t *)t->in[0].data)[i] != 0) == (input == 1);
    return is_nan_at(&t->out, i) == is_taken;
}

static void check_elementwise(trial *t)
{
    keep_expected(t);
    for (int32_t input = 0; input < t->s->in_count; input++) {
        wg__array *x = &t->in[input];
        if (!wg__dtype_is_float(x->dtype)) continue;
        for (int64_t i = 0; i < wg__array_count(x); i++) {
            char kept[8];
            char *at = (char *)x->data + (size_t)i * wg_dtype_bytes(x->dtype);
            memcpy(kept, at, wg_dtype_bytes(x->dtype));
            set(x, i, NAN);
            trial_run(t);
            check_only(t, i, shows_nan(t, input, i), i);
            memcpy(at, kept, wg_dtype_bytes(x->dtype));
        }
    }
}

/* Elementwise and of real numbers on both sides, or a comparison. */
static bool passes_nan(const specimen *s)
{
    const wg__class class = wg__op_table[s->op].class;
    const bool is_elementwise = class == WG__CLASS_LINEAR || class == WG__CLASS_MAP;
    return is_elementwise && wg__dtype_is_float(s->in[s->in_count - 1].dtype) &&
           s->op != WG__OP_bitcast;
}

static void each_length(bench *b, const specimen *s, wg__level level, uint64_t *state)
{
    for (int64_t n = 1; n <= LENGTH_MAX; n++) {
        const wg__shape line = { .rank = 1, .dim = { n } };
        specimen at = specimen_shaped(s, &line);
        if (at.wanted.dtype != 0) at.wanted.shape = line;
        trial t = trial_of(b, &at, level, state);
        check_elementwise(&t);
    }
}

/* ---- reductions ---- */

/* LINES lines of n along axis `axis`; the others run across. */
static void check_reduction(bench *b, specimen s, wg__level level, int64_t n, int axis,
                            uint64_t *state)
{
    const bool is_one_axis = s.op == WG__OP_argmax || s.op == WG__OP_argmin;
    const bool are_columns = axis == 0;
    s.in[0].shape = are_columns ? (wg__shape){ .rank = 2, .dim = { n, LINES } }
                                : (wg__shape){ .rank = 2, .dim = { LINES, n } };
    s.attribute[0] = is_one_axis ? axis : 1 << axis;
    trial t = trial_of(b, &s, level, state);
    keep_expected(&t);
    for (int64_t i = 0; i < n * LINES; i++) {
        const int64_t line = axis == 0 ? i % LINES : i / n;
        const int64_t place = axis == 0 ? i / LINES : i % n;
        char kept[8];
        char *at = (char *)t.in[0].data + (size_t)i * wg_dtype_bytes(s.in[0].dtype);
        memcpy(kept, at, wg_dtype_bytes(s.in[0].dtype));
        set(&t.in[0], i, NAN);
        trial_run(&t);
        const bool is_shown = is_one_axis ? ((const int32_t *)t.out.data)[line] == place
                                          : is_nan_at(&t.out, line);
        check_only(&t, line, is_shown, i);
        memcpy(at, kept, wg_dtype_bytes(s.in[0].dtype));
    }
}

/* ---- chains and products ---- */

typedef bool shows(const trial *t, int32_t input, int64_t from, int64_t to);

/* All elements of a result: NaN where the one of the input shows, else as they were. */
static void check_shown(const trial *t, int32_t input, int64_t from, shows *is_shown)
{
    const int64_t bytes = (int64_t)wg_dtype_bytes(t->out.dtype);
    for (int64_t to = 0; to < wg__array_count(&t->out); to++) {
        const char *found = (const char *)t->out.data + to * bytes;
        if (is_shown(t, input, from, to))
            check_msg(is_nan_at(&t->out, to), "%s: no NaN at %lld from %lld",
                      wg__op_table[t->s->op].name, (long long)to, (long long)from);
        else check_bytes(found, t->b->expected + to * bytes, (size_t)bytes);
    }
}

static void check_each_place(trial *t, shows *is_shown)
{
    keep_expected(t);
    for (int32_t input = 0; input < t->s->in_count; input++) {
        wg__array *x = &t->in[input];
        const size_t bytes = wg_dtype_bytes(x->dtype);
        for (int64_t i = 0; i < wg__array_count(x); i++) {
            char kept[8];
            char *at = (char *)x->data + (size_t)i * bytes;
            memcpy(kept, at, bytes);
            set(x, i, NAN);
            trial_run(t);
            check_shown(t, input, i, is_shown);
            memcpy(at, kept, bytes);
        }
    }
}

/* Of [n, LINES] along axis 0: that element's column, from it on. Attribute 1: the other way round.
 * The factor of the first step has nothing to multiply. */
static bool shows_in_chain(const trial *t, int32_t input, int64_t from, int64_t to)
{
    const int64_t n = t->in[0].dim[0];
    int64_t first = from / LINES, place = to / LINES;
    if (t->s->attribute[1] != 0) first = n - 1 - first, place = n - 1 - place;
    const bool is_read = first > 0 || input == t->s->in_count - 1;
    return is_read && from % LINES == to % LINES && place >= first;
}

/* Of [LINES, n] [n, LINES]: that row, or that column. */
static bool shows_in_product(const trial *t, int32_t input, int64_t from, int64_t to)
{
    const int64_t n = t->in[0].dim[1];
    return input == 0 ? to / LINES == from / n : to % LINES == from % LINES;
}

static void check_chains_and_products(bench *b, wg__level level, int64_t n, wg_dtype dtype,
                                      uint64_t *state)
{
    const wg__type tall = { .dtype = dtype, .shape = { .rank = 2, .dim = { n, LINES } } };
    const wg__type wide = { .dtype = dtype, .shape = { .rank = 2, .dim = { LINES, n } } };
    specimen s = { .in = { tall, tall }, .attribute_count = 2, .low = -2, .high = 2 };
    for (int at = 0; at < 4; at++) {
        s.op = at & 1 ? WG__OP_linear_recurrence : WG__OP_cumsum;
        s.in_count = at & 1 ? 2 : 1;
        s.attribute[1] = at >> 1;
        trial t = trial_of(b, &s, level, state);
        check_each_place(&t, shows_in_chain);
    }
    s = (specimen){ .op = WG__OP_matmul, .in_count = 2, .in = { wide, tall },
                    .low = -2, .high = 2 };
    trial t = trial_of(b, &s, level, state);
    check_each_place(&t, shows_in_product);
}

/* ---- all of them ---- */

/* The best level, in test-long every other too. */
static bool is_tried(wg__level level)
{
    return test_is_long() ? wg__level_exists(level) : level == wg__level_detect();
}

static void each_op(wg__level level, uint64_t *state)
{
    bench b;
    bench_open(&b);
    for (int32_t i = 0; i < specimen_count(); i++) {
        for (int dtype = WG_F32; dtype <= WG_F64; dtype++) {
            const specimen s = specimen_as(specimen_at(i), (wg_dtype)dtype);
            if (passes_nan(&s)) each_length(&b, &s, level, state);
        }
    }
    bench_close(&b);
}

Test(nan, at_each_place_of_an_array_is_that_element_alone)
{
    uint64_t state = test_seed();
    for (int level = 0; level < WG__LEVEL_COUNT; level++)
        if (is_tried((wg__level)level)) each_op((wg__level)level, &state);
}

Test(nan, at_each_place_of_a_line_is_its_reduction_alone)
{
    uint64_t state = test_seed();
    bench b;
    bench_open(&b);
    for (int op = 1; op < WG__OP_COUNT; op++) {
        if (wg__op_table[op].class != WG__CLASS_REDUCE) continue;
        for (int at = 0; at < 4 * WG__LEVEL_COUNT; at++) {
            const specimen s = { .op = (wg__op_id)op, .in_count = 1, .attribute_count = 1,
                                 .low = -2, .high = 2,
                                 .in = { { .dtype = at & 1 ? WG_F32 : WG_F64 } } };
            if (!is_tried((wg__level)(at / 4))) continue;
            for (int64_t n = 1; n <= LENGTH_MAX; n++)
                check_reduction(&b, s, (wg__level)(at / 4), n, at >> 1 & 1, &state);
        }
    }
    bench_close(&b);
}

/* A default run draws from the lengths. */
Test(nan, at_each_place_of_a_chain_or_a_product_is_in_what_it_enters)
{
    uint64_t state = test_seed();
    bench b;
    bench_open(&b);
    for (int64_t n = 1; n <= LENGTH_MAX; n++) {
        if (!test_is_long() && test_draw(&state, 1, 4) != 1) continue;
        for (int at = 0; at < 2 * WG__LEVEL_COUNT; at++)
            if (is_tried((wg__level)(at / 2)))
                check_chains_and_products(&b, (wg__level)(at / 2), n, at & 1 ? WG_F32 : WG_F64,
                                          &state);
    }
    bench_close(&b);
}
