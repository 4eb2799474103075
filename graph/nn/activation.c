/* Activations, composed. Where a factor 0 would meet an infinite one, the infinity is selected
 * away first: the side not taken leaks nothing, so value and every derivative are the limits. */
#include <wengert/nn.h>
#include <math.h>

wg_var wg_activate(wg_var x, wg_activation *activation)
{
    if (!activation) return x;
    const uint32_t held = wg_location_hold(x.tape);
    x = activation(x);
    wg_location_release(x.tape, held);
    return x;
}

wg_var wg_identity(wg_var x)
{
    return x;
}

/* NaN is not <= 0 and stays NaN. */
wg_var wg_relu(wg_var x)
{
    const wg_var zero = wg_number(x, 0);
    return wg_select(wg_le(x, zero), zero, x);
}

wg_var wg_softplus(wg_var x)
{
    return wg_logaddexp(x, wg_number(x, 0));
}

wg_var wg_sigmoid(wg_var x)
{
    return wg_logistic(x);
}

/* x times a gate that runs from 0 to 1: 0 with derivative 0 at -inf, x with derivative 1 at
 * +inf. */
static wg_var gated(wg_var x, wg_activation *gate)
{
    const wg_var size = wg_abs(x);
    const wg_var is_infinite = wg_eq(size, wg_number(x, INFINITY));
    const wg_var finite = wg_select(is_infinite, wg_number(x, 0), x);
    const wg_var product = wg_mul(finite, gate(finite));
    return wg_select(wg_eq(x, wg_number(x, INFINITY)), x, product);
}

static wg_var mish_gate(wg_var x)
{
    return wg_tanh(wg_softplus(x));
}

wg_var wg_mish(wg_var x)
{
    return gated(x, mish_gate);
}

/* The share of a normal distribution below x. Through erfc nothing cancels on the left. */
static wg_var normal_below(wg_var x)
{
    return wg_scale(wg_erfc(wg_scale(x, -0.70710678118654752)), 0.5);
}

wg_var wg_gelu(wg_var x)
{
    return gated(x, normal_below);
}
