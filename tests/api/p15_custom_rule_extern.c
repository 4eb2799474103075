/* A derivative of one's own (gradient reversal, and a straight-through rounding), and a C kernel
 * with a rule. */
#include <wengert/wengert.h>

static int reverse_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)in; (void)y;
    gradient[0] = wg_scale(cotangent, -*(const double *)user);
    return 0;
}

static int straight_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)in; (void)y; (void)user;
    gradient[0] = cotangent;
    return 0;
}

static int airy_kernel(const wg_view *in, const wg_tensor *out, void *user)
{
    const double *x = in[0].data;
    double *y = out[0].data;
    (void)user;
    /* Stands for any C code. */
    for (int64_t i = 0, count = wg_shape_count(in[0].shape); i < count; i++) y[i] = x[i] * x[i];
    return 0;
}

static int airy_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    (void)y; (void)user;
    gradient[0] = wg_mul(cotangent, wg_scale(in[0], 2));
    return 0;
}

static wg_var airy(wg_var x)
{
    const wg_extern_op op = { .name = "airy", .kernel = airy_kernel, .rule = airy_rule,
                              .by_rows = true };
    return wg_extern(&op, 1, &x, wg_dtype_of(x), wg_shape_of(x));
}

wg_var features(wg_var x);
wg_var features(wg_var x)
{
    static double strength = 0.5;
    wg_var rounded = wg_custom_vjp(wg_round(x), 1, &x, straight_rule, NULL);
    return airy(wg_custom_vjp(rounded, 1, &rounded, reverse_rule, &strength));
}
