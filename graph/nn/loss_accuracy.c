/* Metrics of classes: losses that nobody differentiates, 0 or 1 a sample. */
#include <wengert/nn.h>

/* The class of each sample, also where the target is probabilities. */
static wg_var class_of(wg_var target, wg_var logits)
{
    const wg_dtype dtype = wg_dtype_of(target);
    if (dtype == WG_F32 || dtype == WG_F64)
        return wg_argmax(wg_fit_target(target, logits, 0), -1);
    target = wg_fit_target(target, logits, 1);
    return dtype == WG_I64 ? target : wg_cast(target, WG_I32);
}

wg_var wg_accuracy(wg_var logits, wg_var target)
{
    const wg_var found = wg_argmax(logits, -1);
    const wg_var class = class_of(target, logits);
    const wg_var same = wg_eq(wg_cast(found, wg_dtype_of(class)), class);
    return wg_cast(same, wg_dtype_of(logits));
}

/* How many come before the class in the order of argmax: larger ones, equal ones of lower index,
 * and NaN before numbers. */
wg_var wg_accuracy_top_k(wg_var logits, wg_var target, int64_t k)
{
    if (k < 1) return wg_refuse((wg_scope){ 0 }, "accuracy_top_k", logits, WG_EINVALID,
                                "k is below 1");
    const wg_var class = wg_expand(class_of(target, logits), -1);
    const wg_var index = wg_iota(logits.tape, wg_dtype_of(class), wg_extent(logits, -1));
    const wg_var is_class = wg_eq(index, class);
    const wg_var own = wg_select(is_class, logits, wg_number(logits, 0));
    const wg_var value = wg_sum(own, WG_KEEP(-1));
    const wg_var is_nan = wg_ne(logits, logits);
    const wg_var own_is_nan = wg_ne(value, value);
    const wg_var is_larger = wg_or(wg_gt(logits, value), wg_and(is_nan, wg_not(own_is_nan)));
    const wg_var is_equal = wg_or(wg_eq(logits, value), wg_and(is_nan, own_is_nan));
    const wg_var is_before = wg_or(is_larger, wg_and(is_equal, wg_lt(index, class)));
    const wg_var place = wg_sum(wg_cast(is_before, WG_I64), WG_AXES(-1));
    const wg_var exists = wg_any(is_class, WG_AXES(-1));
    const wg_var is_hit = wg_and(exists, wg_lt(place, wg_number(place, (double)k)));
    return wg_cast(is_hit, wg_dtype_of(logits));
}
