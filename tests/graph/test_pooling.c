/* Pooling against loops over the windows, ties and what is left out; and what it refuses. */
#include "graph/lab.h"
#include <math.h>
#include <string.h>

enum { N = 2, C = 3, SIDE_MAX = 7, ELEMENTS_MAX = N * SIDE_MAX * SIDE_MAX * C };

/* Largest and mean of each window of [N, h, w, C], and what a cotangent of ones sends back. */
typedef struct pools {
    double largest[ELEMENTS_MAX], mean[ELEMENTS_MAX];
    double largest_back[ELEMENTS_MAX], mean_back[ELEMENTS_MAX];
} pools;

static void pool_window(const double *x, int64_t w, int64_t extent_h, int64_t extent_w,
                        int64_t from, int64_t to, pools *out)
{
    const double count = (double)(extent_h * extent_w);
    double top = -HUGE_VAL, sum = 0, ties = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < extent_h; i++)
            for (int64_t j = 0; j < extent_w; j++) {
                const int64_t at = from + (i * w + j) * C;
                if (pass == 0) {
                    if (x[at] > top) ties = 0;
                    if (x[at] >= top) ties++;
                    top = fmax(top, x[at]);
                    sum += x[at];
                } else {
                    out->largest_back[at] += x[at] == top ? 1 / ties : 0;
                    out->mean_back[at] += 1 / count;
                }
            }
    out->largest[to] = top;
    out->mean[to] = sum / count;
}

static int64_t pool_all(const double *x, const int64_t side[2], const int64_t extent[2],
                        const int64_t stride[2], int64_t m[2], pools *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < 2; i++) m[i] = (side[i] - extent[i]) / stride[i] + 1;
    int64_t to = 0;
    for (int64_t n = 0; n < N; n++)
        for (int64_t i = 0; i < m[0]; i++)
            for (int64_t j = 0; j < m[1]; j++)
                for (int64_t c = 0; c < C; c++)
                    pool_window(x, side[1], extent[0], extent[1],
                                ((n * side[0] + i * stride[0]) * side[1] + j * stride[1]) * C + c,
                                to++, out);
    return to;
}

/* Integers from 0 to 3, so that there are ties. One ulp for the division of a sum. */
static void check_pool(const lab l, wg_var y, wg_var x, const double *value, const double *back,
                       int64_t count, int64_t x_count)
{
    double actual[ELEMENTS_MAX];
    lab_read(l, y, actual, count);
    for (int64_t i = 0; i < count; i++) check_close(actual[i], value[i], 1e-15);
    lab_read(l, wg_grad(wg_sum(y, WG_ALL), x), actual, x_count);
    /* Up to 9 windows meet in an element, each with a rounded share. */
    for (int64_t i = 0; i < x_count; i++) check_close(actual[i], back[i], 9 * 4.5e-16);
}

Test(pooling, is_what_loops_over_windows_give)
{
    uint64_t state = test_seed();
    static pools expected;
    for (int k = 0; k < 30; k++) {
        double x[ELEMENTS_MAX];
        const bool is_flat = k % 3 == 0;
        const int64_t extent = test_draw(&state, 1, 3), stride = test_draw(&state, 0, 3);
        const int64_t step = stride == 0 ? extent : stride;
        const int64_t side[2] = { is_flat ? 1 : test_draw(&state, 3, SIDE_MAX),
                                  test_draw(&state, 3, SIDE_MAX) };
        const int64_t extents[2] = { is_flat ? 1 : extent, extent };
        const int64_t strides[2] = { is_flat ? 1 : step, step };
        const int64_t x_count = N * side[0] * side[1] * C;
        for (int64_t i = 0; i < x_count; i++) x[i] = (double)test_draw(&state, 0, 3);
        int64_t m[2];
        const int64_t count = pool_all(x, side, extents, strides, m, &expected);
        const lab l = lab_open(1);
        wg_var v = wg_batch(l.tape, "x", wg_f64(x, is_flat ? WG_SHAPE(N, side[1], C)
                                                           : WG_SHAPE(N, side[0], side[1], C)));
        wg_var top = is_flat ? wg_max_pool1d(v, extent, stride) : wg_max_pool2d(v, extent, stride);
        wg_var mean =
            is_flat ? wg_mean_pool1d(v, extent, stride) : wg_mean_pool2d(v, extent, stride);
        check_equal_i(wg_extent(top, -2), m[1]);
        check_equal_i(wg_extent(top, 1), is_flat ? m[1] : m[0]);
        check_pool(l, top, v, expected.largest, expected.largest_back, count, x_count);
        check_pool(l, mean, v, expected.mean, expected.mean_back, count, x_count);
        lab_close(l);
    }
}

Test(pooling, over_all_places_leaves_samples_and_channels)
{
    const double x[8] = { 1, 8, 2, 7, 3, 6, 4, 5 };
    double y[2];
    const lab l = lab_open(1);
    const wg_shape shapes[3] = { WG_SHAPE(1, 4, 2), WG_SHAPE(1, 2, 2, 2), WG_SHAPE(1, 1, 2, 2, 2) };
    for (int i = 0; i < 3; i++) {
        lab_scope(l, WG_TRAINING);
        wg_var v = wg_input(l.tape, "x", wg_f64(x, shapes[i]));
        lab_read(l, wg_max_pool_global(v), y, 2);
        check(y[0] == 4 && y[1] == 8);
        lab_read(l, wg_mean_pool_global(v), y, 2);
        check(y[0] == 2.5 && y[1] == 6.5);
        check(wg_shape_equal(wg_shape_of(wg_mean_pool_global(v)), WG_SHAPE(1, 2)));
    }
    wg_var flat = wg_input(l.tape, "flat", wg_f64(x, WG_SHAPE(4, 2)));
    check(wg_max_pool_global(flat).index == flat.index);
    lab_close(l);
}

Test(pooling, keeps_nan_and_integers)
{
    const double x[4] = { 1, NAN, 2, 3 };
    const lab l = lab_open(1);
    double y[2];
    lab_read(l, wg_max_pool1d(wg_input(l.tape, "x", wg_f64(x, WG_SHAPE(1, 4, 1))), 2, 0), y, 2);
    check(isnan(y[0]) && y[1] == 3);
    const int32_t whole[3] = { 5, -1, 7 };
    wg_var i = wg_max_pool1d(wg_input(l.tape, "i", wg_i32(whole, WG_SHAPE(1, 3, 1))), 2, 1);
    check_equal_i(wg_dtype_of(i), WG_I32);
    check(lab_item(l, wg_sum(i, WG_ALL)) == 12);
    lab_close(l);
}

Test(pooling, refuses_windows_that_do_not_fit)
{
    const lab l = lab_open(1);
#define IMAGE wg_full(l.tape, WG_F32, WG_SHAPE(1, 3, 2, 1), 1)
    ignore(wg_max_pool2d(IMAGE, 3, 1));
    lab_refused(l, WG_ESHAPE,
                "max_pool2d: [1, 3, 2, 1]: a window of 3 does not fit into axis 2 (test_pool");
    ignore(wg_mean_pool2d(IMAGE, 0, 1));
    lab_refused(l, WG_EINVALID, "mean_pool2d: [1, 3, 2, 1]: an extent is 1 or more");
    ignore(wg_mean_pool2d(IMAGE, 1, -1));
    lab_refused(l, WG_EINVALID, "a stride not negative (test_pool");
    ignore(wg_max_pool1d(IMAGE, 1, 1));
    lab_refused(l, WG_ESHAPE, "max_pool1d: [1, 3, 2, 1]: [n, t, c] expected (test_pool");
    ignore(wg_mean_pool_global(wg_full(l.tape, WG_F32, WG_SHAPE(3), 1)));
    lab_refused(l, WG_ESHAPE, "mean_pool_global: [3]: [n, ..., c] expected (test_pool");
    ignore(wg_mean_pool1d(wg_full(l.tape, WG_I32, WG_SHAPE(1, 3, 1), 1), 1, 1));
    lab_refused(l, WG_EDTYPE, "mean: f32 or f64 expected, not i32");
#undef IMAGE
    lab_close(l);
}
