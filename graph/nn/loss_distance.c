/* Losses that say how far an output is from what it should be: one value an element, or, of
 * vectors, one a vector. Where squares would overflow or a difference would cancel, the form is
 * another. */
#include <wengert/nn.h>
#include <math.h>

static wg_var refused(const char *op, wg_var x, const char *reason)
{
    return wg_refuse((wg_scope){ 0 }, op, x, WG_EINVALID, reason);
}

/* ---- of numbers ---- */

static wg_var error_of(wg_var output, wg_var target)
{
    return wg_sub(output, wg_fit_target(target, output, 0));
}

wg_var wg_squared_error(wg_var output, wg_var target)
{
    return wg_square(error_of(output, target));
}

wg_var wg_absolute_error(wg_var output, wg_var target)
{
    return wg_abs(error_of(output, target));
}

/* The knots belong to the straight sides. */
wg_var wg_huber_with(wg_var output, wg_var target, double delta)
{
    if (!(delta >= 0)) return refused("huber", output, "delta is below 0");
    if (delta == 0) return wg_absolute_error(output, target);
    output = wg_expect_float("huber", output);
    const wg_var error = error_of(output, target);
    const wg_var size = wg_abs(error);
    const wg_var is_near = wg_lt(size, wg_number(size, delta));
    const wg_var bowl = wg_scale(wg_square(error), 0.5);
    const wg_var line = wg_scale(wg_shift(size, -delta / 2), delta);
    return wg_select(is_near, bowl, line);
}

wg_var wg_huber(wg_var output, wg_var target)
{
    return wg_huber_with(output, target, 1);
}

/* Next to 0 log cosh is -log(1 - tanh^2) / 2, a square of a small number; further out it is the
 * size less log 2, and what is left falls like an exponential. */
wg_var wg_log_cosh(wg_var output, wg_var target)
{
    const wg_var error = error_of(output, target);
    const wg_var share = wg_neg(wg_square(wg_tanh(error)));
    const wg_var near = wg_scale(wg_log1p(share), -0.5);
    const wg_var size = wg_abs(error);
    const wg_var tail = wg_softplus(wg_scale(size, -2));
    const wg_var far = wg_add(wg_shift(size, -0.69314718055994531), tail);
    return wg_select(wg_lt(size, wg_number(size, 1)), near, far);
}

wg_var wg_quantile_with(wg_var output, wg_var target, double quantile)
{
    if (!(quantile > 0 && quantile < 1))
        return refused("quantile", output, "a quantile lies between 0 and 1");
    const wg_var missing = wg_neg(error_of(output, target));
    const wg_var below = wg_scale(missing, quantile);
    return wg_maximum(below, wg_scale(missing, quantile - 1));
}

wg_var wg_hinge(wg_var output, wg_var target)
{
    const bool is_flag = wg_dtype_of(target) == WG_BOOL;
    target = wg_fit_target(target, output, 0);
    if (wg_dtype_of(target) != wg_dtype_of(output)) target = wg_cast(target, wg_dtype_of(output));
    if (is_flag) target = wg_shift(wg_add(target, target), -1);
    const wg_var agreement = wg_mul(target, output);
    return wg_relu(wg_sub(wg_number(output, 1), agreement));
}

/* ---- of vectors ---- */

/* x over its length; a zero vector stays. */
static wg_var normalized(wg_var x)
{
    const wg_var length = wg_norm(x, WG_KEEP(-1));
    const wg_var is_zero = wg_eq(length, wg_number(length, 0));
    return wg_div(x, wg_select(is_zero, wg_number(length, 1), length));
}

static wg_var squared_distance(wg_var x, wg_var y)
{
    return wg_sum(wg_square(wg_sub(x, y)), WG_AXES(-1));
}

/* Between unit vectors 1 - cos is half the squared distance, which does not cancel where they are
 * close. */
wg_var wg_cosine_distance(wg_var output, wg_var target)
{
    target = wg_fit_target(target, output, 0);
    const wg_var direction = normalized(output);
    const wg_var aim = normalized(target);
    const wg_var half = wg_scale(squared_distance(direction, aim), 0.5);
    const wg_var is_lost = wg_eq(wg_max(wg_abs(direction), WG_AXES(-1)), wg_number(half, 0));
    const wg_var is_aimless = wg_eq(wg_max(wg_abs(aim), WG_AXES(-1)), wg_number(half, 0));
    return wg_select(wg_or(is_lost, is_aimless), wg_number(half, 1), half);
}

wg_var wg_triplet(wg_var anchor, wg_var same, wg_var other, double margin)
{
    if (!isfinite(margin)) return refused("triplet", anchor, "margin is no number");
    const wg_var near = squared_distance(anchor, wg_fit_target(same, anchor, 0));
    const wg_var far = squared_distance(anchor, wg_fit_target(other, anchor, 0));
    return wg_relu(wg_shift(wg_sub(near, far), margin));
}

/* Each row of x is to choose its own among all rows of y. */
wg_var wg_contrastive(wg_var x, wg_var y, double temperature)
{
    if (!(temperature > 0 && temperature < INFINITY))
        return refused("contrastive", x, "a temperature is above 0");
    const int64_t count = wg_extent(x, -2);
    const wg_var left = normalized(x);
    const wg_var right = normalized(wg_fit_target(y, x, 0));
    const wg_var cosine = wg_matmul(left, wg_transpose(right));
    const wg_var logits = wg_div(cosine, wg_number(cosine, temperature));
    return wg_cross_entropy(logits, wg_iota(x.tape, WG_I32, count));
}
