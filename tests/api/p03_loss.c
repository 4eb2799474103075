/* A custom loss (generalised cross-entropy, q = 0.7) with weights a sample and targets to
 * ignore. */
#include <wengert/wengert.h>

wg_var robust_loss(wg_var logits, wg_var target, wg_var weight, int64_t ignored);
wg_var robust_loss(wg_var logits, wg_var target, wg_var weight, int64_t ignored)
{
    const double q = 0.7;
    wg_var seen = wg_ne(target, wg_number(target, (double)ignored));
    /* A legal index where we will not look. */
    wg_var safe = wg_select(seen, target, wg_number(target, 0));
    wg_var hit = wg_neg(wg_cross_entropy(logits, safe));               /* log p of the true class */
    wg_var loss = wg_scale(wg_shift(wg_neg(wg_exp(wg_scale(hit, q))), 1), 1 / q);
    return wg_weighted_mean(loss, wg_mul(weight, wg_cast(seen, wg_dtype_of(weight))));
}
