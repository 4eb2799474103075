/* Which ops of a tile program are computed together, and which by nobody: what a joint serves needs
 * no op of its own, nor do the steps that led to its argument alone.
 *
 * A joint stands where the first of its ops did. The others must not be stored, because memory is
 * written in the order of the ops, nor be looked at for infinities. */
#include "ops/run.h"

enum { NONE = -1 };

typedef struct finder {
    wg__tile_op *op;
    int64_t count;
    int32_t loads;
} finder;

/* The op of this kind on these values, not yet part of a joint; -1: there is none. */
static int64_t find(const finder *f, wg__op_id op, int32_t x, int32_t y)
{
    for (int64_t i = 0; i < f->count; i++) {
        const wg__tile_op *o = &f->op[i];
        if (o->op != op || o->is_done || o->joint != WG__JOINT_NONE) continue;
        if (o->in[0] == x && (o->in_count == 1 || o->in[1] == y)) return i;
    }
    return NONE;
}

static int32_t value_of(const finder *f, int64_t op)
{
    return f->loads + (int32_t)op;
}

/* Of -x where x is this value. */
static int64_t find_opposite(const finder *f, wg__op_id op, int32_t x)
{
    const int64_t opposite = find(f, WG__OP_neg, x, x);
    return opposite == NONE ? NONE : find(f, op, value_of(f, opposite), NONE);
}

static void join(const finder *f, wg__joint joint, int32_t x, int64_t count, const int64_t *member)
{
    int64_t first = member[0];
    for (int64_t i = 0; i < count; i++) {
        if (member[i] == NONE) return;
        if (member[i] < first) first = member[i];
    }
    for (int64_t i = 0; i < count; i++) {
        const wg__tile_op *o = &f->op[member[i]];
        if (o->micro.finite != NULL || (member[i] != first && o->store >= 0)) return;
    }
    wg__tile_op *leader = &f->op[first];
    for (int64_t i = 0; i < count; i++) {
        wg__tile_op *o = &f->op[member[i]];
        leader->joint_out[i] = value_of(f, member[i]);
        if (member[i] == first) continue;
        o->is_done = true;
        o->in_count = 0;
    }
    leader->joint = joint;
    leader->in[0] = x;
}

static void joint_find(const finder *f, int64_t i)
{
    const wg__tile_op *o = &f->op[i];
    const int32_t x = o->in[0];
    if (o->is_done || o->joint != WG__JOINT_NONE) return;
    if (o->op == WG__OP_sin) {
        join(f, WG__JOINT_CIRCULAR, x, 2, (const int64_t[]){ i, find(f, WG__OP_cos, x, x) });
    } else if (o->op == WG__OP_tanh) {
        const int64_t twice = find(f, WG__OP_add, x, x);
        if (twice == NONE) return;
        const int32_t y = value_of(f, twice);
        const int64_t rising = find(f, WG__OP_logistic, y, y);
        join(f, WG__JOINT_TANH, x, 3,
             (const int64_t[]){ i, rising, find_opposite(f, WG__OP_logistic, y) });
    }
}

static void logistics_find(const finder *f, int64_t i)
{
    const wg__tile_op *o = &f->op[i];
    if (o->is_done || o->joint != WG__JOINT_NONE || o->op != WG__OP_logistic) return;
    const int32_t x = o->in[0];
    join(f, WG__JOINT_LOGISTIC, x, 2,
         (const int64_t[]){ i, find_opposite(f, WG__OP_logistic, x) });
}

/* From the last to the first, what nobody reads or stores; uses: of each value, by the ops. */
static void unread_drop(const finder *f, int32_t *uses)
{
    for (int64_t i = f->count - 1; i >= 0; i--) {
        wg__tile_op *o = &f->op[i];
        const bool is_wanted = uses[value_of(f, i)] > 0 || o->store >= 0 ||
                               o->micro.finite != NULL || o->joint != WG__JOINT_NONE;
        if (is_wanted || o->is_done) continue;
        for (int32_t k = 0; k < o->in_count; k++) uses[o->in[k]]--;
        o->is_done = true;
        o->in_count = 0;
    }
}

/* ---- the Gaussian of derive.c ---- */

/* The op that computes a value and is of this kind; NULL: there is none, or a joint does. */
static const wg__tile_op *maker(const finder *f, int32_t value, wg__op_id op)
{
    if (value < f->loads) return NULL;
    const wg__tile_op *o = &f->op[value - f->loads];
    return o->op == op && o->joint == WG__JOINT_NONE && !o->is_done ? o : NULL;
}

/* What exp gives the negative of; NULL if `value` is not that of a product. */
static const wg__tile_op *exponent(const finder *f, int32_t value)
{
    const wg__tile_op *o = maker(f, value, WG__OP_exp);
    if (o != NULL) o = maker(f, o->in[0], WG__OP_neg);
    return o != NULL ? maker(f, o->in[0], WG__OP_mul) : NULL;
}

/* True if high is x with some bits alone; *bits: which. */
static bool is_masked(const finder *f, int32_t high, int32_t x, int32_t *bits)
{
    const wg__tile_op *o = maker(f, high, WG__OP_bitcast);
    if (o != NULL) o = maker(f, o->in[0], WG__OP_and);
    for (int32_t k = 0; o != NULL && k < 2; k++) {
        const wg__tile_op *of = maker(f, o->in[k], WG__OP_bitcast);
        *bits = o->in[1 - k];
        if (of != NULL && of->in[0] == x && *bits < f->loads) return true;
    }
    return false;
}

/* True if the value lies in a tile alone: what lies in memory may be written over after the last op
 * that was recorded to read it.                                                                  */
static bool is_in_tile(const finder *f, int32_t value)
{
    return value >= f->loads && f->op[value - f->loads].store < 0;
}

/* The steps before it are left to whoever else reads them. */
static void gaussian_find(const finder *f, int64_t i)
{
    wg__tile_op *o = &f->op[i];
    if (o->op != WG__OP_mul || o->is_done || o->micro.finite != NULL) return;
    for (int32_t k = 0; k < 2; k++) {
        const wg__tile_op *square = exponent(f, o->in[k]), *rest = exponent(f, o->in[1 - k]);
        if (square == NULL || rest == NULL || square->in[0] != square->in[1]) continue;
        const int32_t high = square->in[0];
        const wg__tile_op *low = maker(f, rest->in[0], WG__OP_sub);
        const wg__tile_op *sum = maker(f, rest->in[1], WG__OP_add);
        if (low == NULL || sum == NULL) {
            low = maker(f, rest->in[1], WG__OP_sub);
            sum = maker(f, rest->in[0], WG__OP_add);
        }
        if (low == NULL || sum == NULL || low->in[1] != high) continue;
        const int32_t x = low->in[0];
        int32_t bits;
        const bool is_sum = (sum->in[0] == x && sum->in[1] == high) ||
                            (sum->in[0] == high && sum->in[1] == x);
        if (!is_sum || !is_in_tile(f, x) || !is_masked(f, high, x, &bits)) continue;
        o->joint = WG__JOINT_GAUSSIAN;
        o->joint_out[0] = value_of(f, i);
        o->in[0] = x;
        o->in[1] = bits;
        return;
    }
}

int32_t wg__joint_count(wg__joint joint)
{
    static const int32_t count[WG__JOINT_COUNT] = {
        [WG__JOINT_CIRCULAR] = 2, [WG__JOINT_LOGISTIC] = 2, [WG__JOINT_TANH] = 3,
        [WG__JOINT_GAUSSIAN] = 1
    };
    return count[joint];
}

void wg__joints_find(int64_t load_count, int64_t count, wg__tile_op *op, int32_t *uses)
{
    const finder f = { op, count, (int32_t)load_count };
    for (int64_t i = 0; i < count; i++) joint_find(&f, i);
    for (int64_t i = 0; i < count; i++) logistics_find(&f, i);
    for (int64_t i = 0; i < count; i++) gaussian_find(&f, i);
    for (int64_t i = 0; i < count; i++)
        for (int32_t k = 0; k < op[i].in_count; k++) uses[op[i].in[k]]++;
    unread_drop(&f, uses);
}
