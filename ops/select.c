/* Derivatives of the structural ops that act element by element: select and cast.
 *
 * The condition of a select and the digits of an integer carry none.                             */
#include "ops/rules.h"

void wg__vjp_select(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const uint32_t zero = wg__emit_full_like(b, node->g, 0.0);
    if (node->needed[1]) gradient[1] = wg__emit_select(b, node->in[0], node->g, zero);
    if (node->needed[2]) gradient[2] = wg__emit_select(b, node->in[0], zero, node->g);
}

void wg__vjp_cast(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const wg_dtype dtype = b->dtype(b, node->in[0]);
    if (node->needed[0] && wg__dtype_is_float(dtype))
        gradient[0] = wg__emit_cast(b, node->g, dtype);
}
