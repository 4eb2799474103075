/* Checked arithmetic at the step where a size stops being one. */
#include "support/test.h"

#include <core/internal.h>

Test(size, sum_ends_at_the_largest_size)
{
    size_t out = 7;
    check(wg__size_add(SIZE_MAX - 1, 1, &out));
    check(out == SIZE_MAX);
    out = 7;
    check(!wg__size_add(SIZE_MAX, 1, &out));
    check(!wg__size_add(1, SIZE_MAX, &out));
    check_equal_i(out, 7);
}

Test(size, product_ends_at_the_largest_size)
{
    const size_t half = SIZE_MAX / 2;
    size_t out = 7;
    check(wg__size_mul(half, 2, &out));
    check(out == SIZE_MAX - 1);
    out = 7;
    check(!wg__size_mul(half + 1, 2, &out));
    check(!wg__size_mul(2, half + 1, &out));
    check(!wg__size_mul(SIZE_MAX, SIZE_MAX, &out));
    check_equal_i(out, 7);
}

Test(size, product_with_zero_is_zero)
{
    size_t out = 7;
    check(wg__size_mul(SIZE_MAX, 0, &out));
    check_equal_i(out, 0);
    out = 7;
    check(wg__size_mul(0, SIZE_MAX, &out));
    check_equal_i(out, 0);
}

Test(size, bytes_follow_the_dtype)
{
    size_t out = 7;
    check(wg__bytes_of(3, WG_F64, &out));
    check_equal_i(out, 24);
    check(wg__bytes_of(0, WG_F64, &out));
    check_equal_i(out, 0);
    check(wg__bytes_of((int64_t)(SIZE_MAX / 16), WG_F64, &out));
}

Test(size, bytes_of_impossible_counts_are_refused)
{
    size_t out = 7;
    check(!wg__bytes_of(-1, WG_U8, &out));
    check(!wg__bytes_of(INT64_MIN, WG_U8, &out));
    check(!wg__bytes_of(INT64_MAX, WG_I32, &out));
    check_equal_i(out, 7);
}
