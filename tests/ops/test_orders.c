/* Every rule of the table at orders 1, 2 and 3, mixed partials included, against differences of the
 * order below: the product of rows, shapes, pairs of shapes that broadcast, layouts, one tensor in
 * two slots, one reader and several, and f32 against f64. A default run draws from the product,
 * test-long goes through it.                                                                     */
#include "support/layout.h"
#include "support/orders.h"
#include "support/specimen.h"
#include "support/test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* ---- shapes ---- */

#define SHAPE(rank_, ...) { .rank = (rank_), .dim = { __VA_ARGS__ } }

/* Beside all lengths from 1 to LENGTH_MAX. */
static const wg__shape shapes[] = {
    SHAPE(0, 0),
    SHAPE(1, 0),
    SHAPE(2, 0, 3),
    SHAPE(2, 5, 1),
    SHAPE(4, 2, 3, 1, 5),
    SHAPE(8, 1, 2, 1, 3, 1, 2, 1, 2),
    SHAPE(1, 4097),
};
enum { LENGTH_MAX = 33, SHAPES = sizeof shapes / sizeof shapes[0] };

typedef struct pair { wg__shape x, y; } pair;
static const pair pairs[] = {
    { SHAPE(0, 0), SHAPE(1, 3) },
    { SHAPE(1, 3), SHAPE(0, 0) },
    { SHAPE(1, 1), SHAPE(1, 5) },
    { SHAPE(1, 5), SHAPE(2, 4, 5) },
    { SHAPE(2, 4, 5), SHAPE(1, 5) },
    { SHAPE(2, 4, 1), SHAPE(2, 1, 5) },
    { SHAPE(3, 2, 1, 3), SHAPE(2, 4, 1) },
    { SHAPE(2, 4, 1), SHAPE(3, 2, 1, 3) },
    { SHAPE(3, 1, 1, 1), SHAPE(3, 2, 3, 4) },
    { SHAPE(3, 2, 3, 4), SHAPE(3, 2, 1, 1) },
    { SHAPE(4, 2, 1, 4, 1), SHAPE(3, 3, 1, 5) },
    { SHAPE(2, 0, 3), SHAPE(1, 1) },
};
enum { PAIRS = sizeof pairs / sizeof pairs[0], FORMS = SHAPES + LENGTH_MAX + PAIRS };

/* The shapes of two inputs: alike, or a pair. */
static pair form_at(int i)
{
    if (i < SHAPES) return (pair){ shapes[i], shapes[i] };
    if (i < SHAPES + PAIRS) return pairs[i - SHAPES];
    const wg__shape line = SHAPE(1, i - SHAPES - PAIRS + 1);
    return (pair){ line, line };
}

/* ---- one case ---- */

typedef struct occasion {
    specimen s;
    wg__shape joint;             /* of an elementwise row */
    layout layout[SPECIMEN_IN_MAX];
    bool is_one;                 /* the same tensor is input 0 and 1 */
    bool has_readers;            /* several read the inputs, and several the result */
} occasion;

static bool are_alike(const wg__type *x, const wg__type *y)
{
    return x->dtype == y->dtype && wg__shape_equal(&x->shape, &y->shape);
}

static uint32_t emit_occasion(immediate *im, const uint32_t *leaf, const void *user)
{
    const occasion *o = user;
    wg__builder *b = &im->builder;
    uint32_t in[SPECIMEN_IN_MAX];
    for (int32_t i = 0; i < o->s.in_count; i++) {
        in[i] = leaf[o->is_one ? (i > 1 ? i - 1 : 0) : i];
        if (specimen_is_elementwise(&o->s)) in[i] = wg__emit_broadcast(b, in[i], &o->joint);
    }
    const uint32_t r = specimen_emit(b, &o->s, in);
    if (!o->has_readers || r == WG__NONE) return r;
    const uint32_t more = wg__emit2(b, WG__OP_mul, r, wg__emit_full_like(b, r, 0.75));
    const uint32_t sum = wg__emit2(b, WG__OP_add, r, more);
    const bool meets_x = are_alike(&im->node[in[0]]->type, &im->node[r]->type);
    return meets_x ? wg__emit2(b, WG__OP_add, sum, wg__emit2(b, WG__OP_mul, in[0], in[0])) : sum;
}

/* Element i of the joint shape, of an array that stretches to it. */
static double *element_of(const wg__array *array, const wg__shape *joint, int64_t i)
{
    int64_t offset = 0;
    for (int32_t axis = joint->rank - 1; axis >= 0; axis--) {
        const int32_t own = axis - (joint->rank - array->rank);
        const int64_t at = i % joint->dim[axis];
        if (own >= 0 && array->dim[own] > 1) offset += at * array->stride[own];
        i /= joint->dim[axis];
    }
    return (double *)array->data + offset;
}

/* Draws elements anew until no joint one is where the row has no derivative. Of two inputs the
 * larger is changed. */
static void move_from_kinks(const occasion *o, orders_problem *p, uint64_t *state)
{
    const int32_t y = p->leaf_count - 1;
    const int32_t changed = p->leaf[0].count > p->leaf[y].count ? 0 : y;
    const int64_t count = wg__shape_count(&o->joint);
    /* x op x has no such points, but for the angle at the origin. */
    bool is_clear = o->is_one && o->s.in_count > 1 && o->s.op != WG__OP_atan2;
    for (int round = 0; !is_clear; round++) {
        check_msg(round < 1000, "%s has no points", wg__op_table[o->s.op].name);
        is_clear = true;
        for (int64_t i = 0; i < count; i++) {
            const double at_x = *element_of(&p->leaf[0].array, &o->joint, i);
            const double at_y = *element_of(&p->leaf[y].array, &o->joint, i);
            if (specimen_distance(o->s.op, at_x, at_y) >= 0.01) continue;
            *element_of(&p->leaf[changed].array, &o->joint, i) =
                specimen_draw(&o->s, changed, state);
            is_clear = false;
        }
    }
}

static orders_problem problem_of(const occasion *o, uint64_t *state)
{
    orders_problem p = { .function = emit_occasion, .user = o, .level = wg__level_detect() };
    for (int32_t i = 0; i < o->s.in_count; i++) {
        if (o->is_one && i == 1) continue;
        orders_leaf *leaf = &p.leaf[p.leaf_count++];
        const wg__type *type = &o->s.in[i];
        leaf->count = layout_extent(o->layout[i], &type->shape);
        const wg__shape line = SHAPE(1, leaf->count);
        specimen whole = o->s;
        whole.in[i].shape = line;
        leaf->memory = malloc((size_t)leaf->count * wg_dtype_bytes(type->dtype) + 1);
        check(leaf->memory != NULL);
        specimen_fill(&whole, i, state, leaf->memory);
        leaf->array = layout_array(o->layout[i], type->dtype, &type->shape, leaf->memory);
    }
    if (specimen_is_elementwise(&o->s)) move_from_kinks(o, &p, state);
    return p;
}

static void problem_free(orders_problem *p)
{
    for (int32_t i = 0; i < p->leaf_count; i++) free(p->leaf[i].memory);
}

static void name_of(const occasion *o, wg__text *out)
{
    specimen_name(&o->s, out);
    for (int32_t i = 0; i < o->s.in_count; i++)
        wg__text_add(out, ", %s", layout_name(o->layout[i]));
    if (o->is_one) wg__text_add(out, ", one tensor");
    if (o->has_readers) wg__text_add(out, ", several readers");
}

/* ---- f32 against f64 ---- */

/* The real leaves in f32: what they hold is short enough to be exact. */
static void narrow(const orders_problem *wide, orders_problem *p)
{
    *p = *wide;
    for (int32_t l = 0; l < p->leaf_count; l++) {
        orders_leaf *leaf = &p->leaf[l];
        if (leaf->array.dtype != WG_F64) continue;
        const double *from = wide->leaf[l].memory;
        float *to = malloc((size_t)leaf->count * sizeof *to + 1);
        check(to != NULL);
        for (int64_t i = 0; i < leaf->count; i++) to[i] = (float)from[i];
        leaf->array.data = to + ((double *)leaf->array.data - from);
        leaf->array.dtype = WG_F32;
        leaf->memory = to;
    }
}

/* All orders of the op alone, within what a few tens of roundings make of the terms of a sum; what
 * cancels inside a rule is of the size of the orders below. */
static void check_narrow(const occasion *o, const orders_problem *given, uint64_t seed,
                         const char *text)
{
    double expected[ORDERS_MAX + 1], actual[ORDERS_MAX + 1], size[ORDERS_MAX + 1],
        ignored[ORDERS_MAX + 1];
    occasion alone = *o, as;
    orders_problem of = *given, p;
    const orders_problem *wide = &of;
    alone.has_readers = false;
    as = alone;
    as.s = specimen_as(&o->s, WG_F32);
    of.user = &alone;
    narrow(wide, &p);
    p.user = &as;
    check_status(orders_evaluate(wide, ORDERS_MAX, seed, expected, size), WG_OK);
    check_status(orders_evaluate(&p, ORDERS_MAX, seed, actual, ignored), WG_OK);
    double scale = 0;
    for (int order = 0; order <= ORDERS_MAX; order++) {
        scale = fmax(scale, size[order]);
        check_msg(fabs(actual[order] - expected[order]) <= 64 * (double)FLT_EPSILON * scale,
                  "%s in f32, order %d: %.9g, not %.9g", text, order, actual[order],
                  expected[order]);
    }
    for (int32_t l = 0; l < p.leaf_count; l++)
        if (p.leaf[l].memory != wide->leaf[l].memory) free(p.leaf[l].memory);
}

static void check_occasion(const occasion *o, uint64_t *state)
{
    char text[300];
    wg__text name = wg__text_of(text, sizeof text);
    name_of(o, &name);
    orders_problem p = problem_of(o, state);
    const uint64_t seed = test_random(state);
    const orders_report report = orders_compare(&p, ORDERS_MAX, seed);
    check_msg(report.status == WG_OK, "%s: %s", text, report.why);
    check_msg(report.order == 0, "%s, order %d: %.15g, not %.15g", text, report.order,
              report.actual, report.expected);
    /* A cast says itself which dtypes it is between. */
    if (o->s.op != WG__OP_cast) check_narrow(o, &p, seed, text);
    problem_free(&p);
}

/* ---- the product ---- */

/* Of `of` cases one is drawn, of long ones fewer; all are taken in test-long. */
static bool is_drawn(uint64_t *state, int64_t of, const wg__shape *shape)
{
    if (wg__shape_count(shape) > 1000) of *= 20;
    return test_is_long() || test_draw(state, 1, of) == 1;
}

/* Layouts of one specimen: each of the first input, with another of the next. */
static void check_layouts(const specimen *s, const wg__shape *joint, int64_t of, uint64_t *state)
{
    const bool fits = s->in_count > 1 && are_alike(&s->in[0], &s->in[1]);
    for (int at = 0; at < 4 * LAYOUT_COUNT; at++) {
        if (!is_drawn(state, of, joint)) continue;
        occasion o = { .s = *s, .joint = *joint };
        o.is_one = at % 2 != 0;
        o.has_readers = at / 2 % 2 != 0;
        if (o.is_one && !fits) continue;
        for (int32_t i = 0; i < s->in_count; i++)
            o.layout[i] = i == 0 ? (layout)(at / 4) : (layout)test_draw(state, 0, LAYOUT_COUNT - 1);
        check_occasion(&o, state);
    }
}

Test(orders, of_every_elementwise_rule_are_right_at_every_shape_and_layout)
{
    uint64_t state = test_seed();
    for (int32_t i = 0; i < specimen_count(); i++) {
        if (!specimen_is_elementwise(specimen_at(i))) continue;
        for (int form = 0; form < FORMS; form++) {
            specimen s = *specimen_at(i);
            const pair shape = form_at(form);
            wg__shape joint = shape.x;
            s.in[0].shape = shape.x;
            if (s.in_count > 1) {
                s.in[1].shape = shape.y;
                check_status(wg__shape_join(&shape.x, &shape.y, &joint), WG_OK);
            }
            check_layouts(&s, &joint, 12, &state);
        }
    }
}

Test(orders, of_every_structural_rule_are_right_at_every_layout)
{
    uint64_t state = test_seed();
    for (int32_t i = 0; i < specimen_count(); i++) {
        const specimen *s = specimen_at(i);
        if (specimen_is_elementwise(s) || !wg__op_table[s->op].is_differentiable) continue;
        check_layouts(s, &s->in[0].shape, 3, &state);
    }
}

/* What has no rule takes no real number, or gives none. */
Test(orders, of_what_has_no_rule_there_are_none)
{
    uint64_t state = test_seed();
    for (int32_t i = 0; i < specimen_count(); i++) {
        const specimen *s = specimen_at(i);
        if (wg__op_table[s->op].is_differentiable) continue;
        const occasion o = { .s = *s, .joint = s->in[0].shape };
        orders_problem p = problem_of(&o, &state);
        immediate *im = immediate_create(WG__PORTABLE);
        uint32_t leaf[SPECIMEN_IN_MAX];
        bool takes_real = false;
        for (int32_t l = 0; l < p.leaf_count; l++) {
            leaf[l] = immediate_input(im, &p.leaf[l].array);
            takes_real = takes_real || wg__dtype_is_float(s->in[l].dtype);
        }
        const uint32_t r = specimen_emit(&im->builder, s, leaf);
        check_msg(im->status == WG_OK, "%s: %s", wg__op_table[s->op].name, im->why);
        const bool gives_real = wg__dtype_is_float(im->node[r]->type.dtype);
        check_msg(!takes_real || !gives_real, "%s", wg__op_table[s->op].name);
        immediate_free(im);
        problem_free(&p);
    }
}
