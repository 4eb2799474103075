/* Every composite that is a formula, with its gradients to order 2, on 10,000 inputs: y, dy and d2y
 * of the sum of y in one hash.                                                                   */
#include "bits.h"

enum { ROWS = 100, COLUMNS = 100 };

typedef struct formula {
    const char *name;
    wg_var (*unary)(wg_var x);
    wg_var (*binary)(wg_var x, wg_var y);
    wg_loss *by_class;
} formula;

static wg_var softmax(wg_var x) { return wg_softmax(x, 1); }
static wg_var log_softmax(wg_var x) { return wg_log_softmax(x, -1); }
static wg_var logsumexp(wg_var x) { return wg_logsumexp(x, WG_KEEP(1)); }
static wg_var sort(wg_var x) { return wg_sort(x, 1); }

#define UNARY(name)    { #name, wg_##name, NULL, NULL }
#define OWN(name)      { #name, name, NULL, NULL }
#define BINARY(name)   { #name, NULL, wg_##name, NULL }
#define BY_CLASS(name) { #name, NULL, NULL, wg_##name }
static const formula formulas[] = {
    UNARY(square), UNARY(reciprocal), OWN(logsumexp), OWN(softmax), OWN(log_softmax), OWN(sort),
    BINARY(weighted_mean),
    UNARY(relu), UNARY(softplus), UNARY(sigmoid), UNARY(mish), UNARY(gelu),
    BINARY(squared_error), BINARY(binary_cross_entropy),
    BY_CLASS(cross_entropy), BY_CLASS(accuracy),
};

static void print(bits *b, const char *name, wg_dtype dtype, wg_var x, wg_var y)
{
    const wg_var first = wg_grad(wg_sum(y, WG_ALL), x);
    const wg_var second = wg_grad(wg_sum(first, WG_ALL), x);
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
            const wg_var x = bits_input(b, "x", 8, dtype, shape, (bits_range){ -12, 12, false });
            const wg_var y = bits_input(b, "y", 9, dtype, shape, (bits_range){ 0, 1, false });
            const wg_var k = bits_input(b, "k", 10, WG_I32, WG_SHAPE(ROWS),
                                        (bits_range){ 0, COLUMNS, false });
            print(b, one->name, dtype, x,
                  one->unary != NULL    ? one->unary(x)
                  : one->binary != NULL ? one->binary(x, y)
                                        : one->by_class(x, k));
        }
}
