/* Constructors: shapes and dtypes of what they give, the broadcasts they insert, and what records
 * nothing. Values are compared in test_replay.c and with the runtime. */
#include "graph/internal.h"
#include "support/test.h"

#include <wengert/ops.h>

static wg_tape *tape;

static wg_var f32(wg_shape shape)
{
    return wg_full(tape, WG_F32, shape, 1);
}

static void check_type(wg_var x, wg_dtype dtype, wg_shape shape)
{
    check_msg(wg__var_check(x) == WG_OK, "%s", wg_tape_message(tape));
    check_equal_i(wg_dtype_of(x), dtype);
    check(wg_shape_equal(wg_shape_of(x), shape));
}

static wg__op_id op_of(wg_var x)
{
    return (wg__op_id)tape->record[x.index].op;
}

static wg_var input_of(wg_var x, int i)
{
    int32_t count;
    return wg__var_of(tape, wg__tape_inputs(tape, x.index, &count)[i]);
}

#define WITH_TAPE(name)                                                                            \
    static void constructor_##name(void);                                                          \
    Test(constructor, name)                                                                        \
    {                                                                                              \
        tape = wg_tape_create(NULL);                                                               \
        constructor_##name();                                                                      \
        wg_tape_free(tape);                                                                        \
    }                                                                                              \
    static void constructor_##name(void)

/* Every row of the table that is elementwise records itself. */
WITH_TAPE(each_row_records_its_own_op)
{
    wg_var x = f32(WG_SHAPE(2, 3)), y = f32(WG_SHAPE(2, 3)), b = wg_lt(x, y), r;
#define UNARY(name, in)  r = wg_##name(in); check_equal_i(op_of(r), WG__OP_##name);
#define BINARY(name, in) r = wg_##name(in, in); check_equal_i(op_of(r), WG__OP_##name);
#define LIN1(name, dx, value, low, high, ulp)     UNARY(name, x)
#define LIN2(name, dx, dy, value, low, high, ulp) BINARY(name, x)
#define ALL1(name, dx, value, low, high, ulp)     UNARY(name, x)
#define ALL2(name, dx, dy, value, low, high, ulp) BINARY(name, x)
#define MAP1(name, dx, value, low, high, ulp)     UNARY(name, x)
#define MAP2(name, dx, dy, value, low, high, ulp) BINARY(name, x)
#define TEST2(name, value)                        BINARY(name, x)
#define BITS1(name, value)                        UNARY(name, b)
#define BITS2(name, value)                        BINARY(name, b)
#define MARK(name)                                UNARY(name, x)
#define PRIM(name, class, inputs, infer, vjp, eval)
#define LEAF(name)
#include "ops/ops.def"
}

WITH_TAPE(shapes_join_as_in_numpy)
{
    const struct { wg_shape x, y, joined; } known[] = {
        { WG_SHAPE(2, 3), WG_SHAPE(3), WG_SHAPE(2, 3) },
        { WG_SHAPE(2, 1), WG_SHAPE(1, 3), WG_SHAPE(2, 3) },
        { WG_SCALAR, WG_SHAPE(4, 5), WG_SHAPE(4, 5) },
        { WG_SHAPE(5, 1, 7), WG_SHAPE(6, 1), WG_SHAPE(5, 6, 7) },
        { WG_SHAPE(0, 3), WG_SHAPE(1, 3), WG_SHAPE(0, 3) },
        { WG_SHAPE(1), WG_SHAPE(0), WG_SHAPE(0) },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        check_type(wg_add(f32(known[i].x), f32(known[i].y)), WG_F32, known[i].joined);
        check_type(wg_mul(f32(known[i].y), f32(known[i].x)), WG_F32, known[i].joined);
        check_type(wg_lt(f32(known[i].y), f32(known[i].x)), WG_BOOL, known[i].joined);
    }
}

WITH_TAPE(a_broadcast_is_a_record_only_where_something_stretches)
{
    wg_var x = f32(WG_SHAPE(2, 3)), row = f32(WG_SHAPE(3));
    wg_var y = wg_add(x, x);
    check_equal_i(input_of(y, 0).index, x.index);
    y = wg_add(x, row);
    check_equal_i(input_of(y, 0).index, x.index);
    check_equal_i(op_of(input_of(y, 1)), WG__OP_broadcast);
    check_equal_i(input_of(input_of(y, 1), 0).index, row.index);
    y = wg_select(wg_lt(row, row), x, wg_number(x, 0));
    check_equal_i(op_of(input_of(y, 0)), WG__OP_broadcast);
    check_equal_i(input_of(y, 1).index, x.index);
    check_equal_i(op_of(input_of(y, 2)), WG__OP_broadcast);
    check_type(y, WG_F32, WG_SHAPE(2, 3));
}

WITH_TAPE(what_changes_nothing_records_nothing)
{
    wg_var x = f32(WG_SHAPE(2, 3));
    const int64_t count = wg_tape_count(tape);
    const wg_var same[] = {
        wg_cast(x, WG_F32),          wg_bitcast(x, WG_F32),
        wg_reshape(x, WG_SHAPE(2, 3)), wg_reshape(x, WG_SHAPE(-1, 3)),
        wg_broadcast(x, WG_SHAPE(2, 3)), wg_permute(x, WG_AXES(0, -1)),
        wg_sum(x, (wg_axes){ .count = 0 }), wg_squeeze(x, WG_ALL),
        wg_flip(x, (wg_axes){ .count = 0 }), wg_prod(x, (wg_axes){ .count = 0 }),
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        check_equal_i(same[i].index, x.index);
    check_equal_i(wg_tape_count(tape), count);
}

WITH_TAPE(movements_have_the_shapes_they_say)
{
    wg_var x = f32(WG_SHAPE(2, 3, 4));
    check_type(wg_reshape(x, WG_SHAPE(6, -1)), WG_F32, WG_SHAPE(6, 4));
    check_type(wg_reshape(x, WG_SHAPE(24)), WG_F32, WG_SHAPE(24));
    check_type(wg_permute(x, WG_AXES(2, 0, 1)), WG_F32, WG_SHAPE(4, 2, 3));
    check_type(wg_transpose(x), WG_F32, WG_SHAPE(2, 4, 3));
    check_type(wg_expand(x, 0), WG_F32, WG_SHAPE(1, 2, 3, 4));
    check_type(wg_expand(x, -1), WG_F32, WG_SHAPE(2, 3, 4, 1));
    check_type(wg_expand(x, 3), WG_F32, WG_SHAPE(2, 3, 4, 1));
    check_type(wg_squeeze(f32(WG_SHAPE(1, 3, 1)), WG_ALL), WG_F32, WG_SHAPE(3));
    check_type(wg_squeeze(f32(WG_SHAPE(1, 3, 1)), WG_AXES(-1)), WG_F32, WG_SHAPE(1, 3));
    check_type(wg_slice(x, -1, 0, 4, 2), WG_F32, WG_SHAPE(2, 3, 2));
    check_type(wg_slice(x, 1, 2, -1, -1), WG_F32, WG_SHAPE(2, 3, 4));
    check_type(wg_slice(x, 1, 1, 1, 1), WG_F32, WG_SHAPE(2, 0, 4));
    check_type(wg_pad(x, 1, 1, 2, 1, 0), WG_F32, WG_SHAPE(2, 8, 4));
    check_type(wg_concat(2, (const wg_var[]){ x, x }, -1), WG_F32, WG_SHAPE(2, 3, 8));
    check_type(wg_stack(3, (const wg_var[]){ x, x, x }, 1), WG_F32, WG_SHAPE(2, 3, 3, 4));
    check_type(wg_stack(2, (const wg_var[]){ x, x }, -1), WG_F32, WG_SHAPE(2, 3, 4, 2));
    check_type(wg_reshape(f32(WG_SHAPE(0, 3)), WG_SHAPE(3, 0)), WG_F32, WG_SHAPE(3, 0));
}

WITH_TAPE(an_open_extent_of_nothing_stays_open)
{
    wg_var y = wg_reshape(f32(WG_SHAPE(0, 3)), WG_SHAPE(0, -1));
    check(y.tape == tape);
    check_status(wg_tape_status(tape), WG_ESHAPE);
}

WITH_TAPE(reductions_drop_their_axes_or_keep_them)
{
    wg_var x = f32(WG_SHAPE(2, 3, 4));
    check_type(wg_sum(x, WG_ALL), WG_F32, WG_SCALAR);
    check_type(wg_sum(x, WG_AXES(0, -1)), WG_F32, WG_SHAPE(3));
    check_type(wg_max(x, WG_KEEP(1)), WG_F32, WG_SHAPE(2, 1, 4));
    check_type(wg_mean(x, (wg_axes){ .count = -1, .keep = 1 }), WG_F32, WG_SHAPE(1, 1, 1));
    check_type(wg_mean(x, WG_AXES(2)), WG_F32, WG_SHAPE(2, 3));
    check_type(wg_argmax(x, 1), WG_I32, WG_SHAPE(2, 4));
    check_type(wg_argmin(x, -1), WG_I32, WG_SHAPE(2, 3));
    check_type(wg_prod(x, WG_KEEP(0, 2)), WG_F32, WG_SHAPE(1, 3, 1));
    check_type(wg_prod(f32(WG_SHAPE(0, 3)), WG_AXES(0)), WG_F32, WG_SHAPE(3));
    check_type(wg_any(wg_lt(x, x), WG_AXES(1)), WG_BOOL, WG_SHAPE(2, 4));
    check_type(wg_all(wg_lt(x, x), WG_KEEP(1)), WG_BOOL, WG_SHAPE(2, 1, 4));
    check_type(wg_any(wg_lt(f32(WG_SHAPE(0, 3)), f32(WG_SCALAR)), WG_AXES(0)), WG_BOOL,
               WG_SHAPE(3));
    check_type(wg_sum(f32(WG_SHAPE(0, 3)), WG_AXES(0)), WG_F32, WG_SHAPE(3));
    wg_var scalar = f32(WG_SCALAR);
    check_equal_i(wg_sum(scalar, WG_ALL).index, scalar.index);
}

WITH_TAPE(what_goes_along_an_axis_keeps_the_shape)
{
    wg_var x = f32(WG_SHAPE(2, 3, 4));
    check_type(wg_flip(x, WG_AXES(0, -1)), WG_F32, WG_SHAPE(2, 3, 4));
    check_type(wg_flip(f32(WG_SHAPE(0, 1)), WG_ALL), WG_F32, WG_SHAPE(0, 1));
    for (int i = 0; i < 4; i++) {
        check_type(wg_cumsum(x, i - 1, i % 2 > 0, i > 1), WG_F32, WG_SHAPE(2, 3, 4));
        check_type(wg_cumprod(x, i - 1, i % 2 > 0, i > 1), WG_F32, WG_SHAPE(2, 3, 4));
    }
    check_type(wg_cumsum(wg_cast(x, WG_U8), 1, true, false), WG_U8, WG_SHAPE(2, 3, 4));
    check_type(wg_linear_recurrence(f32(WG_SHAPE(4)), x, -2, true), WG_F32, WG_SHAPE(2, 3, 4));
    check_type(wg_linear_recurrence(x, f32(WG_SCALAR), 2, false), WG_F32, WG_SHAPE(2, 3, 4));
}

WITH_TAPE(products_broadcast_their_leading_axes)
{
    check_type(wg_matmul(f32(WG_SHAPE(2, 3)), f32(WG_SHAPE(3, 5))), WG_F32, WG_SHAPE(2, 5));
    check_type(wg_matmul(f32(WG_SHAPE(7, 2, 3)), f32(WG_SHAPE(7, 3, 5))), WG_F32,
               WG_SHAPE(7, 2, 5));
    check_type(wg_matmul(f32(WG_SHAPE(2, 3)), f32(WG_SHAPE(7, 3, 5))), WG_F32, WG_SHAPE(7, 2, 5));
    check_type(wg_matmul(f32(WG_SHAPE(6, 1, 2, 3)), f32(WG_SHAPE(7, 3, 5))), WG_F32,
               WG_SHAPE(6, 7, 2, 5));
}

/* As NumPy's matmul: the 1 that makes a matrix of a vector is no axis of the result. */
WITH_TAPE(a_vector_is_a_row_before_a_product_and_a_column_behind_it)
{
    check_type(wg_matmul(f32(WG_SHAPE(2, 3)), f32(WG_SHAPE(3))), WG_F32, WG_SHAPE(2));
    check_type(wg_matmul(f32(WG_SHAPE(3)), f32(WG_SHAPE(3, 5))), WG_F32, WG_SHAPE(5));
    check_type(wg_matmul(f32(WG_SHAPE(3)), f32(WG_SHAPE(3))), WG_F32, WG_SCALAR);
    check_type(wg_matmul(f32(WG_SHAPE(7, 2, 3)), f32(WG_SHAPE(3))), WG_F32, WG_SHAPE(7, 2));
    check_type(wg_matmul(f32(WG_SHAPE(3)), f32(WG_SHAPE(7, 4, 3, 5))), WG_F32, WG_SHAPE(7, 4, 5));
    check_type(wg_matmul(f32(WG_SHAPE(0, 3)), f32(WG_SHAPE(3))), WG_F32, WG_SHAPE(0));
    check_type(wg_matmul(f32(WG_SHAPE(0)), f32(WG_SHAPE(0))), WG_F32, WG_SCALAR);
    check_type(wg_matmul(f32(WG_SHAPE(1, 1, 1, 1, 1, 1, 2, 3)), f32(WG_SHAPE(3))), WG_F32,
               WG_SHAPE(1, 1, 1, 1, 1, 1, 2));
}

/* One weight for all rows: a single product, no copies of the weight. */
WITH_TAPE(a_matrix_on_the_right_takes_all_leading_axes_as_rows)
{
    wg_var w = f32(WG_SHAPE(3, 5));
    wg_var y = wg_matmul(f32(WG_SHAPE(4, 2, 3)), w);
    check_type(y, WG_F32, WG_SHAPE(4, 2, 5));
    check_equal_i(op_of(y), WG__OP_reshape);
    wg_var product = input_of(y, 0);
    check_type(product, WG_F32, WG_SHAPE(8, 5));
    check_equal_i(input_of(product, 1).index, w.index);
}

WITH_TAPE(indexing_replaces_an_axis_by_those_of_the_index)
{
    wg_var x = f32(WG_SHAPE(2, 3, 4)), i = wg_full(tape, WG_I32, WG_SHAPE(5, 6), 0);
    check_type(wg_gather(x, i, 1), WG_F32, WG_SHAPE(2, 5, 6, 4));
    check_type(wg_gather(x, i, -1), WG_F32, WG_SHAPE(2, 3, 5, 6));
    check_type(wg_gather(x, wg_full(tape, WG_I64, WG_SCALAR, 0), 0), WG_F32, WG_SHAPE(3, 4));
    check_type(wg_scatter_add(x, i, f32(WG_SHAPE(2, 5, 6, 4)), 1), WG_F32, WG_SHAPE(2, 3, 4));
    check_type(wg_iota(tape, WG_I64, 4), WG_I64, WG_SHAPE(4));
    check_type(wg_random_bits(wg_full(tape, WG_I64, WG_SCALAR, 0), 7, WG_SHAPE(2, 2)), WG_I32,
               WG_SHAPE(2, 2));
}

WITH_TAPE(dtypes_change_only_where_asked)
{
    wg_var x = f32(WG_SHAPE(3));
    check_type(wg_cast(x, WG_I64), WG_I64, WG_SHAPE(3));
    check_type(wg_bitcast(x, WG_I32), WG_I32, WG_SHAPE(3));
    check_type(wg_bits_right(wg_bitcast(x, WG_I32), 8), WG_I32, WG_SHAPE(3));
    check_type(wg_ne(x, x), WG_BOOL, WG_SHAPE(3));
    check_type(wg_select(wg_ge(x, x), wg_cast(x, WG_U8), wg_full(tape, WG_U8, WG_SCALAR, 7)),
               WG_U8, WG_SHAPE(3));
    check_type(wg_stop_gradient(x), WG_F32, WG_SHAPE(3));
    check_type(wg_full_like(wg_cast(x, WG_BOOL), 1), WG_BOOL, WG_SHAPE(3));
    check_type(wg_number(wg_cast(x, WG_U8), 200), WG_U8, WG_SCALAR);
}
