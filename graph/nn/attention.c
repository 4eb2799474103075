/* Attention is two products with a softmax between them.
 *
 * The invariant of the softmax: where the mask hides a place its weight is 0 and its score neither
 * counts as the largest nor receives a gradient, so a row that may see nothing is 0, not NaN. */
#include <wengert/nn.h>
#include <math.h>

/* exp(score - largest) over its sum, of what may be seen. */
static wg_var masked_softmax(wg_var score, wg_var mask)
{
    const wg_var seen = wg_select(mask, score, wg_number(score, -INFINITY));
    const wg_var top = wg_stop_gradient(wg_max(seen, WG_KEEP(-1)));
    const wg_var is_blind = wg_eq(top, wg_number(score, -INFINITY));
    const wg_var largest = wg_select(is_blind, wg_number(score, 0), top);
    const wg_var low = wg_select(mask, wg_sub(score, largest), wg_number(score, 0));
    const wg_var exponential = wg_select(mask, wg_exp(low), wg_number(score, 0));
    const wg_var sum = wg_sum(exponential, WG_KEEP(-1));
    return wg_div(exponential, wg_select(is_blind, wg_number(score, 1), sum));
}

/* The share of each value, [..., t, s]. */
static wg_var weights(wg_var query, wg_var key, wg_var mask)
{
    const double width = (double)wg_extent(query, -1);
    const wg_var scaled = wg_scale(query, 1 / sqrt(width > 0 ? width : 1));
    const wg_var score = wg_matmul(scaled, wg_transpose(key));
    return mask.tape ? masked_softmax(score, mask) : wg_softmax(score, -1);
}

wg_var wg_attend(wg_var query, wg_var key, wg_var value, wg_var mask)
{
    return wg_matmul(weights(query, key, mask), value);
}

wg_var wg_causal_mask(wg_tape *tape, int64_t count)
{
    const wg_var place = wg_iota(tape, WG_I32, count);
    return wg_le(place, wg_expand(place, -1));
}

/* ---- heads ---- */

/* Swaps the axes of places and heads, the second and third from the end. */
static wg_var heads_swapped(wg_var x)
{
    wg_axes order = { .count = wg_shape_of(x).rank };
    for (int32_t i = 0; i < order.count; i++) order.axis[i] = i;
    if (order.count < 3) return x; /* an error value */
    order.axis[order.count - 3] = order.count - 2;
    order.axis[order.count - 2] = order.count - 3;
    return wg_permute(x, order);
}

/* [..., t, c] -> [..., heads, t, c / heads] */
static wg_var split(wg_var x, int64_t heads)
{
    wg_shape shape = wg_shape_of(x);
    if (shape.rank == 0) return x; /* an error value */
    const int64_t width = shape.dim[shape.rank - 1];
    shape.dim[shape.rank - 1] = heads;
    shape.dim[shape.rank++] = width / heads;
    return heads_swapped(wg_reshape(x, shape));
}

/* [..., heads, t, c / heads] -> [..., t, c] */
static wg_var joined(wg_var x, wg_shape shape)
{
    return wg_reshape(heads_swapped(x), shape);
}

/* False after an error. */
static bool attention_check(wg_scope own, wg_var x, wg_var memory, int64_t heads,
                            const wg_attention_options *options)
{
    const wg_shape shape = wg_shape_of(x);
    const int32_t rank = shape.rank, other = wg_shape_of(memory).rank;
    const char *reason = NULL;
    int status = WG_ESHAPE;
    if (rank < 2) reason = "[..., t, c] expected";
    else if (memory.tape && other < 2) reason = "a memory [..., s, m] expected";
    else if (rank == WG_RANK_MAX || other == WG_RANK_MAX)
        reason = "one axis too many to split the channels";
    else if (heads < 1 || shape.dim[rank - 1] % heads != 0)
        reason = "the heads do not divide the channels";
    for (int i = 0; i < 4 && !reason; i++) {
        if (options->reserved[i] == 0) continue;
        reason = "options were not zeroed: reserved has a value";
        status = WG_EINVALID;
    }
    if (reason) wg_refuse(own, "attention", x, status, reason);
    return !reason;
}

wg_var wg_attention(wg_scope scope, const char *name, wg_var x, wg_var memory, int64_t heads,
                    wg_var mask, const wg_attention_options *options)
{
    const wg_attention_options chosen = options ? *options : (wg_attention_options){ 0 };
    const wg_scope own = wg_scope_in(scope, name);
    if (!attention_check(own, x, memory, heads, &chosen))
        return wg_refuse(own, "attention", x, WG_EINVALID, NULL);
    const wg_dense_options projection = { .without_bias = chosen.without_bias };
    const wg_shape shape = wg_shape_of(x);
    const int64_t width = shape.dim[shape.rank - 1];
    if (!memory.tape) memory = x;
    const wg_var query = split(wg_dense(own, "query", x, width, &projection), heads);
    const wg_var key = split(wg_dense(own, "key", memory, width, &projection), heads);
    const wg_var value = split(wg_dense(own, "value", memory, width, &projection), heads);
    wg_var weight = weights(query, key, mask);
    if (chosen.dropout != 0) weight = wg_dropout(own, "dropout", weight, chosen.dropout);
    const wg_var y = wg_dense(own, "out", joined(wg_matmul(weight, value), shape), width,
                              &projection);
    wg_note(scope, name, y);
    return y;
}
