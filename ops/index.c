/* gather and scatter_add along one axis: types and derivatives.
 *
 * With x = [before..., n, after...] and index = [i...], gather gives [before..., i..., after...],
 * and scatter_add adds such an update to x. Each is the other's derivative.                      */
#include "ops/rules.h"

/* ---- types ---- */

/* The shape of what gather takes or scatter_add gives back. */
static int infer_taken(const wg__type *x, const wg__type *index, int64_t axis, wg__shape *out,
                       wg__text *why)
{
    if (index->dtype != WG_I32 && index->dtype != WG_I64) {
        wg__text_add(why, "the index must be i32 or i64, not %s", wg_dtype_name(index->dtype));
        return WG_EDTYPE;
    }
    WG_TRY(wg__expect_axis(axis, &x->shape, why));
    const int32_t before = (int32_t)axis;
    const int32_t after = x->shape.rank - before - 1;
    const int32_t inside = index->shape.rank;
    if (before + inside + after > WG__RANK_MAX) {
        wg__text_shape(why, &x->shape);
        wg__text_add(why, " by ");
        wg__text_shape(why, &index->shape);
        wg__text_add(why, " has too many axes");
        return WG_ELIMIT;
    }
    wg__shape shape = { .rank = before + inside + after };
    for (int32_t i = 0; i < before; i++) shape.dim[i] = x->shape.dim[i];
    for (int32_t i = 0; i < inside; i++) shape.dim[before + i] = index->shape.dim[i];
    for (int32_t i = 0; i < after; i++)
        shape.dim[before + inside + i] = x->shape.dim[before + 1 + i];
    *out = shape;
    return WG_OK;
}

int wg__infer_gather(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->attribute_count == 1);
    wg__shape shape;
    WG_TRY(infer_taken(&in[0], &in[1], request->attribute[0], &shape, why));
    *out = (wg__type){ .dtype = in[0].dtype, .shape = shape };
    return WG_OK;
}

int wg__infer_scatter_add(const wg__request *request, const wg__type *in, wg__type *out,
                          wg__text *why)
{
    WG_ASSERT(request->attribute_count == 1);
    wg__shape shape;
    WG_TRY(wg__expect_number(in[0].dtype, why));
    WG_TRY(wg__expect_dtype(in[0].dtype, in[2].dtype, why));
    WG_TRY(infer_taken(&in[0], &in[1], request->attribute[0], &shape, why));
    if (!wg__shape_equal(&shape, &in[2].shape)) {
        wg__text_add(why, "the update must be ");
        wg__text_shape(why, &shape);
        wg__text_add(why, ", not ");
        wg__text_shape(why, &in[2].shape);
        return WG_ESHAPE;
    }
    *out = in[0];
    return WG_OK;
}

/* ---- derivatives ---- */

static uint32_t emit_indexed(const wg__node_view *node, wg__op_id op, const uint32_t *in,
                             int32_t in_count)
{
    for (int32_t i = 0; i < in_count; i++)
        if (in[i] == WG__NONE) return WG__NONE;
    return node->builder->emit(node->builder, &(wg__request){ .op = op,
                                                              .in_count = in_count,
                                                              .in = in,
                                                              .attribute = node->attribute,
                                                              .attribute_count = 1 });
}

void wg__vjp_gather(const wg__node_view *node, uint32_t *gradient)
{
    if (!node->needed[0]) return;
    const uint32_t zero = wg__emit_full_like(node->builder, node->in[0], 0.0);
    const uint32_t in[] = { zero, node->in[1], node->g };
    gradient[0] = emit_indexed(node, WG__OP_scatter_add, in, 3);
}

void wg__vjp_scatter_add(const wg__node_view *node, uint32_t *gradient)
{
    const uint32_t in[] = { node->g, node->in[1] };
    if (node->needed[0]) gradient[0] = node->g;
    if (node->needed[2]) gradient[2] = emit_indexed(node, WG__OP_gather, in, 2);
}
