/* Losses that are the cost of an outcome, -log of its probability: one value a sample (or an
 * element), from logits and logarithms, so that nothing saturates. The average, weights and masks
 * are the caller's.
 *
 * A target stretches to the output, never the output to the target: [n] against [n, 1] would
 * compare each with each, and nobody would be told. */
#include <wengert/nn.h>
#include <math.h>

static bool is_float(wg_var x)
{
    return wg_dtype_of(x) == WG_F32 || wg_dtype_of(x) == WG_F64;
}

/* Beside a null output, which is refused later, the target stays as it is. */
wg_var wg_fit_target(wg_var target, wg_var output, int dropped)
{
    wg_shape shape = wg_shape_of(output);
    if (!output.tape || dropped < 0 || shape.rank < dropped) return target;
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

/* ---- one of several ---- */

/* Of the costs of all classes what those of the target cost. */
static wg_var cost_of_target(wg_var cost, wg_var target)
{
    if (is_float(target)) return wg_sum(weighed(wg_fit_target(target, cost, 0), cost), WG_AXES(-1));
    const wg_var class = wg_fit_target(target, cost, 1);
    const wg_var hit = wg_one_hot(class, wg_extent(cost, -1), WG_BOOL);
    return wg_sum(wg_select(hit, cost, wg_number(cost, 0)), WG_AXES(-1));
}

wg_var wg_cross_entropy(wg_var logits, wg_var target)
{
    static const char key[] = "wg_cross_entropy";
    const wg_var x[2] = { logits, target };
    wg_var y;
    if (wg_span_begin(logits.tape, key, sizeof key, 2, x, &y)) return y;
    logits = wg_expect_float("cross_entropy", logits);
    y = cost_of_target(wg_neg(wg_log_softmax(logits, -1)), target);
    wg_span_end(logits.tape, y);
    return y;
}

static const char *problem_of(const wg_cross_entropy_options *options, wg_var target)
{
    for (int i = 0; i < 4; i++)
        if (options->reserved[i] != 0) return "options were not zeroed: reserved has a value";
    if (!(options->smoothing >= 0 && options->smoothing <= 1))
        return "smoothing is a share, from 0 to 1";
    if (options->ignore && is_float(target))
        return "a class is ignored, but targets are probabilities";
    return NULL;
}

/* (1 - s) of what the target costs and s of what all classes cost on average. */
static wg_var smoothed(wg_var cost, wg_var target, double s)
{
    const wg_var part = cost_of_target(cost, target);
    if (s == 0) return part;
    const wg_var even = wg_mean(cost, WG_AXES(-1));
    const wg_var kept = wg_scale(part, 1 - s);
    return wg_add(kept, wg_scale(even, s));
}

/* An ignored sample counts as one of class 0, which exists, until its cost is replaced by 0. */
wg_var wg_cross_entropy_with(wg_var logits, wg_var target, const wg_cross_entropy_options *options)
{
    if (options == NULL) return wg_cross_entropy(logits, target);
    const char *problem = problem_of(options, target);
    if (problem != NULL)
        return wg_refuse((wg_scope){ 0 }, "cross_entropy", logits, WG_EINVALID, problem);
    wg_var cost = wg_neg(wg_log_softmax(logits, -1));
    if (options->class_weight != NULL)
        cost = weighed(wg_fit_target(*options->class_weight, cost, 0), cost);
    if (!options->ignore) return smoothed(cost, target, options->smoothing);
    target = wg_fit_target(target, cost, 1);
    const wg_var is_ignored = wg_eq(target, wg_number(target, (double)options->ignored_class));
    const wg_var used = wg_select(is_ignored, wg_number(target, 0), target);
    const wg_var loss = smoothed(cost, used, options->smoothing);
    return wg_select(is_ignored, wg_number(loss, 0), loss);
}

/* sum p log p, which the output does not change, and the cross-entropy. */
wg_var wg_kl_divergence(wg_var log_output, wg_var target)
{
    target = wg_fit_target(target, log_output, 0);
    const wg_var own = wg_xlogy(target, target);
    const wg_var cost = weighed(target, wg_neg(log_output));
    return wg_sum(wg_add(own, cost), WG_AXES(-1));
}

/* ---- one of two ---- */

/* Outcome 1 with the probability `target`, else outcome 0. */
static wg_var mixture(wg_var target, wg_var cost_of_one, wg_var cost_of_zero)
{
    const wg_var signal = weighed(target, cost_of_one);
    const wg_var rest = wg_sub(wg_number(target, 1), target);
    return wg_add(signal, weighed(rest, cost_of_zero));
}

/* -log q where the target is 1 and -log(1 - q) where it is 0 are softplus of the logit,
 * mirrored. */
wg_var wg_binary_cross_entropy(wg_var logits, wg_var target)
{
    target = wg_fit_target(target, logits, 0);
    const wg_var mirrored = wg_neg(logits);
    if (!is_float(target)) {
        const wg_var is_signal = wg_cast(target, WG_BOOL);
        return wg_softplus(wg_select(is_signal, mirrored, logits));
    }
    const wg_var one = wg_softplus(mirrored);
    return mixture(target, one, wg_softplus(logits));
}

wg_var wg_bernoulli_nll(wg_var probability, wg_var target)
{
    target = wg_fit_target(target, probability, 0);
    const wg_var one = wg_neg(wg_log(probability));
    const wg_var zero = wg_neg(wg_log1p(wg_neg(probability)));
    if (is_float(target)) return mixture(target, one, zero);
    return wg_select(wg_cast(target, WG_BOOL), one, zero);
}

/* (1 - q)^gamma times -log q at the logit of q, both by softplus. Where q is 0 the weight is 1
 * without a slope: 0 times the infinite cost would be NaN. */
static wg_var focused(wg_var logit, double gamma)
{
    const wg_var cost = wg_softplus(wg_neg(logit));
    const wg_var weight = wg_exp(wg_scale(wg_softplus(logit), -gamma));
    const wg_var is_lost = wg_eq(cost, wg_number(cost, INFINITY));
    return wg_mul(wg_select(is_lost, wg_number(weight, 1), weight), cost);
}

wg_var wg_focal_with(wg_var logits, wg_var target, double gamma)
{
    if (!(gamma >= 0 && gamma < INFINITY))
        return wg_refuse((wg_scope){ 0 }, "focal", logits, WG_EINVALID, "gamma is below 0");
    if (gamma == 0) return wg_binary_cross_entropy(logits, target); /* 0 times inf is no 0 */
    target = wg_fit_target(target, logits, 0);
    const wg_var mirrored = wg_neg(logits);
    if (!is_float(target)) {
        const wg_var is_signal = wg_cast(target, WG_BOOL);
        return focused(wg_select(is_signal, logits, mirrored), gamma);
    }
    const wg_var one = focused(logits, gamma);
    return mixture(target, one, focused(mirrored, gamma));
}

wg_var wg_focal(wg_var logits, wg_var target)
{
    return wg_focal_with(logits, target, 2);
}

/* ---- counts and measurements ---- */

/* At inf the rate outgrows what the target takes from it, which is infinite too. */
wg_var wg_poisson_nll(wg_var log_rate, wg_var target)
{
    target = wg_fit_target(target, log_rate, 0);
    if (!is_float(target)) target = wg_cast(target, wg_dtype_of(log_rate));
    const wg_var rate = wg_exp(log_rate);
    const wg_var size = wg_abs(log_rate);
    const wg_var is_infinite = wg_eq(size, wg_number(size, INFINITY));
    const wg_var is_none = wg_eq(target, wg_number(target, 0));
    const wg_var is_above = wg_eq(log_rate, wg_number(log_rate, INFINITY));
    const wg_var is_hidden = wg_or(is_above, wg_and(is_infinite, is_none));
    const wg_var taken = wg_mul(target, log_rate);
    return wg_select(is_hidden, rate, wg_sub(rate, taken));
}

wg_var wg_gaussian_nll(wg_var mean_and_log_variance, wg_var target)
{
    const int64_t count = wg_extent(mean_and_log_variance, -1);
    if (count % 2 != 0)
        return wg_refuse((wg_scope){ 0 }, "gaussian_nll", mean_and_log_variance, WG_ESHAPE,
                         "the last axis has no halves");
    const wg_var mean = wg_slice(mean_and_log_variance, -1, 0, count / 2, 1);
    const wg_var log_variance = wg_slice(mean_and_log_variance, -1, count / 2, count, 1);
    const wg_var square = wg_square(wg_sub(wg_fit_target(target, mean, 0), mean));
    const wg_var scaled = weighed(square, wg_exp(wg_neg(log_variance)));
    return wg_scale(wg_add(log_variance, scaled), 0.5);
}
