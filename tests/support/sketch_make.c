/* Sketches are made step by step: an op, inputs and attributes are drawn, and the step is kept if
 * it fits, is smooth where it is, and stays small.                                               */
#include "support/sketch_step.h"
#include "support/test.h"

#include <math.h>

static int64_t draw(sketch *s, int64_t low, int64_t high)
{
    return test_draw(&s->state, low, high);
}

/* One of the last few values, or any. */
static int pick(sketch *s)
{
    const int recent = s->count > 5 ? 5 : s->count;
    if (draw(s, 0, 1)) return (int)draw(s, s->count - recent, s->count - 1);
    return (int)draw(s, 0, s->count - 1);
}

static void take_shape(sketch_node *n, const sketch_node *from)
{
    n->rank = from->rank;
    for (int i = 0; i < from->rank; i++) n->dim[i] = from->dim[i];
}

static bool are_alike(const sketch_node *x, const sketch_node *y)
{
    bool alike = x->rank == y->rank;
    for (int i = 0; i < x->rank && alike; i++) alike = x->dim[i] == y->dim[i];
    return alike;
}

/* ---- shapes ---- */

/* The shape to which the inputs stretch; false: they do not join. */
static bool join(const sketch *s, sketch_node *n)
{
    const sketch_node *x = &s->node[n->in[0]], *y = &s->node[n->in[1]];
    n->rank = x->rank > y->rank ? x->rank : y->rank;
    for (int i = 1; i <= n->rank; i++) {
        const int64_t a = i <= x->rank ? x->dim[x->rank - i] : 1;
        const int64_t b = i <= y->rank ? y->dim[y->rank - i] : 1;
        if (a != b && a != 1 && b != 1) return false;
        n->dim[n->rank - i] = a > b ? a : b;
    }
    return true;
}

static void drop_axis(sketch_node *n)
{
    n->rank--;
    for (int i = n->axis; i < n->rank; i++) n->dim[i] = n->dim[i + 1];
}

/* The second input, of the same shape as the first. */
static bool pair_alike(sketch *s, sketch_node *n)
{
    n->in[1] = pick(s);
    n->in_count = 2;
    return are_alike(&s->node[n->in[0]], &s->node[n->in[1]]);
}

static void reshape(sketch_node *n)
{
    const int64_t last = n->rank > 0 ? n->dim[n->rank - 1] : 1;
    if (n->rank == 0) {
        n->rank = 1;
        n->dim[0] = 1;
    } else if (n->rank == 1 && n->dim[0] % 2 == 0) {
        n->rank = 2;
        n->dim[0] = last / 2;
        n->dim[1] = 2;
    } else {
        n->dim[0] = sketch_count(n);
        n->rank = 1;
    }
}

static bool broadcast(sketch *s, sketch_node *n)
{
    if (n->rank >= 3) return false;
    for (int i = n->rank; i > 0; i--) n->dim[i] = n->dim[i - 1];
    n->dim[0] = draw(s, 2, 3);
    n->rank++;
    return true;
}

static bool transpose(sketch_node *n)
{
    if (n->rank < 2) return false;
    const int64_t last = n->dim[n->rank - 1];
    n->dim[n->rank - 1] = n->dim[n->rank - 2];
    n->dim[n->rank - 2] = last;
    return true;
}

/* word: start, count, step; either way round. */
static void slice(sketch *s, sketch_node *n)
{
    const int64_t extent = n->dim[n->axis];
    const int64_t step = draw(s, 1, 2);
    const int64_t count = draw(s, 1, (extent - 1) / step + 1);
    const int64_t low = draw(s, 0, extent - 1 - (count - 1) * step);
    const bool is_down = draw(s, 0, 1) != 0;
    n->word[0] = is_down ? low + (count - 1) * step : low;
    n->word[1] = count;
    n->word[2] = is_down ? -step : step;
    n->dim[n->axis] = count;
}

static void pad(sketch *s, sketch_node *n)
{
    const int64_t extent = n->dim[n->axis];
    for (int i = 0; i < 3; i++) n->word[i] = draw(s, 0, 1);
    n->dim[n->axis] = n->word[0] + extent + (extent - 1) * n->word[2] + n->word[1];
}

static void gather(sketch *s, sketch_node *n)
{
    const int64_t extent = n->dim[n->axis], count = draw(s, 1, SKETCH_INDEX_MAX);
    for (int64_t i = 0; i < count; i++) n->index[i] = (int32_t)draw(s, 0, extent - 1);
    n->dim[n->axis] = count;
}

/* Update: any value that has what the index takes along the axis. */
static bool scatter(sketch *s, sketch_node *n)
{
    sketch_node taken = *n;
    n->in[1] = pick(s);
    n->in_count = 2;
    const sketch_node *update = &s->node[n->in[1]];
    if (update->rank != n->rank || update->dim[n->axis] > SKETCH_INDEX_MAX) return false;
    taken.dim[n->axis] = update->dim[n->axis];
    for (int64_t i = 0; i < update->dim[n->axis]; i++)
        n->index[i] = (int32_t)draw(s, 0, n->dim[n->axis] - 1);
    return are_alike(&taken, update);
}

static bool windows(sketch *s, sketch_node *n)
{
    if (n->rank >= SKETCH_RANK_MAX - 1) return false;
    n->word[0] = draw(s, 1, n->dim[n->axis]);
    n->word[1] = draw(s, 1, 2);
    n->dim[n->axis] = (n->dim[n->axis] - n->word[0]) / n->word[1] + 1;
    n->dim[n->rank++] = n->word[0];
    return true;
}

static bool overlap(sketch *s, sketch_node *n)
{
    if (n->rank < 2 || n->axis == n->rank - 1) return false;
    n->word[0] = n->dim[--n->rank];
    n->word[1] = draw(s, 1, 2);
    n->dim[n->axis] = (n->dim[n->axis] - 1) * n->word[1] + n->word[0];
    return true;
}

static bool product(sketch *s, sketch_node *n)
{
    n->in[1] = pick(s);
    n->in_count = 2;
    const sketch_node *y = &s->node[n->in[1]];
    if (n->rank != 2 || y->rank != 2 || n->dim[1] != y->dim[0]) return false;
    n->dim[1] = y->dim[1];
    return true;
}

static bool concat(sketch *s, sketch_node *n)
{
    if (!pair_alike(s, n)) return false;
    n->dim[n->axis] *= 2;
    return true;
}

/* The first carry: the last value of the shape of an entry. */
static bool scan(sketch *s, sketch_node *n)
{
    sketch_node entry = *n;
    if (n->rank == 0) return false;
    entry.axis = 0;
    drop_axis(&entry);
    for (int i = s->count - 1; i >= 0 && n->in_count == 1; i--)
        if (are_alike(&s->node[i], &entry)) n->in[n->in_count++] = i;
    n->word[0] = draw(s, 0, 1);
    n->word[1] = draw(s, 0, 2);
    return n->in_count == 2;
}

/* ---- steps ---- */

/* Attributes and shape of a drawn op of in[0]; false: it does not fit. */
static bool settle_structural(sketch *s, sketch_node *n)
{
    switch (n->op) {
    case SKETCH_RESHAPE: reshape(n); return true;
    case SKETCH_BROADCAST: return broadcast(s, n);
    case SKETCH_TRANSPOSE: return transpose(n);
    case SKETCH_MATMUL: return product(s, n);
    case SKETCH_SCAN: return scan(s, n);
    default: break;
    }
    if (n->rank == 0) return false;
    n->axis = (int)draw(s, 0, n->rank - 1);
    switch (n->op) {
    case SKETCH_SLICE: slice(s, n); return true;
    case SKETCH_PAD: pad(s, n); return true;
    case SKETCH_GATHER: gather(s, n); return true;
    case SKETCH_CONCAT: return concat(s, n);
    case SKETCH_SCATTER: return scatter(s, n);
    case SKETCH_WINDOWS: return windows(s, n);
    case SKETCH_OVERLAP: return overlap(s, n);
    case SKETCH_CUMSUM: n->word[0] = draw(s, 0, 1); return true;
    case SKETCH_RECURRENCE: n->word[0] = draw(s, 0, 1); return pair_alike(s, n);
    default: drop_axis(n); return true; /* sum max min prod */
    }
}

static bool settle(sketch *s, sketch_node *n)
{
    n->in[0] = pick(s);
    n->in_count = 1;
    take_shape(n, &s->node[n->in[0]]);
    if (n->op >= SKETCH_RESHAPE) return settle_structural(s, n);
    if (n->op < SKETCH_ADD) return true;
    n->in[1] = pick(s);
    n->in_count = 2;
    return join(s, n);
}

static bool is_small(const dual *value, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!(fabsl(value[i].c[0]) <= 30)) return false;
    return true;
}

static bool step(sketch *s)
{
    sketch_node n = { .op = (sketch_op)draw(s, SKETCH_LEAF + 1, SKETCH_OP_COUNT - 1) };
    if (!settle(s, &n) || sketch_count(&n) > SKETCH_ELEMENTS_MAX) return false;
    if (!step_evaluate(s, &n, s->value[s->count])) return false;
    if (!is_small(s->value[s->count], sketch_count(&n))) return false;
    s->node[s->count++] = n;
    return true;
}

static void leaf(sketch *s, int rank)
{
    sketch_node n = { .op = SKETCH_LEAF, .rank = rank };
    for (int i = 0; i < rank; i++) n.dim[i] = draw(s, 2, 4);
    for (int64_t i = 0; i < sketch_count(&n); i++)
        s->value[s->count][i] = dual_number((long double)draw(s, -3000, 3000) / 1024);
    s->node[s->count++] = n;
}

void sketch_make(sketch *s, int count, uint64_t seed)
{
    check(count <= SKETCH_NODES_MAX - SKETCH_LEAVES);
    s->state = seed;
    s->count = 0;
    for (int i = 0; i < SKETCH_LEAVES; i++) leaf(s, i == 0 ? 2 : (int)draw(s, 0, 2));
    while (s->count < count + SKETCH_LEAVES)
        for (int tries = 0; !step(s); tries++) check(tries < 100000);
}
