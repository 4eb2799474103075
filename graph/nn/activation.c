/* Activations that are smooth, composed. Where a factor 0 would meet an infinite one, the infinity
 * is selected away first: the side not taken leaks nothing, so value and every derivative are the
 * limits. A tail that falls like an exponential is written as one, never as 1 less almost 1. */
#include <wengert/nn.h>
#include <math.h>

/* What the library's own record has the lines of their caller without brackets. */
wg_var wg_activate(wg_var x, wg_activation *activation)
{
    if (!activation) return x;
    if (wg_activation_name(activation)) return activation(x);
    const uint32_t held = wg_location_hold(x.tape);
    x = activation(x);
    wg_location_release(x.tape, held);
    return x;
}

wg_var wg_identity(wg_var x)
{
    return x;
}

wg_var wg_softplus(wg_var x)
{
    return wg_logaddexp(x, wg_number(x, 0));
}

wg_var wg_sigmoid(wg_var x)
{
    return wg_logistic(x);
}

wg_var wg_log_sigmoid(wg_var x)
{
    return wg_neg(wg_softplus(wg_neg(x)));
}

/* x times a gate that runs from 0 to 1: 0 with derivative 0 at -inf, x with derivative 1 at
 * +inf. */
static wg_var gated(const char *name, wg_var x, wg_activation *gate)
{
    const struct { const char *name; wg_activation *gate; } key = { name, gate };
    wg_var y;
    if (wg_span_begin(x.tape, &key, sizeof key, 1, &x, &y)) return y;
    x = wg_expect_float(name, x);
    const wg_var size = wg_abs(x);
    const wg_var is_infinite = wg_eq(size, wg_number(x, INFINITY));
    const wg_var finite = wg_select(is_infinite, wg_number(x, 0), x);
    const wg_var product = wg_mul(finite, gate(finite));
    y = wg_select(wg_eq(x, wg_number(x, INFINITY)), x, product);
    wg_span_end(x.tape, y);
    return y;
}

wg_var wg_silu(wg_var x)
{
    return gated("silu", x, wg_logistic);
}

static wg_var mish_gate(wg_var x)
{
    return wg_tanh(wg_softplus(x));
}

wg_var wg_mish(wg_var x)
{
    return gated("mish", x, mish_gate);
}

/* The share of a normal distribution below x. Through erfc nothing cancels on the left. */
static wg_var normal_below(wg_var x)
{
    return wg_scale(wg_erfc(wg_scale(x, -0.70710678118654752)), 0.5);
}

wg_var wg_gelu(wg_var x)
{
    return gated("gelu", x, normal_below);
}

/* (1 + tanh u) / 2 is logistic(2 u), which keeps the left tail. 2 u is x times 2 sqrt(2 / pi) (1 +
 * 0.044715 x x); from 1e4 on the gate is 0 or 1 to every digit, and x x may overflow. */
static wg_var gelu_tanh_gate(wg_var x)
{
    const wg_var slope = wg_scale(wg_square(x), 0.071354816272600247);
    const wg_var twice = wg_mul(x, wg_shift(slope, 1.5957691216057308));
    return wg_logistic(wg_clamp(twice, -1e4, 1e4));
}

wg_var wg_gelu_tanh(wg_var x)
{
    return gated("gelu_tanh", x, gelu_tanh_gate);
}

/* Beyond +-1 as 1 - 1 / (1 + |x|), whose derivative is not a difference. */
wg_var wg_softsign(wg_var x)
{
    const wg_var size = wg_abs(x);
    const wg_var one = wg_number(x, 1);
    const wg_var divisor = wg_shift(size, 1);
    const wg_var near = wg_div(x, divisor);
    const wg_var sign = wg_sign(x);
    const wg_var far = wg_sub(sign, wg_div(sign, divisor));
    return wg_select(wg_lt(size, one), near, far);
}

/* Next to 0 by the continued fraction of tanh, x / (1 + q) with q = x x / (3 + x x / (5 + ...)):
 * then x - tanh x is x q / (1 + q), and every part is positive. Ten levels are enough to 1. */
wg_var wg_tanhshrink(wg_var x)
{
    const wg_var square = wg_square(x);
    wg_var q = wg_scale(square, 1.0 / 21);
    for (int odd = 19; odd >= 3; odd -= 2) q = wg_div(square, wg_shift(q, odd));
    const wg_var near = wg_mul(x, wg_div(q, wg_shift(q, 1)));
    const wg_var far = wg_sub(x, wg_tanh(x));
    const wg_var size = wg_abs(x);
    return wg_select(wg_lt(size, wg_number(x, 1)), near, far);
}

wg_var wg_snake_with(wg_var x, double frequency)
{
    if (frequency == 0) return wg_identity(x);
    const wg_var wave = wg_sin(wg_scale(x, frequency));
    return wg_add(x, wg_scale(wg_square(wave), 1 / frequency));
}

wg_var wg_snake(wg_var x)
{
    return wg_snake_with(x, 1);
}
