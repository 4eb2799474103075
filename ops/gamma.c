/* polygamma: the derivatives of log-gamma, which is its order -1. That of each order is the next,
 * so the family is closed.                                                                       */
#include "ops/rules.h"

int wg__infer_polygamma(const wg__request *request, const wg__type *in, wg__type *out,
                        wg__text *why)
{
    WG_ASSERT(request->attribute_count == 1);
    const int64_t order = request->attribute[0];
    if (order < -1 || order > WG__POLYGAMMA_ORDER_MAX) {
        wg__text_add(why, "order %lld is not within -1 and %d", (long long)order,
                     WG__POLYGAMMA_ORDER_MAX);
        return WG_EINVALID;
    }
    WG_TRY(wg__expect_float(in[0].dtype, why));
    *out = in[0];
    return WG_OK;
}

void wg__vjp_polygamma(const wg__node_view *node, uint32_t *gradient)
{
    WG_ASSERT(node->attribute_count == 1);
    if (!node->needed[0]) return;
    wg__builder *b = node->builder;
    const uint32_t slope = wg__emit_polygamma(b, node->attribute[0] + 1, node->in[0]);
    gradient[0] = wg__emit2(b, WG__OP_mul, node->g, slope);
}
