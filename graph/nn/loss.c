/* Losses: one value a sample (or an element), from logits, so that nothing saturates. The
 * average, weights and masks are the caller's. */
#include <wengert/nn.h>

static bool is_float(wg_var x)
{
    return wg_dtype_of(x) == WG_F32 || wg_dtype_of(x) == WG_F64;
}

wg_var wg_squared_error(wg_var output, wg_var target)
{
    return wg_square(wg_sub(output, target));
}

/* -sum p log q; p = 0 hides even log q = -inf. */
wg_var wg_cross_entropy(wg_var logits, wg_var target)
{
    const wg_var log = wg_log_softmax(logits, -1);
    const wg_var zero = wg_number(log, 0);
    if (is_float(target)) {
        const wg_var is_zero = wg_eq(target, zero);
        return wg_neg(wg_sum(wg_select(is_zero, zero, wg_mul(target, log)), WG_AXES(-1)));
    }
    const wg_var hit = wg_one_hot(target, wg_extent(logits, -1), WG_BOOL);
    return wg_neg(wg_sum(wg_select(hit, log, zero), WG_AXES(-1)));
}

/* -log q where the target is 1 and -log(1 - q) where it is 0 are softplus of the logit,
 * mirrored. */
wg_var wg_binary_cross_entropy(wg_var logits, wg_var target)
{
    if (!is_float(target)) {
        const wg_var is_signal = wg_cast(target, WG_BOOL);
        return wg_softplus(wg_select(is_signal, wg_neg(logits), logits));
    }
    const wg_var one = wg_number(logits, 1), zero = wg_number(logits, 0);
    const wg_var signal = wg_softplus(wg_neg(logits)), background = wg_softplus(logits);
    const wg_var mixed = wg_add(wg_mul(target, signal), wg_mul(wg_sub(one, target), background));
    const wg_var sure = wg_select(wg_eq(target, one), signal, mixed);
    return wg_select(wg_eq(target, zero), background, sure);
}

wg_var wg_accuracy(wg_var logits, wg_var target)
{
    const wg_var found = wg_argmax(logits, -1);
    if (is_float(target)) target = wg_argmax(target, -1);
    if (wg_dtype_of(target) != WG_I32 && wg_dtype_of(target) != WG_I64)
        target = wg_cast(target, WG_I32);
    const wg_var same = wg_eq(wg_cast(found, wg_dtype_of(target)), target);
    return wg_cast(same, wg_dtype_of(logits));
}
