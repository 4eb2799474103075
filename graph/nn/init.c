/* Initialisers: recorded like everything else, so a parameter's first value has the same bits
 * everywhere. A weight is [..., inputs, outputs]; leading axes (a window) count on both sides. */
#include <wengert/nn.h>
#include <math.h>

/* Of 8 normal draws in a row all lie beyond two deviations once in 5 10^10 times; what does is
 * brought to the bound. */
enum { TRUNCATED_ROUNDS = 8 };
/* 14 lifts bring a singular value of 2e-8 of the Frobenius norm, below that of any matrix of 1024
 * rows that is met, between 0.7 and 1.2; from there 6 polishes reach the last bit. */
enum { LIFTS = 14, POLISHES = 6 };

static double extents_before_last(wg_shape shape)
{
    double count = 1;
    for (int32_t i = 0; i + 1 < shape.rank; i++) count *= (double)shape.dim[i];
    return count;
}

/* Inputs of one node; a vector counts its elements. */
static double input_count(wg_shape shape)
{
    if (shape.rank == 0) return 1;
    const double count = shape.rank == 1 ? (double)shape.dim[0] : extents_before_last(shape);
    return count > 0 ? count : 1;
}

static double output_count(wg_shape shape)
{
    if (shape.rank == 0) return 1;
    double count = (double)shape.dim[shape.rank - 1];
    for (int32_t i = 0; i + 2 < shape.rank; i++) count *= (double)shape.dim[i];
    return count > 0 ? count : 1;
}

/* An error value, after an error of the tape. */
static wg_var refused(wg_scope scope, const char *reason)
{
    wg_tape_fail(scope.tape, WG_EINVALID, reason);
    return wg_full(scope.tape, WG_F32, WG_SCALAR, 0);
}

static wg_var between(wg_scope scope, wg_dtype dtype, wg_shape shape, double lower, double upper)
{
    return wg_shift(wg_scale(wg_uniform(scope, "uniform", dtype, shape), upper - lower), lower);
}

static wg_var gaussian(wg_scope scope, wg_dtype dtype, wg_shape shape, double mean,
                       double deviation)
{
    return wg_shift(wg_scale(wg_normal(scope, "normal", dtype, shape), deviation), mean);
}

static wg_var make_constant(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    return wg_full(scope.tape, dtype, shape, setting[0]);
}

static wg_var make_uniform(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    if (!isfinite(setting[0]) || !isfinite(setting[1]) || setting[0] > setting[1])
        return refused(scope, "init_uniform: lower and upper are no interval");
    return between(scope, dtype, shape, setting[0], setting[1]);
}

static wg_var make_normal(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    if (!isfinite(setting[0]) || !isfinite(setting[1]) || setting[1] < 0)
        return refused(scope, "init_normal: mean or deviation is no such number");
    return gaussian(scope, dtype, shape, setting[0], setting[1]);
}

static wg_var make_xavier(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    (void)setting;
    const double bound = 1 / sqrt(input_count(shape));
    return between(scope, dtype, shape, -bound, bound);
}

static wg_var make_he(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    (void)setting;
    return gaussian(scope, dtype, shape, 0, sqrt(2 / input_count(shape)));
}

static wg_var make_glorot(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    (void)setting;
    const double bound = sqrt(6 / (input_count(shape) + output_count(shape)));
    return between(scope, dtype, shape, -bound, bound);
}

static wg_var make_he_uniform(wg_scope scope, wg_dtype dtype, wg_shape shape,
                              const double *setting)
{
    (void)setting;
    const double bound = sqrt(6 / input_count(shape));
    return between(scope, dtype, shape, -bound, bound);
}

static wg_var make_glorot_normal(wg_scope scope, wg_dtype dtype, wg_shape shape,
                                 const double *setting)
{
    (void)setting;
    return gaussian(scope, dtype, shape, 0, sqrt(2 / (input_count(shape) + output_count(shape))));
}

static wg_var make_lecun(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    (void)setting;
    return gaussian(scope, dtype, shape, 0, sqrt(1 / input_count(shape)));
}

/* ---- truncated ---- */

/* A normal number is a length times the cosine of an angle (Box and Muller). Those within two
 * deviations are taken in turns: each round replaces what lies outside by a new draw. */
static wg_var make_truncated(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    if (!isfinite(setting[0]) || setting[0] < 0)
        return refused(scope, "init_truncated: the deviation is no such number");
    wg_var x = wg_normal(scope, "normal", dtype, shape);
    for (int64_t i = 1; i < TRUNCATED_ROUNDS; i++) {
        const wg_scope again = wg_scope_nth(scope, "again", i);
        const wg_var other = wg_normal(again, "normal", dtype, shape);
        const wg_var size = wg_abs(x);
        x = wg_select(wg_gt(size, wg_number(size, 2)), other, x);
    }
    const wg_var lower = wg_maximum(x, wg_number(x, -2));
    return wg_scale(wg_minimum(lower, wg_number(lower, 2)), setting[0]);
}

/* ---- matrices ---- */

static bool is_matrix(wg_shape shape)
{
    return shape.rank >= 2;
}

/* Brings all singular values of x, which are at most 1, to 1. Five coefficients' worth of slope
 * lift the least of them by 3.4 a step; then Newton and Schulz close in, squaring the distance. */
static wg_var polar_factor(wg_var x)
{
    for (int i = 0; i < LIFTS + POLISHES; i++) {
        const bool lifts = i < LIFTS;
        const wg_var square = wg_matmul(x, wg_transpose(x));
        wg_var factor = wg_scale(square, lifts ? -4.7750 : -0.5);
        if (lifts) {
            const wg_var fourth = wg_matmul(square, square);
            factor = wg_add(factor, wg_scale(fourth, 2.0315));
        }
        const wg_var turned = wg_matmul(factor, x);
        x = wg_add(wg_scale(x, lifts ? 3.4445 : 1.5), turned);
    }
    return x;
}

static wg_var make_orthogonal(wg_scope scope, wg_dtype dtype, wg_shape shape,
                              const double *setting)
{
    if (!isfinite(setting[0]) || !is_matrix(shape))
        return refused(scope, is_matrix(shape) ? "init_orthogonal: the gain is not finite"
                                               : "init_orthogonal: two axes are needed");
    const int64_t outputs = shape.dim[shape.rank - 1];
    const int64_t inputs = (int64_t)extents_before_last(shape);
    const bool is_tall = inputs > outputs;
    const wg_shape wide = is_tall ? WG_SHAPE(outputs, inputs) : WG_SHAPE(inputs, outputs);
    wg_var x = wg_normal(scope, "normal", dtype, wide);
    wg_var length = wg_sqrt(wg_sum(wg_square(x), WG_ALL));
    length = wg_maximum(length, wg_number(length, 0x1p-60)); /* a single draw may be 0 */
    x = wg_scale(polar_factor(wg_div(x, length)), setting[0]);
    return wg_reshape(is_tall ? wg_transpose(x) : x, shape);
}

/* The index of a window's middle element, leading axes flattened. */
static int64_t window_centre(wg_shape shape, int64_t *count)
{
    int64_t centre = 0;
    *count = 1;
    for (int32_t i = 0; i + 2 < shape.rank; i++) {
        centre = centre * shape.dim[i] + shape.dim[i] / 2;
        *count *= shape.dim[i];
    }
    return centre;
}

static wg_var make_identity(wg_scope scope, wg_dtype dtype, wg_shape shape, const double *setting)
{
    (void)setting;
    if (!is_matrix(shape)) return refused(scope, "init_identity: two axes are needed");
    int64_t windows;
    const int64_t inputs = shape.dim[shape.rank - 2], outputs = shape.dim[shape.rank - 1];
    const int64_t centre = window_centre(shape, &windows);
    const wg_var window = wg_iota(scope.tape, WG_I64, windows);
    const wg_var in = wg_iota(scope.tape, WG_I64, inputs);
    const wg_var out = wg_iota(scope.tape, WG_I64, outputs);
    const wg_var is_same = wg_eq(wg_expand(in, 1), out);
    const wg_var is_centre = wg_eq(window, wg_number(window, (double)centre));
    const wg_var column = wg_reshape(is_centre, WG_SHAPE(windows, 1, 1));
    return wg_reshape(wg_cast(wg_and(column, is_same), dtype), shape);
}

/* ---- the initialisers ---- */

wg_initializer wg_init_constant(double value)
{
    return (wg_initializer){ .make = make_constant, .setting = { value } };
}

wg_initializer wg_init_uniform(double lower, double upper)
{
    return (wg_initializer){ .make = make_uniform, .setting = { lower, upper } };
}

wg_initializer wg_init_normal(double mean, double deviation)
{
    return (wg_initializer){ .make = make_normal, .setting = { mean, deviation } };
}

wg_initializer wg_init_xavier(void)
{
    return (wg_initializer){ .make = make_xavier };
}

wg_initializer wg_init_he(void)
{
    return (wg_initializer){ .make = make_he };
}

wg_initializer wg_init_glorot(void)
{
    return (wg_initializer){ .make = make_glorot };
}

wg_initializer wg_init_truncated(double deviation)
{
    return (wg_initializer){ .make = make_truncated, .setting = { deviation } };
}

wg_initializer wg_init_he_uniform(void)
{
    return (wg_initializer){ .make = make_he_uniform };
}

wg_initializer wg_init_glorot_normal(void)
{
    return (wg_initializer){ .make = make_glorot_normal };
}

wg_initializer wg_init_lecun(void)
{
    return (wg_initializer){ .make = make_lecun };
}

wg_initializer wg_init_orthogonal(double gain)
{
    return (wg_initializer){ .make = make_orthogonal, .setting = { gain } };
}

wg_initializer wg_init_identity(void)
{
    return (wg_initializer){ .make = make_identity };
}
