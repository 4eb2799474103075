/* Evaluation: each op by its definition, element by element, in dual numbers. */
#include "support/sketch.h"

#include "support/sketch_step.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

static const long double margin = 0.01L; /* from kinks, ties and jumps */

int64_t sketch_count(const sketch_node *node)
{
    int64_t count = 1;
    for (int i = 0; i < node->rank; i++) count *= node->dim[i];
    return count;
}

/* ---- elementwise ---- */

static long double from_whole(long double x)
{
    return fabsl(x - rintl(x));
}

/* False: not smooth there, or outside of the domain. */
static bool apply_unary(sketch_op op, dual x, dual *out)
{
    const long double at = x.c[0];
    switch (op) {
    case SKETCH_NEG: *out = dual_scale(x, -1); return true;
    case SKETCH_ABS: *out = dual_scale(x, at < 0 ? -1 : 1); return fabsl(at) > margin;
    case SKETCH_SIGN: *out = dual_number(at < 0 ? -1 : 1); return fabsl(at) > margin;
    case SKETCH_FLOOR: *out = dual_number(floorl(at)); return from_whole(at) > margin;
    case SKETCH_ROUND: *out = dual_number(rintl(at)); return from_whole(at) < 0.5L - margin;
    case SKETCH_EXP: *out = dual_exp(x); return at < 3;
    case SKETCH_EXPM1: *out = dual_expm1(x); return at < 3;
    case SKETCH_LOG: *out = dual_log(x); return at > 0.1L;
    case SKETCH_LOG1P: *out = dual_log1p(x); return at > -0.9L;
    case SKETCH_SQRT: *out = dual_sqrt(x); return at > 0.1L;
    case SKETCH_RSQRT: *out = dual_reciprocal(dual_sqrt(x)); return at > 0.1L;
    case SKETCH_SIN: *out = dual_sin(x); return true;
    case SKETCH_COS: *out = dual_cos(x); return true;
    case SKETCH_TANH: *out = dual_tanh(x); return true;
    case SKETCH_LOGISTIC: *out = dual_logistic(x); return true;
    case SKETCH_ERF: *out = dual_erf(x); return true;
    case SKETCH_ERFC:
        *out = dual_add(dual_number(1), dual_scale(dual_erf(x), -1));
        return true;
    case SKETCH_ERF_INV:
        if (fabsl(at) > 0.9L) return false;
        *out = dual_erf_inv(x);
        return true;
    case SKETCH_LOG_GAMMA:
        if (at < 0.4L) return false;
        *out = dual_log_gamma(x);
        return true;
    case SKETCH_RELU: *out = at > 0 ? x : dual_number(0); return fabsl(at) > margin;
    default: *out = dual_number(at); return true; /* held constant */
    }
}

/* Of the point (y, x); false near the origin, and where the angle jumps. */
static bool apply_angle(dual x, dual y, dual *out)
{
    const long double half = 1.570796326794896619231321691639751442L;
    const long double a = x.c[0], b = y.c[0];
    if (fabsl(a) + fabsl(b) < 0.3L || (b < 0 && fabsl(a) < margin)) return false;
    if (fabsl(b) >= fabsl(a)) {
        const long double turned = b > 0 ? 0 : a > 0 ? 2 * half : -2 * half;
        *out = dual_add(dual_atan(dual_mul(x, dual_reciprocal(y))), dual_number(turned));
    } else {
        const dual rest = dual_atan(dual_mul(y, dual_reciprocal(x)));
        *out = dual_add(dual_number(a > 0 ? half : -half), dual_scale(rest, -1));
    }
    return true;
}

static bool apply_binary(sketch_op op, dual x, dual y, dual *out)
{
    const dual gap = dual_add(x, dual_scale(y, -1));
    const long double a = x.c[0], b = y.c[0];
    const bool is_below = a < b, is_apart = fabsl(a - b) > margin;
    switch (op) {
    case SKETCH_ADD: *out = dual_add(x, y); return true;
    case SKETCH_SUB: *out = gap; return true;
    case SKETCH_MUL: *out = dual_mul(x, y); return true;
    case SKETCH_DIV: *out = dual_mul(x, dual_reciprocal(y)); return fabsl(b) > 0.3L;
    case SKETCH_MAXIMUM: *out = is_below ? y : x; return is_apart;
    case SKETCH_MINIMUM: *out = is_below ? x : y; return is_apart;
    case SKETCH_REM:
        if (fabsl(b) < 0.3L) return false;
        *out = dual_add(x, dual_scale(y, -truncl(a / b)));
        return from_whole(a / b) > 4 * margin;
    case SKETCH_LOGADDEXP: *out = dual_add(y, dual_softplus(gap)); return true;
    case SKETCH_POW:
        if (a < 0.3L) return false;
        *out = dual_exp(dual_mul(y, dual_log(x)));
        return fabsl(b * logl(a)) < 3;
    case SKETCH_ATAN2: return apply_angle(x, y, out);
    default: /* select(x < y, -x, y + y) */
        *out = is_below ? dual_scale(x, -1) : dual_scale(y, 2);
        return is_apart;
    }
}

/* The element of an input that stretches to the result's element i. */
static dual joined_at(const sketch *s, int in, const sketch_node *to, int64_t i)
{
    const sketch_node *from = &s->node[in];
    int64_t offset = 0, stride = 1;
    for (int axis = to->rank - 1; axis >= 0; axis--) {
        const int own = axis - (to->rank - from->rank);
        if (own >= 0) {
            offset += from->dim[own] > 1 ? i % to->dim[axis] * stride : 0;
            stride *= from->dim[own];
        }
        i /= to->dim[axis];
    }
    return s->value[in][offset];
}

static bool step_elementwise(const sketch *s, const sketch_node *n, dual *out)
{
    bool is_fine = true;
    for (int64_t i = 0; i < sketch_count(n); i++) {
        const dual x = joined_at(s, n->in[0], n, i);
        if (n->in_count == 1) is_fine = apply_unary(n->op, x, &out[i]) && is_fine;
        else is_fine = apply_binary(n->op, x, joined_at(s, n->in[1], n, i), &out[i]) && is_fine;
    }
    return is_fine;
}

/* ---- places along an axis: element (b, k, a) of [before, n, after] ---- */

line line_of(const sketch_node *node, int axis)
{
    line l = { 1, node->rank > 0 ? node->dim[axis] : 1, 1 };
    for (int i = 0; i < axis; i++) l.before *= node->dim[i];
    for (int i = axis + 1; i < node->rank; i++) l.after *= node->dim[i];
    return l;
}

static int64_t place(line l, int64_t b, int64_t k, int64_t a)
{
    return (b * l.n + k) * l.after + a;
}

/* The part of a window that lies at element t of window w. */
static int64_t window_place(line l, int64_t windows, int64_t extent, int64_t i, int64_t stride)
{
    const int64_t t = i % extent, a = i / extent % l.after;
    const int64_t w = i / extent / l.after % windows, b = i / extent / l.after / windows;
    return place(l, b, w * stride + t, a);
}

/* Which element of input 0 (or 1, beyond its count) the result's element i is; -1: zero. */
static int64_t source_of(const sketch *s, const sketch_node *n, int64_t i)
{
    const sketch_node *x = &s->node[n->in[0]];
    const line from = line_of(x, n->axis), to = line_of(n, n->axis);
    const int64_t a = i % to.after, k = i / to.after % to.n, b = i / to.after / to.n;
    switch (n->op) {
    case SKETCH_RESHAPE: return i;
    case SKETCH_BROADCAST: return i % sketch_count(x);
    case SKETCH_TRANSPOSE: {
        const int64_t rows = n->dim[n->rank - 2], columns = n->dim[n->rank - 1];
        const int64_t r = i / columns % rows, c = i % columns;
        return i / (rows * columns) * rows * columns + c * rows + r;
    }
    case SKETCH_SLICE: return place(from, b, n->word[0] + k * n->word[2], a);
    case SKETCH_GATHER: return place(from, b, n->index[k], a);
    case SKETCH_PAD: {
        const int64_t at = k - n->word[0], gap = n->word[2] + 1;
        return at < 0 || at % gap != 0 || at / gap >= from.n ? -1 : place(from, b, at / gap, a);
    }
    case SKETCH_CONCAT: {
        const line other = line_of(&s->node[n->in[1]], n->axis);
        return k < from.n ? place(from, b, k, a)
                          : sketch_count(x) + place(other, b, k - from.n, a);
    }
    default: return window_place(from, n->dim[n->axis], n->word[0], i, n->word[1]);
    }
}

static void step_taken(const sketch *s, const sketch_node *n, dual *out)
{
    const int64_t first = sketch_count(&s->node[n->in[0]]);
    for (int64_t i = 0; i < sketch_count(n); i++) {
        const int64_t at = source_of(s, n, i);
        if (at < 0) out[i] = dual_number(0);
        else out[i] = at < first ? s->value[n->in[0]][at] : s->value[n->in[1]][at - first];
    }
}

/* ---- elements added to others ---- */

static int64_t target_of(const sketch *s, const sketch_node *n, int64_t i)
{
    const sketch_node *x = &s->node[n->in[n->op == SKETCH_SCATTER]];
    const line from = line_of(x, n->axis);
    const int64_t a = i % from.after, k = i / from.after % from.n, b = i / from.after / from.n;
    if (n->op == SKETCH_SUM) return b * from.after + a;
    if (n->op == SKETCH_SCATTER) return place(line_of(n, n->axis), b, n->index[k], a);
    return window_place(line_of(n, n->axis), x->dim[n->axis], n->word[0], i, n->word[1]);
}

static void step_added(const sketch *s, const sketch_node *n, dual *out)
{
    const int source = n->in[n->op == SKETCH_SCATTER];
    for (int64_t i = 0; i < sketch_count(n); i++)
        out[i] = n->op == SKETCH_SCATTER ? s->value[n->in[0]][i] : dual_number(0);
    for (int64_t i = 0; i < sketch_count(&s->node[source]); i++) {
        const int64_t at = target_of(s, n, i);
        out[at] = dual_add(out[at], s->value[source][i]);
    }
}

/* ---- along an axis ---- */

static void step_chain(const sketch *s, const sketch_node *n, dual *out)
{
    const line l = line_of(n, n->axis);
    for (int64_t i = 0; i < l.before * l.after; i++) {
        for (int64_t j = 0; j < l.n; j++) {
            const int64_t k = n->word[0] ? l.n - 1 - j : j;
            const int64_t at = place(l, i / l.after, k, i % l.after);
            const int64_t last = n->word[0] ? at + l.after : at - l.after;
            const dual *x = s->value[n->in[n->in_count - 1]];
            out[at] = x[at];
            if (j == 0) continue;
            const dual before = n->op == SKETCH_CUMSUM
                ? out[last] : dual_mul(s->value[n->in[0]][at], out[last]);
            out[at] = dual_add(out[at], before);
        }
    }
}

/* The largest, the least, or the product; false near a tie of the first two. */
static bool step_reduced(const sketch *s, const sketch_node *n, dual *out)
{
    const line l = line_of(&s->node[n->in[0]], n->axis);
    const dual *x = s->value[n->in[0]];
    bool is_fine = true;
    for (int64_t i = 0; i < l.before * l.after; i++) {
        out[i] = x[place(l, i / l.after, 0, i % l.after)];
        for (int64_t k = 1; k < l.n; k++) {
            const dual at = x[place(l, i / l.after, k, i % l.after)];
            if (n->op == SKETCH_PROD) {
                out[i] = dual_mul(out[i], at);
                continue;
            }
            is_fine = is_fine && fabsl(at.c[0] - out[i].c[0]) > margin;
            const bool is_above = at.c[0] > out[i].c[0];
            if (is_above == (n->op == SKETCH_MAX)) out[i] = at;
        }
    }
    return is_fine;
}

static void step_scan(const sketch *s, const sketch_node *n, dual *out)
{
    const int64_t steps = n->dim[0], count = sketch_count(n) / steps;
    const dual *x = s->value[n->in[0]], *c = s->value[n->in[1]];
    for (int64_t i = 0; i < count; i++) {
        dual carry = c[i];
        for (int64_t j = 0; j < steps; j++) {
            const int64_t at = (n->word[0] ? steps - 1 - j : j) * count + i;
            carry = dual_add(dual_tanh(dual_mul(carry, x[at])), dual_scale(c[i], 0.5L));
            out[at] = dual_mul(carry, x[at]);
        }
    }
}

static void step_product(const sketch *s, const sketch_node *n, dual *out)
{
    const int64_t columns = n->dim[1], inner = s->node[n->in[0]].dim[1];
    for (int64_t i = 0; i < sketch_count(n); i++) {
        out[i] = dual_number(0);
        for (int64_t k = 0; k < inner; k++)
            out[i] = dual_add(out[i], dual_mul(s->value[n->in[0]][i / columns * inner + k],
                                               s->value[n->in[1]][k * columns + i % columns]));
    }
}

/* ---- all of them ---- */

bool step_evaluate(const sketch *s, const sketch_node *n, dual *out)
{
    if (n->op < SKETCH_RESHAPE) return step_elementwise(s, n, out);
    if (n->op == SKETCH_MAX || n->op == SKETCH_MIN || n->op == SKETCH_PROD)
        return step_reduced(s, n, out);
    if (n->op < SKETCH_SUM) step_taken(s, n, out);
    else if (n->op < SKETCH_CUMSUM) step_added(s, n, out);
    else if (n->op == SKETCH_MATMUL) step_product(s, n, out);
    else if (n->op == SKETCH_SCAN) step_scan(s, n, out);
    else step_chain(s, n, out);
    return true;
}

void sketch_evaluate(sketch *s)
{
    for (int i = SKETCH_LEAVES; i < s->count; i++) {
        const bool is_fine = step_evaluate(s, &s->node[i], s->value[i]);
        check(is_fine);
    }
}
