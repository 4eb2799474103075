/* Short formulas of two or three primitives, and the stable forms of exponential sums.
 *
 * The invariant of the sums: the largest element is taken out first and is held by
 * stop_gradient, so no exponential overflows and the result is exact in it at every order.
 *
 * Here and in all of nn no call has two arguments that record: C does not say which of them comes
 * first, and the order of records is part of a program's fingerprint. */
#include <wengert/nn.h>
#include <math.h>

wg_var wg_scale(wg_var x, double factor)
{
    return wg_mul(x, wg_number(x, factor));
}

wg_var wg_shift(wg_var x, double amount)
{
    return wg_add(x, wg_number(x, amount));
}

wg_var wg_square(wg_var x)
{
    return wg_mul(x, x);
}

wg_var wg_cube(wg_var x)
{
    return wg_mul(wg_square(x), x);
}

wg_var wg_reciprocal(wg_var x)
{
    return wg_div(wg_number(x, 1), x);
}

/* The upper bound comes last, so it is what is left where the bounds cross; NaN is beyond
 * neither. */
wg_var wg_clamp(wg_var x, double lower, double upper)
{
    const wg_var low = wg_number(x, lower);
    const wg_var high = wg_number(x, upper);
    const wg_var raised = wg_select(wg_lt(x, low), low, x);
    return wg_select(wg_lt(high, raised), high, raised);
}

wg_var wg_safe_sqrt(wg_var x)
{
    const wg_var zero = wg_number(x, 0);
    return wg_select(wg_eq(x, zero), zero, wg_sqrt(x));
}

/* Where x is 0 and log y no number, y counts as 1: the product is 0, its derivatives are. */
wg_var wg_xlogy(wg_var x, wg_var y)
{
    const wg_var is_zero = wg_eq(x, wg_number(x, 0));
    const wg_var is_low = wg_le(y, wg_number(y, 0));
    const wg_var is_infinite = wg_eq(y, wg_number(y, INFINITY));
    const wg_var is_hidden = wg_and(is_zero, wg_or(is_low, is_infinite));
    const wg_var seen = wg_select(is_hidden, wg_number(y, 1), y);
    return wg_mul(x, wg_log(seen));
}

static wg_axes axes_kept(wg_axes axes)
{
    axes.keep = 1;
    return axes;
}

/* x without its largest element along axes. Where that is infinite nothing is taken out: inf -
 * inf would be NaN where the sum is -inf, 0 or inf. */
static wg_var lowered(wg_var x, wg_axes axes, wg_var *largest)
{
    const wg_var top = wg_stop_gradient(wg_max(x, axes_kept(axes)));
    const wg_var size = wg_abs(top);
    const wg_var is_infinite = wg_eq(size, wg_number(x, INFINITY));
    *largest = wg_select(is_infinite, wg_number(x, 0), top);
    return wg_sub(x, *largest);
}

/* log of a sum of exponentials; a sum of 0 gives -inf with gradient 0. */
static wg_var log_of_sum(wg_var sum)
{
    const wg_var is_empty = wg_eq(sum, wg_number(sum, 0));
    const wg_var log = wg_log(wg_select(is_empty, wg_number(sum, 1), sum));
    return wg_select(is_empty, wg_number(sum, -INFINITY), log);
}

wg_var wg_logsumexp(wg_var x, wg_axes axes)
{
    wg_var largest;
    const wg_var low = lowered(wg_expect_float("logsumexp", x), axes, &largest);
    const wg_var sum = wg_sum(wg_exp(low), axes);
    const wg_var log = log_of_sum(sum);
    return wg_add(log, wg_reshape(largest, wg_shape_of(sum)));
}

wg_var wg_softmax(wg_var x, int axis)
{
    x = wg_expect_float("softmax", x);
    const wg_var top = wg_stop_gradient(wg_max(x, WG_KEEP(axis)));
    const wg_var exponential = wg_exp(wg_sub(x, top));
    return wg_div(exponential, wg_sum(exponential, WG_KEEP(axis)));
}

wg_var wg_log_softmax(wg_var x, int axis)
{
    wg_var largest;
    x = wg_expect_float("log_softmax", x);
    const wg_var low = lowered(x, WG_AXES(axis), &largest);
    return wg_sub(low, wg_log(wg_sum(wg_exp(low), WG_KEEP(axis))));
}

wg_var wg_weighted_mean(wg_var x, wg_var weight)
{
    if (wg_dtype_of(weight) != wg_dtype_of(x)) weight = wg_cast(weight, wg_dtype_of(x));
    if (x.tape) weight = wg_broadcast(weight, wg_shape_of(x)); /* a null x is refused below */
    const wg_var zero = wg_number(weight, 0);
    const wg_var is_hidden = wg_eq(weight, zero);
    const wg_var product = wg_mul(weight, x);
    const wg_var sum = wg_sum(wg_select(is_hidden, zero, product), WG_ALL);
    const wg_var total = wg_sum(weight, WG_ALL);
    const wg_var is_empty = wg_eq(total, zero);
    const wg_var divisor = wg_select(is_empty, wg_number(total, 1), total);
    return wg_select(is_empty, zero, wg_div(sum, divisor));
}

/* Each element is looked up by its place among all: its own, moved along the axis by as many steps
 * as its index among the sorted differs from its own. */
wg_var wg_sort(wg_var x, int axis)
{
    const wg_var order = wg_argsort(x, axis);
    const wg_shape shape = wg_shape_of(order);
    if (shape.rank == 0) return order;
    const int32_t along = axis < 0 ? axis + shape.rank : axis;
    wg_shape line = { .rank = shape.rank };
    int64_t count = 1, step = 1;
    for (int32_t i = 0; i < shape.rank; i++) {
        line.dim[i] = i == along ? shape.dim[i] : 1;
        count *= shape.dim[i];
        if (i > along) step *= shape.dim[i];
    }
    const wg_var place = wg_reshape(wg_iota(x.tape, WG_I64, count), shape);
    const wg_var own = wg_reshape(wg_iota(x.tape, WG_I64, shape.dim[along]), line);
    const wg_var moves = wg_sub(wg_cast(order, WG_I64), own);
    const wg_var index = wg_add(place, wg_mul(moves, wg_number(moves, (double)step)));
    return wg_gather(wg_reshape(x, WG_SHAPE(count)), index, 0);
}

/* The classes are looked up, not only compared, so that one outside 0 .. count - 1 is an error, as
 * is a class that is no integer. */
wg_var wg_one_hot(wg_var index, int64_t count, wg_dtype dtype)
{
    const wg_dtype given = wg_dtype_of(index);
    if (given == WG_U8 || given == WG_BOOL) index = wg_cast(index, WG_I32);
    const wg_var class = wg_iota(index.tape, wg_dtype_of(index), count);
    const wg_var hit = wg_eq(wg_expand(wg_gather(class, index, 0), -1), class);
    return dtype == WG_BOOL ? hit : wg_cast(hit, dtype);
}
