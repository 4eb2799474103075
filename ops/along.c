/* Along one axis: the chains cumsum and linear_recurrence, and argsort. Their types and
 * derivatives, and products made of them.
 *
 * r_i = a_i r_(i-1) + x_i, where the first element is x alone: nothing is before it, and its
 * factor is not read. Going from the end the same holds in mirror image. A cotangent goes the
 * opposite way through the same factors, so the family is closed under derivatives of every
 * order. */
#include "ops/rules.h"

/* ---- types ---- */

int wg__infer_cumsum(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->attribute_count == 2);
    WG_TRY(wg__expect_number(in[0].dtype, why));
    WG_TRY(wg__expect_axis(request->attribute[0], &in[0].shape, why));
    *out = in[0];
    return WG_OK;
}

int wg__infer_recurrence(const wg__request *request, const wg__type *in, wg__type *out,
                         wg__text *why)
{
    wg__type type;
    WG_ASSERT(request->attribute_count == 2);
    WG_TRY(wg__infer_float(request, in, &type, why));
    WG_TRY(wg__expect_axis(request->attribute[0], &type.shape, why));
    *out = type;
    return WG_OK;
}

int wg__infer_argsort(const wg__request *request, const wg__type *in, wg__type *out, wg__text *why)
{
    WG_ASSERT(request->attribute_count == 1);
    const int64_t axis = request->attribute[0];
    WG_TRY(wg__expect_number(in[0].dtype, why));
    WG_TRY(wg__expect_axis(axis, &in[0].shape, why));
    if (in[0].shape.dim[axis] > INT32_MAX) {
        wg__text_shape(why, &in[0].shape);
        wg__text_add(why, " has more elements than i32 can number");
        return WG_ELIMIT;
    }
    *out = (wg__type){ .dtype = WG_I32, .shape = in[0].shape };
    return WG_OK;
}

/* ---- short forms ---- */

static uint32_t emit_chain(wg__builder *b, wg__op_id op, const uint32_t *in, int32_t in_count,
                           int axis, bool is_reverse)
{
    const int64_t attribute[] = { axis, is_reverse };
    for (int32_t i = 0; i < in_count; i++)
        if (in[i] == WG__NONE) return WG__NONE;
    return b->emit(b, &(wg__request){ .op = op,
                                      .in_count = in_count,
                                      .in = in,
                                      .attribute = attribute,
                                      .attribute_count = 2 });
}

/* The count elements at the start, or at the end, of an axis. */
static uint32_t emit_end(wg__builder *b, uint32_t x, int axis, int64_t count, bool is_start)
{
    if (x == WG__NONE) return WG__NONE;
    const int64_t n = b->shape(b, x)->dim[axis];
    if (count == n) return x;
    return is_start ? wg__emit_slice(b, x, axis, 0, count, 1)
                    : wg__emit_slice(b, x, axis, n - count, n, 1);
}

/* count values before, or after, what is there. */
static uint32_t emit_filled(wg__builder *b, uint32_t x, int axis, int64_t count, bool is_before,
                            double value)
{
    if (count == 0) return x;
    return is_before ? wg__emit_pad(b, x, axis, count, 0, 0, value)
                     : wg__emit_pad(b, x, axis, 0, count, 0, value);
}

uint32_t wg__emit_recurrence(wg__builder *b, uint32_t factor, uint32_t x, int axis,
                             bool is_reverse)
{
    const uint32_t in[] = { factor, x };
    return emit_chain(b, WG__OP_linear_recurrence, in, 2, axis, is_reverse);
}

/* Every product is fma(x, r, -0), which is x r in every bit: +0 would lose the sign of a zero. */
static uint32_t emit_products(wg__builder *b, uint32_t x, int axis, bool is_reverse)
{
    if (x == WG__NONE) return WG__NONE;
    const int64_t n = b->shape(b, x)->dim[axis];
    if (n < 2) return x;
    const uint32_t first = emit_end(b, x, axis, 1, !is_reverse);
    return wg__emit_recurrence(b, x, emit_filled(b, first, axis, n - 1, is_reverse, -0.0), axis,
                               is_reverse);
}

static uint32_t emit_cumulative(wg__builder *b, wg__op_id op, uint32_t x, int axis,
                                bool is_exclusive, bool is_reverse)
{
    if (x == WG__NONE) return WG__NONE;
    const bool is_sum = op == WG__OP_sum;
    const int64_t n = b->shape(b, x)->dim[axis];
    const int64_t left_out = is_exclusive && n > 0 ? 1 : 0;
    const uint32_t part = emit_end(b, x, axis, n - left_out, !is_reverse);
    const uint32_t chain = is_sum ? emit_chain(b, WG__OP_cumsum, &part, 1, axis, is_reverse)
                                  : emit_products(b, part, axis, is_reverse);
    return emit_filled(b, chain, axis, left_out, !is_reverse, is_sum ? 0.0 : 1.0);
}

uint32_t wg__emit_cumsum(wg__builder *b, uint32_t x, int axis, bool is_exclusive, bool is_reverse)
{
    return emit_cumulative(b, WG__OP_sum, x, axis, is_exclusive, is_reverse);
}

uint32_t wg__emit_cumprod(wg__builder *b, uint32_t x, int axis, bool is_exclusive, bool is_reverse)
{
    return emit_cumulative(b, WG__OP_prod, x, axis, is_exclusive, is_reverse);
}

/* ---- derivatives ---- */

void wg__vjp_cumsum(const wg__node_view *node, uint32_t *gradient)
{
    if (!node->needed[0]) return;
    gradient[0] = emit_chain(node->builder, WG__OP_cumsum, &node->g, 1, (int)node->attribute[0],
                             node->attribute[1] == 0);
}

/* dx_i = g_i + a_(i+1) dx_(i+1) and da_i = dx_i r_(i-1), where "after" means along the chain. */
void wg__vjp_recurrence(const wg__node_view *node, uint32_t *gradient)
{
    wg__builder *b = node->builder;
    const int axis = (int)node->attribute[0];
    const bool is_reverse = node->attribute[1] != 0;
    const int64_t n = b->shape(b, node->g)->dim[axis];
    const int64_t rest = n > 0 ? n - 1 : 0;
    if (!node->needed[0] && !node->needed[1]) return;

    /* The factor of the step that comes after; the last element has none, and it is not read. */
    const uint32_t after = emit_end(b, node->in[0], axis, rest, is_reverse);
    const uint32_t factor = emit_filled(b, after, axis, n - rest, is_reverse, 0.0);
    const uint32_t dx = wg__emit_recurrence(b, factor, node->g, axis, !is_reverse);
    gradient[1] = dx;
    if (!node->needed[0]) return;
    const uint32_t before = emit_end(b, node->r, axis, rest, !is_reverse);
    const uint32_t da = wg__emit2(b, WG__OP_mul, emit_end(b, dx, axis, rest, is_reverse), before);
    gradient[0] = emit_filled(b, da, axis, n - rest, !is_reverse, 0.0);
}
