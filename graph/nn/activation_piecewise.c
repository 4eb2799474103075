/* Activations in pieces, joined by select: what the piece not taken would give leaks into no
 * derivative. The conditions are written so that NaN takes a piece that keeps it, and decide which
 * side a knot belongs to. */
#include <wengert/nn.h>

wg_var wg_relu(wg_var x)
{
    const wg_var zero = wg_number(x, 0);
    return wg_select(wg_le(x, zero), zero, x);
}

/* 0, x, top: both knots belong to the flat sides. */
static wg_var between_flats(wg_var x, double low, double high, wg_var middle, wg_var top)
{
    const wg_var is_above = wg_ge(x, wg_number(x, high));
    const wg_var right = wg_select(is_above, top, middle);
    return wg_select(wg_le(x, wg_number(x, low)), wg_number(x, 0), right);
}

wg_var wg_relu6(wg_var x)
{
    return between_flats(x, 0, 6, x, wg_number(x, 6));
}

/* x (x + 3) is a product of small numbers next to its knots, x times a clamp is not flat there. */
wg_var wg_hardswish(wg_var x)
{
    const wg_var product = wg_mul(x, wg_shift(x, 3));
    return between_flats(x, -3, 3, wg_div(product, wg_number(x, 6)), x);
}

wg_var wg_hardsigmoid(wg_var x)
{
    return wg_clamp(wg_div(wg_shift(x, 3), wg_number(x, 6)), 0, 1);
}

wg_var wg_hardtanh(wg_var x)
{
    return wg_clamp(x, -1, 1);
}

wg_var wg_leaky_relu_with(wg_var x, double slope)
{
    if (slope == 0) return wg_relu(x); /* 0 times -inf is no 0 */
    x = wg_expect_float("leaky_relu", x);
    const wg_var is_left = wg_le(x, wg_number(x, 0));
    return wg_select(is_left, wg_scale(x, slope), x);
}

wg_var wg_leaky_relu(wg_var x)
{
    return wg_leaky_relu_with(x, 0.01);
}

wg_var wg_elu_with(wg_var x, double alpha)
{
    const wg_var is_left = wg_le(x, wg_number(x, 0));
    return wg_select(is_left, wg_scale(wg_expm1(x), alpha), x);
}

wg_var wg_elu(wg_var x)
{
    return wg_elu_with(x, 1);
}

/* The two numbers for which mean 0 and variance 1 reproduce themselves. */
wg_var wg_selu(wg_var x)
{
    const double scale = 1.0507009873554805, alpha = 1.6732632423543772;
    const wg_var is_left = wg_le(x, wg_number(x, 0));
    const wg_var left = wg_scale(wg_expm1(x), scale * alpha);
    return wg_select(is_left, left, wg_scale(x, scale));
}

wg_var wg_celu_with(wg_var x, double alpha)
{
    const wg_var is_left = wg_le(x, wg_number(x, 0));
    const wg_var curve = wg_expm1(wg_div(x, wg_number(x, alpha)));
    return wg_select(is_left, wg_scale(curve, alpha), x);
}

wg_var wg_celu(wg_var x)
{
    return wg_celu_with(x, 1);
}
