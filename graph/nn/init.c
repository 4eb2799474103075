/* Initialisers: recorded like everything else, so a parameter's first value has the same bits
 * everywhere. A weight is [..., inputs, outputs]; leading axes (a window) count on both sides. */
#include <wengert/nn.h>
#include <math.h>

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
