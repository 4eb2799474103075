/* Shapes have equal extents where a rule that takes the wrong axis would otherwise be told by its
 * shape alone. Numbers are short dyadic fractions, so that steps away from them are exact and a
 * cast to f32 and back loses nothing.                                                            */
#include "support/specimen.h"

#include "ops/rules.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

/* ---- the list ---- */

#define SHAPE(count, ...) { .rank = (count), .dim = { __VA_ARGS__ } }
#define REAL(...)         { .dtype = WG_F64, .shape = SHAPE(__VA_ARGS__) }
#define SMALL(...)        { .dtype = WG_F32, .shape = SHAPE(__VA_ARGS__) }
#define WHOLE(...)        { .dtype = WG_I32, .shape = SHAPE(__VA_ARGS__) }
#define LONG(...)         { .dtype = WG_I64, .shape = SHAPE(__VA_ARGS__) }
#define TRUTH(...)        { .dtype = WG_BOOL, .shape = SHAPE(__VA_ARGS__) }

#define ROW(name, count, low_, high_)                                                              \
    { .op = WG__OP_##name, .in_count = (count), .in = { REAL(2, 3, 4), REAL(2, 3, 4) },            \
      .low = (low_), .high = (high_) },
#define BITS(name, count)                                                                          \
    { .op = WG__OP_##name, .in_count = (count), .in = { WHOLE(2, 3, 4), WHOLE(2, 3, 4) } },

static const specimen specimens[] = {
#define LIN1(name, dx, value, low, high, ulp)     ROW(name, 1, low, high)
#define LIN2(name, dx, dy, value, low, high, ulp) ROW(name, 2, low, high)
#define ALL1(name, dx, value, low, high, ulp)     ROW(name, 1, low, high)
#define ALL2(name, dx, dy, value, low, high, ulp) ROW(name, 2, low, high)
#define MAP1(name, dx, value, low, high, ulp)     ROW(name, 1, low, high)
#define MAP2(name, dx, dy, value, low, high, ulp) ROW(name, 2, low, high)
#define TEST2(name, value)                        ROW(name, 2, -2, 2)
#define BITS1(name, value)                        BITS(name, 1)
#define BITS2(name, value)                        BITS(name, 2)
#define ORDERS(name, low_, high_, ulp)                                                             \
    { .op = WG__OP_##name, .in_count = 1, .in = { REAL(2, 3, 4) }, .low = (low_), .high = (high_), \
      .attribute_count = 1, .attribute = { -1 } },                                                 \
    { .op = WG__OP_##name, .in_count = 1, .in = { REAL(2, 3, 4) }, .low = (low_), .high = (high_), \
      .attribute_count = 1, .attribute = { 2 } },
#define PRIM(name, class, inputs, infer, vjp, eval)
#define LEAF(name)
#define MARK(name)
#include "ops/ops.def"

#define ONE(name, type) .op = WG__OP_##name, .in_count = 1, .in = { type }, .low = -2, .high = 2
#define TWO(name, x, y) .op = WG__OP_##name, .in_count = 2, .in = { x, y }, .low = -2, .high = 2
#define THREE(name, x, y, z)                                                                       \
    .op = WG__OP_##name, .in_count = 3, .in = { x, y, z }, .low = -2, .high = 2
#define WITH(count, ...) .attribute_count = (count), .attribute = { __VA_ARGS__ }
    { ONE(bits_left, WHOLE(1, 5)), WITH(1, 3) },
    { ONE(bits_right, WHOLE(1, 5)), WITH(1, 3) },
    { THREE(select, TRUTH(2, 3, 4), REAL(2, 3, 4), REAL(2, 3, 4)) },
    { ONE(cast, REAL(2, 3, 4)), .wanted = SMALL(2, 3, 4) },
    { ONE(cast, SMALL(2, 3, 4)), .wanted = REAL(2, 3, 4) },
    { ONE(bitcast, REAL(1, 5)), .wanted = LONG(1, 5) },
    { ONE(reshape, REAL(2, 3, 4)), .wanted = REAL(3, 2, 2, 3) },
    { ONE(reshape, REAL(2, 0, 3)), .wanted = REAL(3, 3, 0, 2) },
    { ONE(reshape, REAL(1, 1)), .wanted = REAL(0, 0) },
    { ONE(permute, REAL(2, 4, 4)), WITH(2, 1, 0) },
    { ONE(permute, REAL(3, 3, 3, 3)), WITH(3, 2, 0, 1) },
    { ONE(broadcast, REAL(2, 3, 1)), .wanted = REAL(2, 3, 3) },
    { ONE(broadcast, REAL(1, 3)), .wanted = REAL(3, 2, 3, 3) },
    { ONE(broadcast, REAL(0, 0)), .wanted = REAL(1, 4) },
    { ONE(broadcast, REAL(2, 3, 1)), .wanted = REAL(2, 3, 0) },
    { ONE(slice, REAL(2, 7, 7)), WITH(4, 0, 1, 6, 2) },
    { ONE(slice, REAL(2, 7, 3)), WITH(4, 0, 5, -1, -2) },
    { ONE(slice, REAL(2, 3, 7)), WITH(4, 1, 2, 7, 1) },
    { ONE(slice, REAL(2, 3, 4)), WITH(4, 1, 2, 2, 1) },
    { ONE(pad, REAL(2, 3, 3)), WITH(5, 0, 1, 2, 1, 0) },
    { ONE(pad, REAL(2, 3, 3)), WITH(5, 1, 0, 1, 0, 0) },
    { ONE(pad, REAL(1, 0)), WITH(5, 0, 2, 1, 3, 0) },
    { THREE(concat, REAL(2, 3, 3), REAL(2, 3, 3), REAL(2, 3, 3)), WITH(1, 0) },
    { TWO(concat, REAL(2, 3, 2), REAL(2, 3, 4)), WITH(1, 1) },
    { TWO(concat, REAL(2, 0, 2), REAL(2, 3, 2)), WITH(1, 0) },
    { ONE(sum, REAL(2, 4, 4)), WITH(1, 1) },
    { ONE(sum, REAL(3, 3, 2, 3)), WITH(1, 5) },
    { ONE(sum, REAL(2, 33, 17)), WITH(1, 2) },
    { ONE(sum, REAL(2, 0, 3)), WITH(1, 1) },
    { ONE(max, REAL(2, 4, 4)), WITH(1, 1) },
    { ONE(max, REAL(3, 3, 2, 3)), WITH(1, 6) },
    { ONE(max, REAL(1, 33)), WITH(1, 1) },
    { ONE(min, REAL(2, 4, 4)), WITH(1, 2) },
    { ONE(prod, REAL(2, 3, 3)), WITH(1, 1) },
    { ONE(prod, REAL(3, 2, 2, 2)), WITH(1, 5) },
    { ONE(prod, REAL(1, 17)), WITH(1, 1) },
    { ONE(prod, REAL(2, 0, 3)), WITH(1, 1) },
    { ONE(argmax, REAL(2, 3, 4)), WITH(1, 1) },
    { ONE(argmin, REAL(2, 3, 4)), WITH(1, 0) },
    { ONE(cumsum, REAL(2, 4, 4)), WITH(2, 0, 0) },
    { ONE(cumsum, REAL(2, 4, 4)), WITH(2, 1, 1) },
    { ONE(cumsum, REAL(1, 33)), WITH(2, 0, 1) },
    { ONE(cumsum, REAL(2, 3, 0)), WITH(2, 1, 0) },
    { TWO(linear_recurrence, REAL(2, 4, 4), REAL(2, 4, 4)), WITH(2, 0, 0) },
    { TWO(linear_recurrence, REAL(2, 4, 4), REAL(2, 4, 4)), WITH(2, 1, 1) },
    { TWO(linear_recurrence, REAL(1, 17), REAL(1, 17)), WITH(2, 0, 0) },
    { TWO(linear_recurrence, REAL(2, 0, 3), REAL(2, 0, 3)), WITH(2, 0, 1) },
    { ONE(argsort, REAL(2, 3, 4)), WITH(1, 1) },
    { ONE(windows, REAL(2, 7, 7)), WITH(4, 0, 3, 2, 1) },
    { ONE(windows, REAL(2, 2, 8)), WITH(4, 1, 3, 1, 2) },
    { ONE(windows, REAL(1, 5)), WITH(4, 0, 1, 5, 1) },
    { ONE(overlap_add, REAL(3, 3, 2, 3)), WITH(4, 0, 2, 1, 7) },
    { ONE(overlap_add, REAL(3, 2, 4, 3)), WITH(4, 1, 1, 2, 8) },
    { TWO(matmul, REAL(2, 3, 3), REAL(2, 3, 3)) },
    { TWO(matmul, REAL(3, 2, 3, 4), REAL(3, 2, 4, 2)) },
    { TWO(matmul, REAL(2, 17, 33), REAL(2, 33, 5)) },
    { TWO(matmul, REAL(2, 3, 0), REAL(2, 0, 2)) },
    { TWO(matmul, REAL(2, 0, 2), REAL(2, 2, 3)) },
    { TWO(gather, REAL(2, 4, 4), WHOLE(2, 2, 3)), WITH(1, 0), .limit = 4 },
    { TWO(gather, REAL(2, 3, 4), LONG(1, 4)), WITH(1, 1), .limit = 4 },
    { TWO(gather, REAL(2, 3, 4), WHOLE(1, 0)), WITH(1, 1), .limit = 4 },
    { TWO(gather, REAL(2, 3, 4), LONG(0, 0)), WITH(1, 0), .limit = 3 },
    { THREE(scatter_add, REAL(2, 4, 3), WHOLE(1, 6), REAL(2, 6, 3)), WITH(1, 0), .limit = 4 },
    { THREE(scatter_add, REAL(2, 3, 4), LONG(1, 4), REAL(2, 3, 4)), WITH(1, 1), .limit = 4 },
    { THREE(scatter_add, REAL(1, 4), WHOLE(1, 0), REAL(1, 0)), WITH(1, 0), .limit = 4 },
    { .op = WG__OP_iota, .wanted = REAL(1, 5) },
    { ONE(random_bits, LONG(0, 0)), WITH(1, 77), .wanted = WHOLE(2, 3, 4) },
};
enum { SPECIMENS = sizeof specimens / sizeof specimens[0] };

int32_t specimen_count(void)
{
    return SPECIMENS;
}

const specimen *specimen_at(int32_t i)
{
    check(i >= 0 && i < SPECIMENS);
    return &specimens[i];
}

const char *specimen_reason(wg__op_id op)
{
    switch (op) {
    case WG__OP_input:
    case WG__OP_parameter:
    case WG__OP_constant:
    case WG__OP_placeholder: return "a leaf: its value comes from outside";
    case WG__OP_stop_gradient: return "a mark: its derivative is 0 where its difference is 1";
    case WG__OP_extern:
    case WG__OP_rule:
    case WG__OP_ruled: return "a function of the caller: its derivative is the caller's";
    case WG__OP_scan:
    case WG__OP_pick: return "steps of a body: its derivative is made of those of other ops";
    default: return NULL;
    }
}

void specimen_name(const specimen *s, wg__text *out)
{
    wg__text_add(out, "%s", wg__op_table[s->op].name);
    for (int32_t i = 0; i < s->in_count; i++) {
        wg__text_add(out, " %s ", wg_dtype_name(s->in[i].dtype));
        wg__text_shape(out, &s->in[i].shape);
    }
    for (int32_t i = 0; i < s->attribute_count; i++)
        wg__text_add(out, "%s%lld", i == 0 ? " (" : ", ", (long long)s->attribute[i]);
    if (s->attribute_count > 0) wg__text_add(out, ")");
}

/* ---- variants ---- */

specimen specimen_as(const specimen *s, wg_dtype dtype)
{
    specimen as = *s;
    for (int32_t i = 0; i < as.in_count; i++)
        if (wg__dtype_is_float(as.in[i].dtype)) as.in[i].dtype = dtype;
    if (as.wanted.dtype == WG_F64 && as.op != WG__OP_cast) as.wanted.dtype = dtype;
    if (as.op == WG__OP_bitcast) as.wanted.dtype = dtype == WG_F32 ? WG_I32 : WG_I64;
    return as;
}

specimen specimen_shaped(const specimen *s, const wg__shape *shape)
{
    specimen shaped = *s;
    for (int32_t i = 0; i < shaped.in_count; i++) shaped.in[i].shape = *shape;
    return shaped;
}

bool specimen_is_elementwise(const specimen *s)
{
    return wg__steps_of(s->op, 0) != NULL;
}

uint32_t specimen_emit(wg__builder *b, const specimen *s, const uint32_t *in)
{
    return b->emit(b, &(wg__request){ .op = s->op,
                                      .in_count = s->in_count,
                                      .in = in,
                                      .attribute = s->attribute,
                                      .attribute_count = s->attribute_count,
                                      .wanted = s->wanted.dtype != 0 ? &s->wanted : NULL });
}

/* ---- points ---- */

static double from_whole(double x)
{
    return fabs(x - rint(x));
}

double specimen_distance(wg__op_id op, double x, double y)
{
    switch (op) {
    case WG__OP_abs: return fabs(x);                          /* at 0 the slope jumps by 2 */
    case WG__OP_sign: return fabs(x);                         /* at 0 the value jumps by 2 */
    case WG__OP_maximum:
    case WG__OP_minimum: return fabs(x - y);                  /* at a tie slopes change places */
    case WG__OP_rem: return from_whole(x / y) * fabs(y);      /* at multiples of y it jumps by y */
    case WG__OP_atan2: return y < 0 ? fabs(x) : hypot(x, y);  /* at the cut it jumps by 2 pi */
    case WG__OP_floor: return from_whole(x);                  /* at whole numbers it jumps by 1 */
    case WG__OP_round: return 0.5 - from_whole(x);            /* at halves it jumps by 1 */
    default: return INFINITY;
    }
}

/* Somewhere in part k of n of the domain. */
static double draw_part(const specimen *s, uint64_t *state, int64_t k, int64_t n)
{
    const double margin = (s->high - s->low) / 512; /* a difference stays within the domain */
    const double width = s->high - s->low - 2 * margin;
    const double part = (double)(test_random(state) >> 11) * 0x1p-53;
    const double at = s->low + margin + width * ((double)k + 0.25 + 0.5 * part) / (double)n;
    return rint(at * 0x1p12) * 0x1p-12;
}

double specimen_draw(const specimen *s, int32_t i, uint64_t *state)
{
    const wg_dtype dtype = s->in[i].dtype;
    if (dtype == WG_BOOL) return (double)test_draw(state, 0, 1);
    if (!wg__dtype_is_float(dtype))
        return (double)test_draw(state, 0, s->limit > 0 ? s->limit - 1 : 100);
    enum { PARTS = 1024 };
    return draw_part(s, state, test_draw(state, 0, PARTS - 1), PARTS);
}

/* A number below n that has no divisor in common with it: its multiples visit all of 0 .. n - 1. */
static int64_t stride_of(int64_t n, uint64_t *state)
{
    if (n < 3) return 1;
    for (int64_t factor = test_draw(state, 1, n - 1);; factor = factor % (n - 1) + 1) {
        int64_t a = n, b = factor;
        while (b != 0) {
            const int64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1) return factor;
    }
}

void specimen_fill(const specimen *s, int32_t i, uint64_t *state, void *data)
{
    const wg_dtype dtype = s->in[i].dtype;
    const int64_t n = wg__shape_count(&s->in[i].shape);
    if (n == 0) return;
    const int64_t factor = stride_of(n, state);
    for (int64_t k = 0; k < n; k++) {
        const double value = wg__dtype_is_float(dtype) ? draw_part(s, state, k * factor % n, n)
                                                       : specimen_draw(s, i, state);
        wg__number_store(value, dtype, (char *)data + (size_t)k * wg_dtype_bytes(dtype));
    }
}
