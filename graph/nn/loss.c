/* Losses: one value a sample (or an element), from logits, so that nothing saturates. The
 * average, weights and masks are the caller's.
 *
 * A target stretches to the output, never the output to the target: [n] against [n, 1] would
 * compare each with each, and nobody would be told. */
#include <wengert/nn.h>
#include <math.h>

static bool is_float(wg_var x)
{
    return wg_dtype_of(x) == WG_F32 || wg_dtype_of(x) == WG_F64;
}

/* The target in the shape of the output without its last `dropped` axes. Beside a null output,
 * which is refused later, as it is. */
static wg_var fitted(wg_var target, wg_var output, int32_t dropped)
{
    wg_shape shape = wg_shape_of(output);
    if (!output.tape || shape.rank < dropped) return target;
    shape.rank -= dropped;
    return wg_broadcast(target, shape);
}

/* weight times cost, 0 where the weight is 0 even if the cost is infinite. Elsewhere it is a
 * plain product, so that its derivative by the weight is the cost also at weight 0. */
static wg_var weighed(wg_var weight, wg_var cost)
{
    const wg_var product = wg_mul(weight, cost);
    const wg_var is_unused = wg_eq(weight, wg_number(weight, 0));
    const wg_var is_infinite = wg_eq(cost, wg_number(cost, INFINITY));
    const wg_var is_hidden = wg_and(is_unused, is_infinite);
    return wg_select(is_hidden, wg_number(product, 0), product);
}

wg_var wg_squared_error(wg_var output, wg_var target)
{
    return wg_square(wg_sub(output, fitted(target, output, 0)));
}

/* -sum p log q. */
wg_var wg_cross_entropy(wg_var logits, wg_var target)
{
    const wg_var log = wg_log_softmax(logits, -1);
    if (is_float(target)) {
        const wg_var share = fitted(target, logits, 0);
        return wg_sum(weighed(share, wg_neg(log)), WG_AXES(-1));
    }
    const wg_var class = fitted(target, logits, 1);
    const wg_var hit = wg_one_hot(class, wg_extent(logits, -1), WG_BOOL);
    const wg_var found = wg_select(hit, log, wg_number(log, 0));
    return wg_neg(wg_sum(found, WG_AXES(-1)));
}

/* -log q where the target is 1 and -log(1 - q) where it is 0 are softplus of the logit,
 * mirrored. */
wg_var wg_binary_cross_entropy(wg_var logits, wg_var target)
{
    target = fitted(target, logits, 0);
    const wg_var mirrored = wg_neg(logits);
    if (!is_float(target)) {
        const wg_var is_signal = wg_cast(target, WG_BOOL);
        return wg_softplus(wg_select(is_signal, mirrored, logits));
    }
    const wg_var signal = weighed(target, wg_softplus(mirrored));
    const wg_var rest = wg_sub(wg_number(target, 1), target);
    return wg_add(signal, weighed(rest, wg_softplus(logits)));
}

wg_var wg_accuracy(wg_var logits, wg_var target)
{
    const wg_var found = wg_argmax(logits, -1);
    if (is_float(target)) target = wg_argmax(fitted(target, logits, 0), -1);
    else target = fitted(target, logits, 1);
    if (wg_dtype_of(target) != WG_I64) target = wg_cast(target, WG_I32);
    const wg_var same = wg_eq(wg_cast(found, wg_dtype_of(target)), target);
    return wg_cast(same, wg_dtype_of(logits));
}
