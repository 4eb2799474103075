/* Constructors of elementwise ops: dtypes must agree, shapes are joined as in NumPy, and a
 * broadcast is recorded wherever an input stretches, so that no rule ever meets one. */
#include "graph/tape.h"
#include <wengert/ops.h>

/* ---- joining ---- */

/* "[3, 4] and [5]: 4 is not 5" */
static int join_refuse(wg_tape *tape, const char *op, const wg__shape *x, const wg__shape *y)
{
    char text[200];
    wg__text why = wg__text_of(text, sizeof text);
    wg__text_shape(&why, x);
    wg__text_add(&why, " and ");
    wg__text_shape(&why, y);
    const int32_t rank = x->rank < y->rank ? x->rank : y->rank;
    for (int32_t i = 1; i <= rank; i++) {
        const int64_t a = x->dim[x->rank - i], b = y->dim[y->rank - i];
        if (a == b || a == 1 || b == 1) continue;
        wg__text_add(&why, ": %lld is not %lld", (long long)a, (long long)b);
        break;
    }
    return wg__tape_refuse(tape, WG_ESHAPE, op, WG__NONE, "%s", text);
}

static int inputs_broadcast(wg_tape *tape, int32_t count, uint32_t *in, const wg__shape *joined)
{
    for (int32_t i = 0; i < count; i++)
        in[i] = wg__emit_broadcast(&tape->builder, in[i], joined);
    return tape->error.status;
}

static int inputs_stretch(wg_tape *tape, const char *op, int32_t count, uint32_t *in)
{
    wg__shape joined = *wg__tape_shape(tape, in[0]);
    for (int32_t i = 1; i < count; i++) {
        const wg__shape *shape = wg__tape_shape(tape, in[i]);
        if (wg__shape_join(&joined, shape, &joined) < 0)
            return join_refuse(tape, op, &joined, shape);
    }
    if (wg__shape_count(&joined) < 0)
        return wg__tape_refuse(tape, WG_ELIMIT, op, WG__NONE,
                               "the joint shape has too many elements");
    return inputs_broadcast(tape, count, in, &joined);
}

int wg__inputs_join(wg_tape *tape, const char *op, int32_t count, uint32_t *in)
{
    const uint32_t first = tape->record[in[0]].shape;
    bool are_equal = true;
    for (int32_t i = 1; i < count; i++)
        are_equal = are_equal && tape->record[in[i]].shape == first;
    if (are_equal) return WG_OK;

    /* Most often all but one are scalars, and the joint shape is that one's. */
    const wg__shape *widest = wg__tape_shape(tape, in[0]);
    bool has_two = false;
    for (int32_t i = 1; i < count; i++) {
        const wg__shape *shape = wg__tape_shape(tape, in[i]);
        has_two = has_two || (widest->rank > 0 && shape->rank > 0 && shape != widest);
        if (widest->rank == 0) widest = shape;
    }
    return has_two ? inputs_stretch(tape, op, count, in)
                   : inputs_broadcast(tape, count, in, widest);
}

int wg__dtypes_agree(wg_tape *tape, const char *op, int32_t count, const uint32_t *in)
{
    const int dtype = tape->record[in[0]].dtype;
    for (int32_t i = 1; i < count; i++) {
        const int other = tape->record[in[i]].dtype;
        if (other != dtype)
            return wg__tape_refuse(tape, WG_EDTYPE, op, WG__NONE, "%s and %s differ",
                                   wg_dtype_name((wg_dtype)dtype), wg_dtype_name((wg_dtype)other));
    }
    return WG_OK;
}

/* ---- rows ---- */

static wg_var unary(wg__op_id op, wg_var x)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of(wg__op_table[op].name, 1, &x, &failed);
    if (tape == NULL) return failed;
    return wg__var_of(tape, wg__emit1(&tape->builder, op, x.index));
}

/* x^n for the numbers 1 to 4, as products; WG__NONE for other exponents. */
static uint32_t product_of(wg_tape *tape, uint32_t x, uint32_t exponent)
{
    double n;
    if (!wg__tape_number_of(tape, exponent, &n)) return WG__NONE;
    if (n != 1 && n != 2 && n != 3 && n != 4) return WG__NONE;
    if (n == 1) return x;
    const uint32_t square = wg__emit2(&tape->builder, WG__OP_mul, x, x);
    if (n == 2) return square;
    return wg__emit2(&tape->builder, WG__OP_mul, square, n == 3 ? x : square);
}

static wg_var binary(const char *name, wg__op_id op, wg_var x, wg_var y)
{
    wg_var failed;
    const wg_var both[2] = { x, y };
    wg_tape *tape = wg__tape_of(name, 2, both, &failed);
    if (tape == NULL) return failed;
    uint32_t in[2] = { x.index, y.index };
    if (wg__dtypes_agree(tape, name, 2, in) < 0 || wg__inputs_join(tape, name, 2, in) < 0)
        return wg__var_of(tape, WG__NONE);
    const uint32_t product = op == WG__OP_pow ? product_of(tape, in[0], in[1]) : WG__NONE;
    if (product != WG__NONE) return wg__var_of(tape, product);
    return wg__var_of(tape, wg__emit2(&tape->builder, op, in[0], in[1]));
}

#define UNARY(name)  wg_var wg_##name(wg_var x) { return unary(WG__OP_##name, x); }
#define BINARY(name)                                                                               \
    wg_var wg_##name(wg_var x, wg_var y) { return binary(#name, WG__OP_##name, x, y); }
#define LIN1(name, dx, value, low, high, ulp)     UNARY(name)
#define LIN2(name, dx, dy, value, low, high, ulp) BINARY(name)
#define ALL1(name, dx, value, low, high, ulp)     UNARY(name)
#define ALL2(name, dx, dy, value, low, high, ulp) BINARY(name)
#define MAP1(name, dx, value, low, high, ulp)     UNARY(name)
#define MAP2(name, dx, dy, value, low, high, ulp) BINARY(name)
#define TEST2(name, value)                        BINARY(name)
#define BITS1(name, value)                        UNARY(name)
#define BITS2(name, value)                        BINARY(name)
#define MARK(name)                                UNARY(name)
#define PRIM(name, class, inputs, infer, vjp, eval)
#define LEAF(name)
#include "ops/ops.def"

wg_var wg_polygamma(int order, wg_var x)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("polygamma", 1, &x, &failed);
    if (tape == NULL) return failed;
    return wg__var_of(tape, wg__emit_polygamma(&tape->builder, order, x.index));
}

/* ---- select and changes of dtype ---- */

wg_var wg_select(wg_var condition, wg_var x, wg_var y)
{
    wg_var failed;
    const wg_var all[3] = { condition, x, y };
    wg_tape *tape = wg__tape_of("select", 3, all, &failed);
    if (tape == NULL) return failed;
    uint32_t in[3] = { condition.index, x.index, y.index };
    const wg_dtype dtype = (wg_dtype)tape->record[condition.index].dtype;
    if (dtype != WG_BOOL)
        wg__tape_refuse(tape, WG_EDTYPE, "select", WG__NONE,
                        "the condition must be bool, not %s", wg_dtype_name(dtype));
    else if (wg__dtypes_agree(tape, "select", 2, in + 1) == WG_OK &&
             wg__inputs_join(tape, "select", 3, in) == WG_OK)
        return wg__var_of(tape, wg__emit_select(&tape->builder, in[0], in[1], in[2]));
    return wg__var_of(tape, WG__NONE);
}

wg_var wg_cast(wg_var x, wg_dtype dtype)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("cast", 1, &x, &failed);
    if (tape == NULL) return failed;
    return wg__var_of(tape, wg__emit_cast(&tape->builder, x.index, dtype));
}

wg_var wg_bitcast(wg_var x, wg_dtype dtype)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of("bitcast", 1, &x, &failed);
    if (tape == NULL) return failed;
    return wg__var_of(tape, wg__emit_bitcast(&tape->builder, x.index, dtype));
}

static wg_var shifted(wg__op_id op, wg_var x, int distance)
{
    wg_var failed;
    wg_tape *tape = wg__tape_of(wg__op_table[op].name, 1, &x, &failed);
    if (tape == NULL) return failed;
    const int64_t attribute[1] = { distance };
    const wg__request request = { .op = op,
                                  .in_count = 1,
                                  .in = &x.index,
                                  .attribute = attribute,
                                  .attribute_count = 1 };
    return wg__var_of(tape, wg__tape_emit(&tape->builder, &request));
}

wg_var wg_bits_left(wg_var x, int distance)
{
    return shifted(WG__OP_bits_left, x, distance);
}

wg_var wg_bits_right(wg_var x, int distance)
{
    return shifted(WG__OP_bits_right, x, distance);
}

/* ---- spellings ---- */

wg_var wg_log_gamma(wg_var x)
{
    return wg_polygamma(-1, x);
}

/* Not the negation of < or <=, which would be true of NaN. */
wg_var wg_gt(wg_var x, wg_var y)
{
    return binary("gt", WG__OP_lt, y, x);
}

wg_var wg_ge(wg_var x, wg_var y)
{
    return binary("ge", WG__OP_le, y, x);
}

wg_var wg_ne(wg_var x, wg_var y)
{
    return unary(WG__OP_not, binary("ne", WG__OP_eq, x, y));
}
