/* Matrix product over the last two axes; leading axes are equal. Its type and derivative.
 *
 * The derivative is two products of the same kind: dx = g y^T, dy = x^T g.                       */
#include "ops/rules.h"

static int expect_factors(const wg__shape *x, const wg__shape *y, bool fits, wg__text *why,
                          const char *reason)
{
    if (fits) return WG_OK;
    wg__text_shape(why, x);
    wg__text_add(why, " x ");
    wg__text_shape(why, y);
    wg__text_add(why, ": %s", reason);
    return WG_ESHAPE;
}

int wg__infer_matmul(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    (void)request;
    const wg__shape *x = &in[0].shape;
    const wg__shape *y = &in[1].shape;
    WG_TRY(wg__expect_float(in[0].dtype, why));
    WG_TRY(wg__expect_dtype(in[0].dtype, in[1].dtype, why));

    WG_TRY(expect_factors(x, y, x->rank >= 2 && y->rank >= 2, why, "two axes are needed"));
    WG_TRY(expect_factors(x, y, x->rank == y->rank, why, "leading axes differ"));
    const int32_t rank = x->rank;
    for (int32_t i = 0; i < rank - 2; i++)
        WG_TRY(expect_factors(x, y, x->dim[i] == y->dim[i], why, "leading axes differ"));

    char reason[64];
    wg__text inner = wg__text_of(reason, sizeof reason);
    wg__text_add(&inner, "%lld is not %lld", (long long)x->dim[rank - 1],
                 (long long)y->dim[rank - 2]);
    WG_TRY(expect_factors(x, y, x->dim[rank - 1] == y->dim[rank - 2], why, reason));

    wg__type type = in[0];
    type.shape.dim[rank - 1] = y->dim[rank - 1];
    *out = type;
    return WG_OK;
}

void wg__vjp_matmul(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const uint32_t x = node->in[0];
    const uint32_t y = node->in[1];
    if (node->needed[0])
        gradient[0] = wg__emit2(b, WG__OP_matmul, node->g, wg__emit_transpose(b, y));
    if (node->needed[1])
        gradient[1] = wg__emit2(b, WG__OP_matmul, wg__emit_transpose(b, x), node->g);
}
