/* Every composite that is a formula, with its gradients to order 2, on 10,000 inputs: y, the
 * gradient of its sum, and that gradient's of the squares of the first, in one hash. Of squares,
 * because first derivatives themselves add up to a constant where a formula is of differences. */
#include "bits.h"

enum { ROWS = 100, COLUMNS = 100 };

typedef struct formula {
    const char *name;
    wg_var (*unary)(wg_var x);
    wg_var (*binary)(wg_var x, wg_var y);
    wg_loss *by_class;
    double low, high;              /* of x */
} formula;

/* Calls with the arguments that a formula of two views does not have. */
static wg_var softmax(wg_var x) { return wg_softmax(x, 1); }
static wg_var log_softmax(wg_var x) { return wg_log_softmax(x, -1); }
static wg_var logsumexp(wg_var x) { return wg_logsumexp(x, WG_KEEP(1)); }
static wg_var sort(wg_var x) { return wg_sort(x, 1); }
static wg_var clamp(wg_var x) { return wg_clamp(x, -2, 3); }
static wg_var variance(wg_var x) { return wg_variance(x, WG_AXES(1)); }
static wg_var deviation(wg_var x) { return wg_std(x, WG_AXES(0)); }
static wg_var norm(wg_var x) { return wg_norm(x, WG_AXES(1)); }
static wg_var einsum(wg_var x, wg_var y)
{
    return wg_einsum("ij,kj->ik", 2, (const wg_var[]){ x, y });
}
static wg_var leaky_relu_with(wg_var x) { return wg_leaky_relu_with(x, 0.1); }
static wg_var elu_with(wg_var x) { return wg_elu_with(x, 0.7); }
static wg_var celu_with(wg_var x) { return wg_celu_with(x, 1.7); }
static wg_var snake_with(wg_var x) { return wg_snake_with(x, 2); }
static wg_var huber_with(wg_var x, wg_var y) { return wg_huber_with(x, y, 0.3); }
static wg_var quantile_with(wg_var x, wg_var y) { return wg_quantile_with(x, y, 0.9); }
static wg_var focal_with(wg_var x, wg_var y) { return wg_focal_with(x, y, 3); }
static wg_var gaussian_nll(wg_var x, wg_var y)
{
    return wg_gaussian_nll(wg_stack(2, (const wg_var[]){ x, wg_scale(x, 0.25) }, -1),
                           wg_expand(y, 2));
}
static wg_var cosine_distance(wg_var x, wg_var y) { return wg_cosine_distance(x, y); }
static wg_var triplet(wg_var x, wg_var y) { return wg_triplet(x, y, wg_neg(y), 1); }
static wg_var contrastive(wg_var x, wg_var y) { return wg_contrastive(x, y, 0.5); }
static wg_var kl_divergence(wg_var x, wg_var y)
{
    return wg_kl_divergence(wg_log_softmax(x, 1), wg_softmax(y, 1));
}
/* 10 series of 10 places, whose targets have up to 4. */
static wg_var ctc(wg_var x, wg_var k)
{
    const wg_var series = wg_reshape(x, WG_SHAPE(ROWS / 10, 10, COLUMNS));
    const wg_var classes = wg_reshape(k, WG_SHAPE(ROWS / 10, 10));
    const wg_var target = wg_slice(classes, 1, 0, 4, 1);
    const wg_var last = wg_reshape(wg_slice(classes, 1, 9, 10, 1), WG_SHAPE(ROWS / 10));
    return wg_ctc(series, wg_maximum(target, wg_number(target, 1)), (wg_var){ 0 },
                  wg_minimum(last, wg_number(last, 4)));
}
static wg_var accuracy_top_k(wg_var x, wg_var k) { return wg_accuracy_top_k(x, k, 5); }

#define UNARY(name)           { #name, wg_##name, NULL, NULL, -12, 12 }
#define UNARY_IN(name, a, b)  { #name, wg_##name, NULL, NULL, a, b }
#define OWN(name)             { #name, name, NULL, NULL, -12, 12 }
#define BINARY(name)          { #name, NULL, wg_##name, NULL, -12, 12 }
#define BINARY_IN(name, a, b) { #name, NULL, wg_##name, NULL, a, b }
#define OWN_OF_TWO(name)      { #name, NULL, name, NULL, -12, 12 }
#define BY_CLASS(name)        { #name, NULL, NULL, wg_##name, -12, 12 }
static const formula formulas[] = {
    UNARY(square), UNARY(cube), UNARY(reciprocal), OWN(clamp), UNARY(safe_sqrt),
    BINARY_IN(xlogy, 0, 9), UNARY(tan), UNARY_IN(asin, -0.875, 0.875),
    UNARY_IN(acos, -0.875, 0.875), UNARY(atan), UNARY(sinh), UNARY(cosh), UNARY(asinh),
    UNARY_IN(acosh, 1, 9), UNARY_IN(atanh, -0.875, 0.875), OWN(variance), OWN(deviation),
    OWN(norm), OWN(logsumexp),
    OWN(softmax), OWN(log_softmax), OWN(sort), BINARY(weighted_mean), BINARY(dot),
    OWN_OF_TWO(einsum),

    UNARY(relu), UNARY(relu6), UNARY(leaky_relu), OWN(leaky_relu_with), UNARY(elu), OWN(elu_with),
    UNARY(selu), UNARY(celu), OWN(celu_with), UNARY(hardswish), UNARY(hardsigmoid),
    UNARY(hardtanh), UNARY(softplus), UNARY(sigmoid), UNARY(log_sigmoid), UNARY(silu), UNARY(mish),
    UNARY(gelu), UNARY(gelu_tanh), UNARY(softsign), UNARY(tanhshrink), UNARY(snake),
    OWN(snake_with), UNARY(glu), UNARY(swiglu), UNARY(geglu),

    BINARY(squared_error), BINARY(absolute_error), BINARY(huber), OWN_OF_TWO(huber_with),
    BINARY(log_cosh), OWN_OF_TWO(quantile_with), BINARY(hinge), BINARY(binary_cross_entropy),
    BINARY_IN(bernoulli_nll, 0.0625, 0.9375), BINARY(focal), OWN_OF_TWO(focal_with),
    BINARY(poisson_nll), OWN_OF_TWO(gaussian_nll), OWN_OF_TWO(cosine_distance),
    OWN_OF_TWO(triplet), OWN_OF_TWO(contrastive), OWN_OF_TWO(kl_divergence),
    BY_CLASS(cross_entropy), BY_CLASS(accuracy),
    { "accuracy_top_k", NULL, NULL, accuracy_top_k, -12, 12 },
    { "ctc", NULL, NULL, ctc, -12, 12 },
};

static void print(bits *b, const char *name, wg_dtype dtype, wg_var x, wg_var y)
{
    const wg_var first = wg_grad(wg_sum(y, WG_ALL), x);
    const wg_var second = wg_grad(wg_sum(wg_square(first), WG_ALL), x);
    const wg_shape line = WG_SHAPE(wg_shape_count(wg_shape_of(y)));
    const wg_shape all = WG_SHAPE(ROWS * COLUMNS);
    const wg_var parts[] = { wg_reshape(y, line), wg_reshape(first, all), wg_reshape(second, all) };
    bits_line(b, "composite", name, dtype, wg_concat(3, parts, 0));
}

void bits_composites(bits *b)
{
    const wg_shape shape = WG_SHAPE(ROWS, COLUMNS);
    for (size_t i = 0; i < sizeof formulas / sizeof *formulas; i++)
        for (int wide = 0; wide < 2; wide++) {
            const formula *one = &formulas[i];
            const wg_dtype dtype = wide ? WG_F64 : WG_F32;
            bits_begin(b);
            const wg_var x = bits_input(b, "x", 8, dtype, shape,
                                        (bits_range){ one->low, one->high, false });
            const wg_var y = bits_input(b, "y", 9, dtype, shape, (bits_range){ 0, 1, false });
            const wg_var k = bits_input(b, "k", 10, WG_I32, WG_SHAPE(ROWS),
                                        (bits_range){ 0, COLUMNS, false });
            print(b, one->name, dtype, x,
                  one->unary != NULL    ? one->unary(x)
                  : one->binary != NULL ? one->binary(x, y)
                                        : one->by_class(x, k));
        }
}
