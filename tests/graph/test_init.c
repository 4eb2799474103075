/* Initialisers: bounds, moments and shape of many draws, what they depend on, and what they
 * refuse. */
#include "graph/lab.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 200, OUTPUTS = 500, DRAWS = INPUTS * OUTPUTS };
static const double DRAW_COUNT = DRAWS, INPUT_COUNT = INPUTS;

/* A new weight, made by init; the memory is the caller's. */
static float *draw(wg_initializer init, wg_dtype dtype, const char *name, wg_shape shape)
{
    const lab l = lab_open(1);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    const int64_t count = wg_shape_count(shape);
    float *w = malloc(sizeof *w * (size_t)count);
    check(w != NULL);
    lab_read_f32(l, wg_cast(wg_param(scope, name, dtype, shape, init), WG_F32), w, count);
    lab_close(l);
    return w;
}

typedef struct init_case { wg_initializer init; double mean, variance, lower, upper; } init_case;

/* Of 1e5 draws the mean lies within five of its deviations, the variance within 2 %, and no draw
 * beyond the bounds as the dtype rounds them. */
static void check_moments(const init_case *c, wg_dtype dtype)
{
    float *w = draw(c->init, dtype, "w", WG_SHAPE(INPUTS, OUTPUTS));
    double sum = 0, square = 0, least = INFINITY, largest = -INFINITY;
    for (int i = 0; i < DRAWS; i++) {
        const double off = (double)w[i] - c->mean;
        sum += off;
        square += off * off;
        least = fmin(least, (double)w[i]);
        largest = fmax(largest, (double)w[i]);
    }
    free(w);
    check_close(sum / DRAW_COUNT, 0, 5 * sqrt(c->variance / DRAW_COUNT));
    check_close(square / DRAW_COUNT / c->variance, 1, 0.02);
    check(least >= (double)(float)c->lower && largest <= (double)(float)c->upper);
    if (!isfinite(c->upper)) return;
    /* So many draws come near to both ends. */
    const double near = (c->upper - c->lower) / 5000;
    check(least < c->lower + near && largest > c->upper - near);
}

Test(init, draws_have_their_moments_and_bounds)
{
    const double xavier = 1 / sqrt(INPUT_COUNT), glorot = sqrt(6.0 / (INPUTS + OUTPUTS));
    const double he = sqrt(6 / INPUT_COUNT);
    const init_case cases[] = {
        { wg_init_xavier(), 0, 1 / (3 * INPUT_COUNT), -xavier, xavier },
        { wg_init_he(), 0, 2 / INPUT_COUNT, -INFINITY, INFINITY },
        { wg_init_glorot(), 0, 2.0 / (INPUTS + OUTPUTS), -glorot, glorot },
        { wg_init_he_uniform(), 0, 2 / INPUT_COUNT, -he, he },
        { wg_init_glorot_normal(), 0, 2.0 / (INPUTS + OUTPUTS), -INFINITY, INFINITY },
        { wg_init_lecun(), 0, 1 / INPUT_COUNT, -INFINITY, INFINITY },
        { wg_init_truncated(0.5), 0, 0.25 * 0.87962566 * 0.87962566, -1, 1 },
        { wg_init_uniform(1, 3), 2, 4.0 / 12, 1, 3 },
        { wg_init_normal(-1, 0.5), -1, 0.25, -INFINITY, INFINITY },
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        check_moments(&cases[k], WG_F32);
        check_moments(&cases[k], WG_F64);
    }
}

static int ascending(const void *x, const void *y)
{
    const float a = *(const float *)x, b = *(const float *)y;
    return (a > b) - (a < b);
}

/* The largest distance between the draws' distribution and the normal one, of which the tails
 * beyond `cut` deviations are missing: of n draws it exceeds 1.95 / sqrt(n) once in a thousand
 * seeds (Kolmogorov and Smirnov). */
static void check_normal(wg_initializer init, double deviation, double cut)
{
    float *w = draw(init, WG_F32, "w", WG_SHAPE(INPUTS, OUTPUTS));
    qsort(w, DRAWS, sizeof *w, ascending);
    const double missing = erfc(cut / sqrt(2)) / 2;
    double distance = 0;
    for (int i = 0; i < DRAWS; i++) {
        const double below = erfc(-(double)w[i] / deviation / sqrt(2)) / 2;
        const double share = (below - missing) / (1 - 2 * missing);
        distance = fmax(distance, fabs(share - (i + 0.5) / DRAW_COUNT));
    }
    free(w);
    check_msg(distance < 1.95 / sqrt(DRAW_COUNT), "%g", distance);
}

Test(init, normal_draws_are_normal)
{
    check_normal(wg_init_he(), sqrt(2 / INPUT_COUNT), INFINITY);
    check_normal(wg_init_lecun(), sqrt(1 / INPUT_COUNT), INFINITY);
    check_normal(wg_init_truncated(3), 3, 2);
}

/* The shorter side is orthonormal, to 64 eps an element; a square matrix is met too, whose least
 * singular value is small. */
Test(init, orthogonal_rows_or_columns)
{
    const wg_shape shapes[6] = { WG_SHAPE(7, 31), WG_SHAPE(31, 7), WG_SHAPE(40, 40),
                                 WG_SHAPE(3, 3, 2, 5), WG_SHAPE(1, 1), WG_SHAPE(129, 128) };
    for (int k = 0; k < 6; k++) {
        const int64_t columns = shapes[k].dim[shapes[k].rank - 1];
        const int64_t rows = wg_shape_count(shapes[k]) / columns;
        const bool is_tall = rows > columns;
        const int64_t side = is_tall ? columns : rows, length = is_tall ? rows : columns;
        float *w = draw(wg_init_orthogonal(3), WG_F32, "w", shapes[k]);
        double worst = 0;
        for (int64_t i = 0; i < side; i++)
            for (int64_t j = 0; j <= i; j++) {
                double dot = 0;
                for (int64_t t = 0; t < length; t++)
                    dot += is_tall ? (double)w[t * columns + i] * (double)w[t * columns + j]
                                   : (double)w[i * columns + t] * (double)w[j * columns + t];
                worst = fmax(worst, fabs(dot / 9 - (i == j)));
            }
        free(w);
        check_msg(worst <= 64 * (double)FLT_EPSILON, "shape %d: %g", k, worst);
    }
}

/* Of orthogonal matrices none is preferred: an element of many has mean 0 and variance 1 / n. */
Test(init, orthogonal_matrices_are_spread_evenly)
{
    const double count = 300, side = 4;
    double sum = 0, square = 0;
    for (int k = 0; k < 300; k++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", k);
        float *w = draw(wg_init_orthogonal(1), WG_F32, name, WG_SHAPE(4, 4));
        sum += (double)w[0];
        square += (double)w[0] * (double)w[0];
        free(w);
    }
    check_close(sum / count, 0, 5 * sqrt(1 / side / count));
    /* Of x x the deviation is that of a beta distribution of 1 / 2 and 3 / 2: 1 / 4. */
    check_close(square / count, 1 / side, 5 * 0.25 / sqrt(count));
}

Test(init, identity_is_where_input_meets_output)
{
    float *w = draw(wg_init_identity(), WG_F32, "w", WG_SHAPE(3, 4));
    for (int i = 0; i < 12; i++) check(w[i] == (i / 4 == i % 4 ? 1 : 0));
    free(w);
    w = draw(wg_init_identity(), WG_F32, "w", WG_SHAPE(3, 5, 2, 2));
    for (int i = 0; i < 60; i++) check(w[i] == (i / 4 == 1 * 5 + 2 && i % 4 % 3 == 0 ? 1 : 0));
    free(w);
}

/* Leading axes are a window: they count on both sides. A vector has as many inputs as elements. */
Test(init, windows_count_as_inputs_and_outputs)
{
    const wg_shape shapes[3] = { WG_SHAPE(5, 5, 8, 40), WG_SHAPE(8000), WG_SCALAR };
    const double glorot[3] = { 6.0 / (25 * 8 + 25 * 40), 6.0 / 16000, 6.0 / 2 };
    const double xavier[3] = { 1.0 / (25 * 8), 1.0 / 8000, 1 };
    for (int k = 0; k < 3; k++) {
        const int64_t count = wg_shape_count(shapes[k]);
        float *g = draw(wg_init_glorot(), WG_F32, "w", shapes[k]);
        float *x = draw(wg_init_xavier(), WG_F32, "w", shapes[k]);
        double g_largest = 0, x_largest = 0;
        for (int64_t i = 0; i < count; i++) {
            g_largest = fmax(g_largest, fabs((double)g[i]));
            x_largest = fmax(x_largest, fabs((double)x[i]));
        }
        check(g_largest <= (double)(float)sqrt(glorot[k]));
        check(x_largest <= (double)(float)sqrt(xavier[k]));
        if (count > 1) check(g_largest > 0.99 * sqrt(glorot[k]));
        if (count > 1) check(x_largest > 0.99 * sqrt(xavier[k]));
        free(g);
        free(x);
    }
}

Test(init, a_draw_depends_on_its_path_and_the_seed)
{
    float *w = draw(wg_init_he(), WG_F32, "w", WG_SHAPE(64));
    float *again = draw(wg_init_he(), WG_F32, "w", WG_SHAPE(64));
    float *other = draw(wg_init_he(), WG_F32, "v", WG_SHAPE(64));
    check_bytes(again, w, 64 * sizeof *w);
    for (int i = 0; i < 64; i++) check(other[i] != w[i]);
    free(w);
    free(again);
    free(other);
}

Test(init, constants_and_nothing)
{
    float *w = draw(wg_init_constant(-0.1), WG_F32, "w", WG_SHAPE(3));
    for (int i = 0; i < 3; i++) check(w[i] == -0.1f);
    free(w);
    float *none = draw((wg_initializer){ 0 }, WG_F32, "w", WG_SHAPE(3));
    for (int i = 0; i < 3; i++) check(none[i] == 0);
    free(none);
    free(draw(wg_init_glorot(), WG_F32, "w", WG_SHAPE(0, 0)));
}

Test(init, impossible_settings_are_refused)
{
    const wg_initializer bad[] = { wg_init_uniform(2, 1), wg_init_uniform(NAN, 1),
                                   wg_init_uniform(0, INFINITY), wg_init_normal(0, -1),
                                   wg_init_normal(NAN, 1), wg_init_truncated(-1),
                                   wg_init_orthogonal(1), wg_init_identity() };
    const lab l = lab_open(1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const wg_scope scope = wg_scope_root(l.tape, l.params, WG_TRAINING);
        ignore(wg_param(scope, "w", WG_F32, WG_SHAPE(2), bad[i]));
        lab_refused(l, WG_EINVALID,
                    i < 3    ? "init_uniform: lower and upper are no interval"
                    : i < 5  ? "init_normal: mean or deviation is no such number"
                    : i == 5 ? "init_truncated: the deviation is no such number"
                    : i == 6 ? "init_orthogonal: two axes are needed"
                             : "init_identity: two axes are needed");
    }
    check_equal_i(wg_params_count(l.params), 0);
    lab_close(l);
}
