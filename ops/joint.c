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

void wg__joints_find(int64_t load_count, int64_t count, wg__tile_op *op, int32_t *uses)
{
    const finder f = { op, count, (int32_t)load_count };
    for (int64_t i = 0; i < count; i++) joint_find(&f, i);
    for (int64_t i = 0; i < count; i++) logistics_find(&f, i);
    for (int64_t i = 0; i < count; i++)
        for (int32_t k = 0; k < op[i].in_count; k++) uses[op[i].in[k]]++;
    unread_drop(&f, uses);
}
