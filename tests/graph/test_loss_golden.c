/* Losses as functions of one number: value and three derivatives against 50-digit arithmetic
 * (tests/golden/make_nn.py) in both dtypes. */
#include "golden/nn.h"
#include "graph/lab.h"
#include <math.h>
#include <string.h>

enum { ORDERS = 4 };

/* ---- the functions of the script ---- */

static wg_var pair_of(wg_var x, double second)
{
    return wg_stack(2, (const wg_var[2]){ x, wg_full_like(x, second) }, -1);
}

static wg_var constant(wg_var like, double first, double second)
{
    const double data[2] = { first, second };
    return wg_cast(wg_constant(like.tape, wg_f64(data, WG_SHAPE(2))), wg_dtype_of(like));
}

static wg_var log_cosh(wg_var x)
{
    return wg_log_cosh(x, wg_number(x, 0));
}

static wg_var poisson(wg_var x)
{
    return wg_poisson_nll(x, wg_number(x, 2.5));
}

/* Mean 1, target 2.5, by the logarithm of the variance. */
static wg_var gaussian(wg_var x)
{
    wg_var both = wg_stack(2, (const wg_var[2]){ wg_full_like(x, 1), x }, -1);
    return wg_reshape(wg_gaussian_nll(both, wg_number(x, 2.5)), WG_SCALAR);
}

static wg_var bernoulli(wg_var x)
{
    return wg_bernoulli_nll(x, wg_number(x, 0.25));
}

static wg_var focal(wg_var x)
{
    return wg_focal(x, wg_full(x.tape, WG_BOOL, WG_SCALAR, 1));
}

static wg_var smoothed(wg_var x)
{
    return wg_cross_entropy_with(pair_of(x, 0), wg_full(x.tape, WG_I32, WG_SCALAR, 1),
                                 WG_OPTIONS(wg_cross_entropy_options, .smoothing = 0.25));
}

static wg_var divergence(wg_var x)
{
    return wg_kl_divergence(wg_log_softmax(pair_of(x, 0), -1), constant(x, 0.25, 0.75));
}

static wg_var cosine(wg_var x)
{
    return wg_cosine_distance(pair_of(x, 1), constant(x, 1, 2));
}

/* ---- their bounds ---- */

/* The largest addends of a value and its derivatives. */
static double addends_of_focal(double x, int order)
{
    return order == 3 && fabs(x) < 4 ? 0.5 : 0;
}

/* Next to 0 the third is a difference of what the second is. */
static double addends_of_log_cosh(double x, int order)
{
    return order == 3 && fabs(x) < 0.01 ? 1 : 0;
}

static double addends_of_poisson(double x, int order)
{
    return order == 0 ? 2.5 * fabs(x) : order == 1 ? 2.5 : 0;
}

static double addends_of_gaussian(double x, int order)
{
    return order == 0 ? fabs(x) : order == 1 ? 0.5 : 0;
}

static double addends_of_bernoulli(double x, int order)
{
    return order == 0 ? 0 : order == 1 ? 1 / x : 0;
}

/* Those of two classes are powers of probabilities. */
static double addends_of_classes(double x, int order)
{
    return order == 0 ? 1 + fabs(x) : 1;
}

/* Unit vectors are rounded, so their difference, which is about the angle, is in eps of 1. They
 * change by 1 / |x|. */
static double addends_of_cosine(double x, int order)
{
    return order == 0 ? fmin(1, fabs(x - 0.5)) : fmin(4, 4 / pow(fabs(x), order));
}

typedef struct loss {
    const char *name;
    wg_activation *f;
    double value_eps, eps, eps_of_x; /* bounds of loss.h */
    double (*addends)(double x, int order);
} loss;

static const loss losses[] = {
    { "log_cosh", log_cosh, 6, 16, 0, addends_of_log_cosh },
    { "poisson", poisson, 3, 3, 0, addends_of_poisson },
    { "gaussian", gaussian, 4, 4, 1, addends_of_gaussian },
    { "bernoulli", bernoulli, 4, 4, 0, addends_of_bernoulli },
    { "focal", focal, 8, 8, 4, addends_of_focal },
    { "smoothed", smoothed, 4, 4, 0, addends_of_classes },
    { "divergence", divergence, 4, 4, 0, addends_of_classes },
    { "cosine", cosine, 8, 8, 0, addends_of_cosine },
};

static const loss *loss_of(const char *name)
{
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        if (strcmp(losses[i].name, name) == 0) return &losses[i];
    test_fail(TEST_PLACE(name, NULL), "%s has no bound", name);
}

static void check_golden(lab l, const nn_golden *golden, wg_dtype dtype)
{
    const loss *f = loss_of(golden->name);
    wg_tape_reset(l.tape);
    wg_var x = wg_scalar(l.tape, "x", dtype, golden->x);
    wg_var y = f->f(x);
    for (int order = 0; order < ORDERS; order++) {
        const double expected = golden->value[order], found = lab_item(l, y);
        const double steps = (order > 0 ? f->eps : f->value_eps) + f->eps_of_x * fabs(golden->x);
        const double size = fmax(fabs(expected), f->addends(golden->x, order));
        const double least = dtype == WG_F32 ? FLT_MIN : DBL_MIN;
        check_msg(fabs(found - expected) <= eps_of(dtype) * (steps * size + least),
                  "%s at %g, order %d, %s: %.17g is not %.17g", golden->name, golden->x, order,
                  wg_dtype_name(dtype), found, expected);
        y = wg_grad(y, x);
    }
}

Test(loss_golden, derivatives_to_third_order_are_golden)
{
    const lab l = lab_open(1);
    for (size_t i = 0; i < sizeof loss_goldens / sizeof loss_goldens[0]; i++) {
        const nn_golden *golden = &loss_goldens[i];
        check_golden(l, golden, WG_F64);
        if ((double)(float)golden->x == golden->x) check_golden(l, golden, WG_F32);
    }
    lab_close(l);
}
