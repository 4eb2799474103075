/* Strided copies against the loop that takes one element at a time. */
#include "ops/rules.h"
#include "support/test.h"

#include <string.h>

enum { BYTES_MAX = 1 << 17 };

/* An array with these extents in some order of memory, with gaps, forth or back. */
static wg__array draw_layout(const wg__array *extents, char *memory, uint64_t *state)
{
    wg__array array = *extents;
    int64_t step = 1;
    uint32_t done = 0;
    const bool in_order = test_draw(state, 0, 1) == 0;
    for (int32_t i = array.rank - 1; i >= 0; i--) {
        int32_t axis = i;
        while (!in_order &&
               (axis = (int32_t)test_draw(state, 0, array.rank - 1), done >> axis & 1)) { }
        done |= 1u << axis;
        step *= test_draw(state, 0, 3) == 0 ? 2 : 1;
        array.stride[axis] = step;
        step *= array.dim[axis] > 0 ? array.dim[axis] : 1;
    }
    array.data = memory;
    for (int32_t axis = 0; axis < array.rank; axis++) {
        if (test_draw(state, 0, 3) > 0 || array.dim[axis] == 0) continue;
        const int64_t last = array.stride[axis] * (array.dim[axis] - 1);
        array.data = (char *)array.data + last * (int64_t)wg_dtype_bytes(array.dtype);
        array.stride[axis] = -array.stride[axis];
    }
    return array;
}

static void copy_slowly(const wg__array *from, const wg__array *to)
{
    const size_t bytes = wg_dtype_bytes(from->dtype);
    for (int64_t i = 0; i < wg__array_count(from); i++) {
        int64_t source = 0;
        int64_t target = 0;
        int64_t left = i;
        for (int32_t axis = from->rank - 1; axis >= 0; axis--) {
            source += left % from->dim[axis] * from->stride[axis];
            target += left % from->dim[axis] * to->stride[axis];
            left /= from->dim[axis];
        }
        memcpy((char *)to->data + target * (int64_t)bytes,
               (const char *)from->data + source * (int64_t)bytes, bytes);
    }
}

/* Nothing is written beside the target either: whole buffers are compared. */
Test(copy, any_layout_is_copied_element_by_element)
{
    static char source[BYTES_MAX], fast[BYTES_MAX], slow[BYTES_MAX];
    static const wg_dtype dtypes[] = { WG_U8, WG_F32, WG_I64 };
    const uint64_t seed = test_seed();
    uint64_t state = seed;
    for (int i = 0; i < BYTES_MAX; i++) source[i] = (char)test_random(&state);
    for (int round = 0; round < 2000; round++) {
        wg__array extents = { .dtype = dtypes[round % 3],
                              .rank = (int32_t)test_draw(&state, 0, 4) };
        for (int32_t i = 0; i < extents.rank; i++)
            extents.dim[i] =
                test_draw(&state, test_draw(&state, 0, 9) > 0, extents.rank < 3 ? 20 : 5);
        wg__array from = draw_layout(&extents, source, &state);
        for (int32_t i = 0; i < from.rank; i++)
            if (test_draw(&state, 0, 7) == 0) from.stride[i] = 0;   /* repeated */
        const uint64_t layout = state;
        const wg__array to_fast = draw_layout(&extents, fast, &state);
        uint64_t again = layout;
        const wg__array to_slow = draw_layout(&extents, slow, &again);
        memset(fast, 0x11, sizeof fast);
        memset(slow, 0x11, sizeof slow);
        wg__copy(&from, &to_fast);
        copy_slowly(&from, &to_slow);
        check_msg(memcmp(fast, slow, sizeof fast) == 0, "round %d, WG_SEED=%llu", round,
                  (unsigned long long)seed);
    }
}

Test(copy, large_transposes_keep_their_elements)
{
    enum { ROWS = 67, COLUMNS = 131 };
    static float x[ROWS][COLUMNS], y[COLUMNS][ROWS];
    const wg__shape shape = { .rank = 2, .dim = { ROWS, COLUMNS } };
    const wg__array from = wg__array_of(x, WG_F32, &shape);
    wg__array to = wg__array_of(y, WG_F32, &shape);
    to.stride[0] = 1;
    to.stride[1] = ROWS;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) x[i][j] = (float)(i * COLUMNS + j);
    wg__copy(&from, &to);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) check(y[j][i] == x[i][j]);
}

Test(copy, a_walk_visits_offsets_in_logical_order)
{
    const int64_t dim[] = { 2, 3 };
    const int64_t stride[] = { -10, 4 };
    const int64_t expected[] = { 0, 4, 8, -10, -6, -2 };
    wg__walk walk = wg__walk_of(2, dim, stride);
    for (int i = 0; i < 6; i++) {
        check_equal_i(walk.offset, expected[i]);
        wg__walk_next(&walk);
    }
    check_equal_i(walk.offset, 0);   /* around */
}
