/* Shapes and axes, those of callers with everything that can be wrong about them. */
#include "support/test.h"

#include <core/internal.h>

static wg__shape wide(int rank, const int64_t *dim)
{
    wg__shape shape = { .rank = rank };
    for (int i = 0; i < rank; i++) shape.dim[i] = dim[i];
    return shape;
}
#define WIDE(...)                                                                                  \
    wide((int)(sizeof((const int64_t[]){ __VA_ARGS__ }) / 8), (const int64_t[]){ __VA_ARGS__ })

Test(shape, macros_make_values)
{
    const wg_shape shape = WG_SHAPE(64, 26);
    check_equal_i(shape.rank, 2);
    check_equal_i(shape.dim[0], 64);
    check_equal_i(shape.dim[1], 26);
    check_equal_i(WG_SCALAR.rank, 0);
    check_equal_i(WG_AXES(0, 2).count, 2);
    check_equal_i(WG_AXES(0, 2).axis[1], 2);
    check_equal_i(WG_AXES(0, 2).keep, 0);
    check_equal_i(WG_KEEP(-1).keep, 1);
    check_equal_i(WG_KEEP(-1).axis[0], -1);
    check_equal_i(WG_ALL.count, -1);
}

Test(shape, count_is_the_product)
{
    check_equal_i(wg_shape_count(WG_SCALAR), 1);
    check_equal_i(wg_shape_count(WG_SHAPE(7)), 7);
    check_equal_i(wg_shape_count(WG_SHAPE(2, 3, 4, 5, 6, 7, 8, 9)), 362880);
    check_equal_i(wg_shape_count(WG_SHAPE(5, 0, 3)), 0);
    check_equal_i(wg_shape_count(WG_SHAPE(INT64_MAX)), INT64_MAX);
}

Test(shape, count_refuses_what_cannot_be_counted)
{
    check_status((int)wg_shape_count(WG_SHAPE(INT64_MAX, 2)), WG_ELIMIT);
    check_status((int)wg_shape_count(WG_SHAPE(INT64_C(1) << 32, INT64_C(1) << 31)), WG_ELIMIT);
    check_equal_i(wg_shape_count(WG_SHAPE(INT64_C(1) << 31, INT64_C(1) << 31)), INT64_C(1) << 62);
    /* Empty, but its strides would overflow. */
    check_status((int)wg_shape_count(WG_SHAPE(0, INT64_MAX, 2)), WG_ELIMIT);
    check_status((int)wg_shape_count(WG_SHAPE(INT64_MAX, 2, 0)), WG_ELIMIT);
}

Test(shape, malformed_shapes_are_told)
{
    const wg_shape malformed[] = {
        { .rank = -1 }, { .rank = WG_RANK_MAX + 1 }, { .rank = INT32_MIN }, { .rank = INT32_MAX },
        { .rank = 1, .reserved = 1, .dim = { 1 } }, { .rank = 2, .dim = { 3, -1 } },
        { .rank = 2, .dim = { 0, INT64_MIN } },
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        check_status((int)wg_shape_count(malformed[i]), WG_ESHAPE);
        check_status(wg__shape_check(malformed[i]), WG_ESHAPE);
    }
    check_status(wg__shape_check(WG_SHAPE(INT64_MAX, 3)), WG_ELIMIT);
    check_status(wg__shape_check(WG_SHAPE(3, 0)), WG_OK);
}

Test(shape, equal_compares_rank_and_used_extents)
{
    wg_shape x = WG_SHAPE(3, 4);
    wg_shape y = WG_SHAPE(3, 4);
    y.dim[7] = 99; /* beyond the rank */
    check(wg_shape_equal(x, y));
    check(wg_shape_equal(WG_SCALAR, WG_SCALAR));
    check(!wg_shape_equal(x, WG_SHAPE(3)));
    check(!wg_shape_equal(x, WG_SHAPE(4, 3)));
    check(!wg_shape_equal(WG_SCALAR, WG_SHAPE(1)));
    x.rank = y.rank = 1000;
    check(!wg_shape_equal(x, y));
    x.rank = y.rank = -1;
    check(!wg_shape_equal(x, y));
}

Test(shape, wide_and_public_shapes_convert_and_clear_the_rest)
{
    wg_shape shape = WG_SHAPE(2, 3, 4);
    shape.dim[5] = 77;
    const wg__shape expected = WIDE(2, 3, 4);
    const wg__shape converted = wg__shape_of(shape);
    check_bytes(&converted, &expected, sizeof converted);
    const wg_shape back = wg__shape_public(&converted);
    const wg_shape clean = WG_SHAPE(2, 3, 4);
    check_bytes(&back, &clean, sizeof back);
}

Test(shape, wide_shapes_count_and_compare_at_rank_twelve)
{
    const wg__shape x = WIDE(2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2);
    wg__shape y = x;
    check_equal_i(x.rank, WG__RANK_MAX);
    check_equal_i(wg__shape_count(&x), 4096);
    check(wg__shape_equal(&x, &y));
    y.dim[11] = 3;
    check(!wg__shape_equal(&x, &y));
    y = WIDE(INT64_MAX, 2);
    check_status((int)wg__shape_count(&y), WG_ELIMIT);
}

static void check_join(wg__shape x, wg__shape y, wg__shape expected)
{
    wg__shape out;
    check_status(wg__shape_join(&x, &y, &out), WG_OK);
    check_bytes(&out, &expected, sizeof out);
    check_status(wg__shape_join(&y, &x, &out), WG_OK);
    check_bytes(&out, &expected, sizeof out);
}

/* The expected shapes are those of numpy.broadcast_shapes. */
Test(shape, join_stretches_missing_and_one_sized_axes)
{
    const wg__shape scalar = { 0 };
    check_join(scalar, scalar, scalar);
    check_join(scalar, WIDE(3), WIDE(3));
    check_join(WIDE(3), WIDE(3), WIDE(3));
    check_join(WIDE(64, 26), WIDE(26), WIDE(64, 26));
    check_join(WIDE(64, 1), WIDE(26), WIDE(64, 26));
    check_join(WIDE(2, 1, 4), WIDE(3, 1), WIDE(2, 3, 4));
    check_join(WIDE(0), WIDE(1), WIDE(0));
    check_join(WIDE(5, 0), WIDE(1, 1), WIDE(5, 0));
    check_join(WIDE(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7), WIDE(7),
               WIDE(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7));
}

Test(shape, join_refuses_unequal_axes)
{
    const wg__shape pairs[][2] = {
        { WIDE(3), WIDE(4) }, { WIDE(3), WIDE(0) }, { WIDE(3, 4), WIDE(3) },
        { WIDE(2, 3, 4), WIDE(2, 1, 4, 4) },
    };
    for (int i = 0; i < 4; i++) {
        wg__shape out = WIDE(99);
        check_status(wg__shape_join(&pairs[i][0], &pairs[i][1], &out), WG_ESHAPE);
        check_equal_i(out.dim[0], 99);
    }
}

Test(shape, join_may_write_over_an_operand)
{
    wg__shape x = WIDE(4, 1);
    const wg__shape y = WIDE(3);
    check_status(wg__shape_join(&x, &y, &x), WG_OK);
    check_equal_i(x.dim[0], 4);
    check_equal_i(x.dim[1], 3);
}

static void check_axes(wg_axes axes, int rank, unsigned expected)
{
    bool reduced[WG__RANK_MAX];
    check_status(wg__axes_resolve(&axes, rank, reduced), WG_OK);
    for (int i = 0; i < WG__RANK_MAX; i++) check(reduced[i] == ((expected >> i & 1) != 0));
}

Test(shape, axes_resolve_from_both_ends)
{
    check_axes(WG_AXES(0), 3, 1u);
    check_axes(WG_AXES(-1), 3, 4u);
    check_axes(WG_AXES(-3, 1), 3, 3u);
    check_axes(WG_KEEP(2, 0), 3, 5u);
    check_axes(WG_ALL, 3, 7u);
    check_axes(WG_ALL, 0, 0u);
    check_axes(WG_ALL, WG__RANK_MAX, 0xFFFu);
    check_axes((wg_axes){ 0 }, 3, 0u);
}

Test(shape, axes_missing_or_named_twice_are_refused)
{
    const wg_axes wrong[] = {
        WG_AXES(3), WG_AXES(-4), WG_AXES(0, 0), WG_AXES(2, -1), WG_AXES(INT32_MIN),
        WG_AXES(INT32_MAX), { .count = -2 }, { .count = WG_RANK_MAX + 1 }, { .count = INT32_MAX },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bool reduced[WG__RANK_MAX] = { [5] = true };
        check_status(wg__axes_resolve(&wrong[i], 3, reduced), WG_EAXIS);
        check(reduced[5]);
    }
    bool reduced[WG__RANK_MAX];
    check_status(wg__axes_resolve(&WG_AXES(0), 0, reduced), WG_EAXIS);
}
