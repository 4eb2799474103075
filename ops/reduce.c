/* Reductions over axes: sum, prod, max, min, argmax, argmin. Their types and derivatives.
 *
 * The axes are a set of bits and are dropped from the shape; whoever wants to keep them reshapes. A
 * sum of nothing is 0 and a product 1; nothing has no largest element, so that is refused.       */
#include "ops/rules.h"

#include <math.h>

uint32_t wg__reduced_axes(wg__op_id op, const int64_t *attribute)
{
    WG_ASSERT(wg__op_table[op].class == WG__CLASS_REDUCE);
    const bool is_one_axis = op == WG__OP_argmax || op == WG__OP_argmin;
    return is_one_axis ? 1u << attribute[0] : (uint32_t)attribute[0];
}

/* ---- types ---- */

static int infer_reduced(const wg__request *request, const wg__type *in, wg__type *out,
                         wg__text *why)
{
    WG_ASSERT(request->attribute_count == 1);
    const int64_t axes = request->attribute[0];
    WG_ASSERT(axes >= 0);
    if (axes >> in[0].shape.rank != 0) {
        wg__text_shape(why, &in[0].shape);
        wg__text_add(why, " lacks one of the axes");
        return WG_EAXIS;
    }
    *out = (wg__type){ .dtype = in[0].dtype,
                       .shape = wg__shape_without(&in[0].shape, (uint32_t)axes) };
    return WG_OK;
}

int wg__infer_sum(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_TRY(wg__expect_number(in[0].dtype, why));
    return infer_reduced(request, in, out, why);
}

/* Refuses to pick from an axis without elements, unless nothing is asked for. */
static int expect_elements(const wg__shape *shape, const wg__shape *kept, wg__text *why)
{
    if (wg__shape_count(shape) != 0 || wg__shape_count(kept) == 0) return WG_OK;
    wg__text_shape(why, shape);
    wg__text_add(why, " has no elements to choose from");
    return WG_ESHAPE;
}

/* Of truths the largest is whether any is true, the least whether all are. */
int wg__infer_extremum(const wg__request *request, const wg__type *in, wg__type *out,
                       wg__text *why)
{
    wg__type type;
    WG_TRY(infer_reduced(request, in, &type, why));
    WG_TRY(expect_elements(&in[0].shape, &type.shape, why));
    *out = type;
    return WG_OK;
}

int wg__infer_argmax(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->attribute_count == 1);
    const int64_t axis = request->attribute[0];
    WG_TRY(wg__expect_number(in[0].dtype, why));
    WG_TRY(wg__expect_axis(axis, &in[0].shape, why));
    const wg__shape kept = wg__shape_without(&in[0].shape, 1u << axis);
    WG_TRY(expect_elements(&in[0].shape, &kept, why));
    if (in[0].shape.dim[axis] > INT32_MAX) {
        wg__text_shape(why, &in[0].shape);
        wg__text_add(why, " has more elements than i32 can number");
        return WG_ELIMIT;
    }
    *out = (wg__type){ .dtype = WG_I32, .shape = kept };
    return WG_OK;
}

/* ---- derivatives ---- */

/* Repeats a reduced value over the axes it was reduced from. */
static uint32_t spread(wg__builder *b, uint32_t value, const wg__shape *shape, uint32_t axes_bits)
{
    wg__shape ones = *shape;
    for (int32_t i = 0; i < ones.rank; i++)
        if (axes_bits >> i & 1) ones.dim[i] = 1;
    return wg__emit_broadcast(b, wg__emit_reshape(b, value, &ones), shape);
}

void wg__vjp_sum(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const wg__shape *shape = b->shape(b, node->in[0]);
    if (node->needed[0]) gradient[0] = spread(b, node->g, shape, (uint32_t)node->attribute[0]);
}

/* The axes of a shape, those of `bits` last. */
static void axes_with_last(int32_t rank, uint32_t bits, int64_t *axis)
{
    int32_t count = 0;
    for (uint32_t is_last = 0; is_last <= 1; is_last++)
        for (int32_t i = 0; i < rank; i++)
            if ((bits >> i & 1) == is_last) axis[count++] = i;
}

/* Each element receives the product of all the others, made of those before it and those after it:
 * a polynomial without a division, so that zeros are right at every order.                       */
void wg__vjp_prod(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const wg__shape shape = *b->shape(b, node->in[0]);
    const uint32_t axes = (uint32_t)node->attribute[0];
    if (!node->needed[0]) return;

    int64_t order[WG__RANK_MAX], inverse[WG__RANK_MAX];
    axes_with_last(shape.rank, axes, order);
    for (int32_t i = 0; i < shape.rank; i++) inverse[order[i]] = i;
    const uint32_t turned = wg__emit_permute(b, node->in[0], order, shape.rank);
    if (turned == WG__NONE) return;
    const wg__shape turned_shape = *b->shape(b, turned);
    wg__shape rows = wg__shape_without(&shape, axes);
    const int last = rows.rank;
    rows.dim[rows.rank++] = 1;
    for (int32_t i = last; i < shape.rank; i++) rows.dim[last] *= turned_shape.dim[i];

    const uint32_t x = wg__emit_reshape(b, turned, &rows);
    const uint32_t before = wg__emit_cumprod(b, x, last, true, false);
    const uint32_t after = wg__emit_cumprod(b, x, last, true, true);
    const uint32_t others = wg__emit2(b, WG__OP_mul, before, after);
    const uint32_t as_turned = wg__emit_reshape(b, others, &turned_shape);
    const uint32_t as_x = wg__emit_permute(b, as_turned, inverse, shape.rank);
    gradient[0] = wg__emit2(b, WG__OP_mul, spread(b, node->g, &shape, axes), as_x);
}

/* Elements equal to the result share its cotangent evenly. If the result is NaN no element is, and
 * all of them receive NaN.                                                                       */
void wg__vjp_extremum(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const uint32_t x = node->in[0];
    const uint32_t axes = (uint32_t)node->attribute[0];
    const wg__shape *shape = b->shape(b, x);
    if (!node->needed[0]) return;

    const uint32_t is_chosen = wg__emit2(b, WG__OP_eq, x, spread(b, node->r, shape, axes));
    const uint32_t ones = wg__emit_cast(b, is_chosen, b->dtype(b, x));
    const uint32_t count = wg__emit_reduce(b, WG__OP_sum, ones, axes);
    const uint32_t share = wg__emit2(b, WG__OP_div, node->g, count);
    const uint32_t is_number = wg__emit2(b, WG__OP_eq, node->r, node->r);
    const uint32_t rest = wg__emit_select(b, is_number, wg__emit_full_like(b, node->r, 0.0),
                                          wg__emit_full_like(b, node->r, NAN));
    gradient[0] = wg__emit_select(b, is_chosen, spread(b, share, shape, axes),
                                  spread(b, rest, shape, axes));
}
