/* Every primitive on 10,000 inputs. Elementwise rows of the table are called by their names; for
 * each structural row there is a function case_NAME below, without which this file does not
 * compile. So a new primitive is in the list, or the build fails.                                */
#include "bits.h"
#include "ops/internal.h"

enum { ROWS = 100, COLUMNS = 100 };
static const bits_range plain = { -4, 4, false };

/* ---- structural rows: x, y [100, 100] of the dtype; index i32 [100], 0 to 99 ---- */

typedef struct operands { bits *b; wg_var x, y, index; wg_dtype dtype; } operands;
typedef wg_var case_function(const operands *in);

static wg_var case_bits_left(const operands *in) { return wg_bits_left(wg_cast(in->x, WG_I32), 3); }
static wg_var case_bits_right(const operands *in)
{
    return wg_bits_right(wg_cast(in->x, WG_I32), 1);
}
static wg_var case_polygamma(const operands *in)
{
    return wg_add(wg_log_gamma(in->x), wg_polygamma(2, in->y));
}
static wg_var case_select(const operands *in)
{
    return wg_select(wg_lt(in->x, in->y), in->x, in->y);
}
static wg_var case_cast(const operands *in)
{
    return wg_cast(in->x, in->dtype == WG_F32 ? WG_F64 : WG_F32);
}
static wg_var case_bitcast(const operands *in)
{
    return wg_bitcast(in->x, in->dtype == WG_F32 ? WG_I32 : WG_I64);
}
static wg_var case_reshape(const operands *in) { return wg_reshape(in->x, WG_SHAPE(25, 4, 100)); }
static wg_var case_permute(const operands *in) { return wg_permute(in->x, WG_AXES(1, 0)); }
static wg_var case_broadcast(const operands *in)
{
    return wg_broadcast(wg_slice(in->x, 0, 0, 1, 1), WG_SHAPE(ROWS, COLUMNS));
}
static wg_var case_slice(const operands *in) { return wg_slice(in->x, 1, 97, 2, -3); }
static wg_var case_pad(const operands *in) { return wg_pad(in->x, 1, 2, 1, 1, 0.5); }
static wg_var case_concat(const operands *in)
{
    return wg_concat(2, (const wg_var[]){ in->x, in->y }, 1);
}
static wg_var case_sum(const operands *in)
{
    return wg_add(wg_sum(in->x, WG_KEEP(1)), wg_sum(in->y, WG_AXES(0)));
}
static wg_var case_max(const operands *in) { return wg_max(in->x, WG_AXES(1)); }
static wg_var case_min(const operands *in) { return wg_min(in->x, WG_AXES(0)); }
static wg_var case_prod(const operands *in) { return wg_prod(in->x, WG_AXES(1)); }
static wg_var case_argmax(const operands *in) { return wg_argmax(in->x, 1); }
static wg_var case_argmin(const operands *in) { return wg_argmin(in->x, 0); }
static wg_var case_cumsum(const operands *in) { return wg_cumsum(in->x, 1, true, true); }
static wg_var case_linear_recurrence(const operands *in)
{
    return wg_linear_recurrence(wg_mul(in->x, wg_number(in->x, 0.25)), in->y, 0, false);
}
static wg_var case_argsort(const operands *in) { return wg_argsort(in->x, 1); }
static const wg_window window = { .extent = 3, .stride = 2, .dilation = 2, .pad_low = 1 };
static wg_var case_windows(const operands *in) { return wg_windows(in->x, 1, window); }
static wg_var case_overlap_add(const operands *in)
{
    return wg_overlap_add(wg_windows(in->x, 1, window), 1, window, COLUMNS);
}
static wg_var case_matmul(const operands *in) { return wg_matmul(in->x, in->y); }
static wg_var case_gather(const operands *in) { return wg_gather(in->x, in->index, 0); }
static wg_var case_scatter_add(const operands *in)
{
    return wg_scatter_add(in->x, in->index, in->y, 0);
}
static wg_var case_iota(const operands *in) { return wg_iota(in->b->tape, in->dtype, 10000); }
static wg_var case_random_bits(const operands *in)
{
    const int64_t draw = 7;
    return wg_random_bits(wg_constant(in->b->tape, wg_i64(&draw, WG_SCALAR)), 11,
                          WG_SHAPE(ROWS, COLUMNS));
}

/* ---- all of them ---- */

typedef struct primitive {
    const char *name;
    wg_var (*unary)(wg_var x);
    wg_var (*binary)(wg_var x, wg_var y);
    case_function *structural;
    double low, high;
    bool is_of_bits;
} primitive;

/* `LIN1(neg, ...)` is called as wg_neg; what a user's function computes has no kernel of ours. */
#define ONE(name, low, high) { #name, wg_##name, NULL, NULL, low, high, false },
#define TWO(name, low, high) { #name, NULL, wg_##name, NULL, low, high, false },
static const primitive primitives[] = {
#define LIN1(name, dx, value, low, high, ulp)       ONE(name, low, high)
#define LIN2(name, dx, dy, value, low, high, ulp)   TWO(name, low, high)
#define ALL1(name, dx, value, low, high, ulp)       ONE(name, low, high)
#define ALL2(name, dx, dy, value, low, high, ulp)   TWO(name, low, high)
#define MAP1(name, dx, value, low, high, ulp)       ONE(name, low, high)
#define MAP2(name, dx, dy, value, low, high, ulp)   TWO(name, low, high)
#define TEST2(name, value)                          TWO(name, -4, 4)
#define BITS1(name, value) { #name, wg_##name, NULL, NULL, -9, 9, true },
#define BITS2(name, value) { #name, NULL, wg_##name, NULL, -9, 9, true },
#define PRIM(name, class, inputs, infer, vjp, eval)                                                \
    { #name, NULL, NULL, case_##name, -4, 4, false },
#define USER(name, class, inputs, infer, eval)
#define LEAF(name)
#define MARK(name)
#include "ops/ops.def"
};

static void elementwise(bits *b, const primitive *one, wg_dtype dtype)
{
    const wg_shape shape = WG_SHAPE(ROWS, COLUMNS);
    const bits_range range = { (int)(one->low * 16) / 16.0, (int)(one->high * 16) / 16.0, true };
    const wg_var x = bits_input(b, "x", 2, dtype, shape, range);
    const wg_var y = bits_input(b, "y", 3, dtype, shape, range);
    bits_line(b, "primitive", one->name, dtype,
              one->unary != NULL ? one->unary(x) : one->binary(x, y));
}

static void structural(bits *b, const primitive *one, wg_dtype dtype)
{
    const wg_shape shape = WG_SHAPE(ROWS, COLUMNS);
    const operands in = {
        .b = b,
        .x = bits_input(b, "x", 4, dtype, shape, plain),
        .y = bits_input(b, "y", 5, dtype, shape, plain),
        .index = bits_input(b, "index", 6, WG_I32, WG_SHAPE(ROWS), (bits_range){ 0, 100, false }),
        .dtype = dtype,
    };
    bits_line(b, "primitive", one->name, dtype, one->structural(&in));
}

void bits_primitives(bits *b)
{
    static const wg_dtype dtypes[2][2] = { { WG_F32, WG_F64 }, { WG_I32, WG_I64 } };
    for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++)
        for (int wide = 0; wide < 2; wide++) {
            const primitive *one = &primitives[i];
            const wg_dtype dtype = dtypes[one->is_of_bits][wide];
            bits_begin(b);
            if (one->structural != NULL) structural(b, one, dtype);
            else elementwise(b, one, dtype);
        }
}
