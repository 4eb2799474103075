/* How far elements lie from their mean, from 0, from each other. What would overflow or cancel is
 * taken out first: the mean before squares are formed, the largest element before a norm is. */
#include <wengert/nn.h>
#include <math.h>

static wg_axes axes_kept(wg_axes axes)
{
    axes.keep = 1;
    return axes;
}

/* Two passes: squares of what is left of the mean, not a difference of two large sums. */
wg_var wg_variance(wg_var x, wg_axes axes)
{
    const wg_var rest = wg_sub(x, wg_mean(x, axes_kept(axes)));
    return wg_mean(wg_square(rest), axes);
}

wg_var wg_std(wg_var x, wg_axes axes)
{
    return wg_safe_sqrt(wg_variance(x, axes));
}

/* Of elements over the largest, which is held constant: the result is exact in it at every
 * order. Where it is 0 or infinite nothing is taken out. */
wg_var wg_norm(wg_var x, wg_axes axes)
{
    if (wg_shape_count(wg_shape_of(x)) == 0) return wg_safe_sqrt(wg_sum(wg_square(x), axes));
    const wg_var size = wg_abs(x);
    const wg_var top = wg_stop_gradient(wg_max(size, axes_kept(axes)));
    const wg_var is_zero = wg_eq(top, wg_number(top, 0));
    const wg_var is_infinite = wg_eq(top, wg_number(top, INFINITY));
    const wg_var is_plain = wg_or(is_zero, is_infinite);
    const wg_var unit = wg_select(is_plain, wg_number(top, 1), top);
    const wg_var sum = wg_sum(wg_square(wg_div(x, unit)), axes);
    const wg_var root = wg_safe_sqrt(sum);
    return wg_mul(root, wg_reshape(unit, wg_shape_of(sum)));
}

wg_var wg_dot(wg_var x, wg_var y)
{
    return wg_sum(wg_mul(x, y), WG_ALL);
}
