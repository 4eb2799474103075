/* wg_ctc: a scan over the places of a series. Its carry is, by place in the target with a blank
 * before, between and after its letters, the logarithm of the probability of all ways that end
 * there: a way stays, goes on by one, or passes over a blank between two letters that differ. */
#include <wengert/nn.h>
#include <math.h>

typedef struct ways {
    wg_var may_skip;           /* [n, l]: a way may come from two places before */
    wg_var count;              /* [n]: places of the series that count */
} ways;

/* x, `by` places later along the last axis. */
static wg_var later(wg_var x, int64_t by, double before)
{
    const int64_t length = wg_extent(x, -1);
    const int64_t kept = length > by ? length - by : 0;
    return wg_pad(wg_slice(x, -1, 0, kept, 1), -1, length - kept, 0, 0, before);
}

/* x[0]: logarithms [n, l] of what each place says of its letter; x[1]: the number of the step. */
static int way_step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const ways *w = user;
    const wg_var none = wg_number(carry[0], -INFINITY);
    const wg_var skipping = wg_select(w->may_skip, later(carry[0], 2, -INFINITY), none);
    const wg_var moved = wg_logaddexp(carry[0], later(carry[0], 1, -INFINITY));
    const wg_var next = wg_add(wg_logaddexp(moved, skipping), x[0]);
    const wg_var counts = wg_expand(wg_lt(x[1], w->count), -1);
    carry[0] = wg_select(counts, next, carry[0]);
    (void)y;
    return 0;
}

/* Of one series: columns of [t, c] by [l]. */
static int columns_of(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    out[0] = wg_gather(in[0], in[1], 1);
    return 0;
}

/* [n, s] with a blank, class 0, before, between and after: [n, 2 s + 1]. */
static wg_var with_blanks(wg_var target)
{
    const int64_t n = wg_extent(target, 0), s = wg_extent(target, 1);
    const wg_var blanks = wg_full_like(target, 0);
    const wg_var pairs = wg_stack(2, (const wg_var[2]){ blanks, target }, -1);
    const wg_var last = wg_full(target.tape, WG_I32, WG_SHAPE(n, 1), 0);
    const wg_var flat = wg_reshape(pairs, WG_SHAPE(n, 2 * s));
    return wg_concat(2, (const wg_var[2]){ flat, last }, -1);
}

/* 0 at the first place, -inf at all others: before the first step no way has begun. */
static wg_var beginning(wg_var logits, int64_t length)
{
    const int64_t n = wg_extent(logits, 0);
    const wg_var place = wg_iota(logits.tape, WG_I32, length);
    const wg_var first = wg_broadcast(wg_eq(place, wg_number(place, 0)), WG_SHAPE(n, length));
    const wg_var zero = wg_full(logits.tape, wg_dtype_of(logits), WG_SHAPE(n, length), 0);
    return wg_select(first, zero, wg_number(zero, -INFINITY));
}

/* Minus the logarithm of all ways that end at the last letter or the blank behind it. */
static wg_var cost_of_ways(wg_var ways_at, wg_var target_count)
{
    const wg_var place = wg_iota(ways_at.tape, WG_I32, wg_extent(ways_at, -1));
    const wg_var last = wg_expand(wg_scale(target_count, 2), -1);
    const wg_var ends = wg_or(wg_eq(place, last), wg_eq(place, wg_shift(last, -1)));
    const wg_var ended = wg_select(ends, ways_at, wg_number(ways_at, -INFINITY));
    return wg_neg(wg_logsumexp(ended, WG_AXES(-1)));
}

static bool is_whole(wg_var x)
{
    const wg_dtype dtype = wg_dtype_of(x);
    return dtype == WG_U8 || dtype == WG_I32 || dtype == WG_I64;
}

/* [n] as i32; the null value: `all` for each. */
static wg_var count_of(wg_var count, wg_var logits, int64_t all)
{
    const wg_shape shape = WG_SHAPE(wg_extent(logits, 0));
    if (!count.tape) return wg_full(logits.tape, WG_I32, shape, (double)all);
    return wg_broadcast(wg_cast(count, WG_I32), shape);
}

/* The first argument that is not as it must be; the null value: none. */
static wg_var argument_refused(wg_var logits, wg_var target, wg_var logit_count,
                               wg_var target_count)
{
    const wg_scope none = { 0 };
    if (wg_shape_of(logits).rank != 3)
        return wg_refuse(none, "ctc", logits, WG_ESHAPE, "logits [n, t, c] expected");
    if (wg_shape_of(target).rank != 2 || wg_extent(target, 0) != wg_extent(logits, 0))
        return wg_refuse(none, "ctc", target, WG_ESHAPE, "a target [n, s] expected");
    if (!is_whole(target))
        return wg_refuse(none, "ctc", target, WG_EDTYPE, "a target of integers expected");
    if (logit_count.tape && !is_whole(logit_count))
        return wg_refuse(none, "ctc", logit_count, WG_EDTYPE, "counts of integers expected");
    if (target_count.tape && !is_whole(target_count))
        return wg_refuse(none, "ctc", target_count, WG_EDTYPE, "counts of integers expected");
    return (wg_var){ .tape = NULL };
}

wg_var wg_ctc(wg_var logits, wg_var target, wg_var logit_count, wg_var target_count)
{
    const wg_var refused = argument_refused(logits, target, logit_count, target_count);
    if (refused.tape) return refused;
    const wg_var letters = with_blanks(wg_cast(target, WG_I32));
    const int64_t length = wg_extent(letters, -1);
    const wg_var is_letter = wg_ne(letters, wg_number(letters, 0));
    ways w = { .may_skip = wg_and(is_letter, wg_ne(letters, later(letters, 2, 0))) };
    w.count = count_of(logit_count, logits, wg_extent(logits, 1));

    const wg_var rows[2] = { wg_log_softmax(logits, -1), letters };
    wg_var said = rows[0];
    wg_vmap(columns_of, NULL, 2, rows, 1, &said);
    const wg_var x[2] = { wg_permute(said, WG_AXES(1, 0, 2)),
                          wg_iota(logits.tape, WG_I32, wg_extent(logits, 1)) };
    wg_var carry = beginning(logits, length);
    wg_scan(way_step, &w, 1, &carry, 2, x, 0, NULL, NULL);
    return cost_of_ways(carry, count_of(target_count, logits, wg_extent(target, 1)));
}
