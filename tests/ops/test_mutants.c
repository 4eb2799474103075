/* The comparison of tests/support/orders.h is trusted because of this: every rule of the table,
 * wrong in every way of tests/support/mutant.h, must be noticed, unless the wrong rule gives what
 * the right one gives at every order.                                                            */
#include "support/mutant.h"
#include "support/orders.h"
#include "support/specimen.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

enum { KINDS_MIN = 12, SEEDS = 3 };

/* ---- a specimen as a problem ---- */

static uint32_t emit_specimen(immediate *im, const uint32_t *leaf, const void *user)
{
    return specimen_emit(&im->builder, user, leaf);
}

static double element(const orders_leaf *leaf, int64_t i)
{
    return leaf->array.dtype == WG_F64 ? ((const double *)leaf->memory)[i] : 0;
}

/* No point of an elementwise row is left where the row has no derivative. */
static void move_from_kinks(const specimen *s, orders_problem *p, uint64_t *state)
{
    const int32_t last = s->in_count - 1;
    for (int64_t i = 0; i < p->leaf[last].count; i++)
        while (specimen_distance(s->op, element(&p->leaf[0], i), element(&p->leaf[last], i)) < 0.01)
            ((double *)p->leaf[last].memory)[i] = specimen_draw(s, last, state);
}

static orders_problem problem_of(const specimen *s, uint64_t seed)
{
    orders_problem p = { .function = emit_specimen,
                         .user = s,
                         .leaf_count = s->in_count,
                         .level = wg__level_detect() };
    uint64_t state = seed;
    for (int32_t i = 0; i < s->in_count; i++) {
        orders_leaf *leaf = &p.leaf[i];
        leaf->count = wg__shape_count(&s->in[i].shape);
        leaf->memory = malloc((size_t)leaf->count * wg_dtype_bytes(s->in[i].dtype) + 1);
        check(leaf->memory != NULL);
        leaf->array = wg__array_of(leaf->memory, s->in[i].dtype, &s->in[i].shape);
        specimen_fill(s, i, &state, leaf->memory);
    }
    if (specimen_is_elementwise(s)) move_from_kinks(s, &p, &state);
    return p;
}

static void problem_free(orders_problem *p)
{
    for (int32_t i = 0; i < p->leaf_count; i++) free(p->leaf[i].memory);
}

/* ---- mutants ---- */

typedef struct altered { wg__op_id op; mutant kind; } altered;

static void altered_rule(void *user, const wg__node_view *node, uint32_t *gradient)
{
    const altered *a = user;
    if (node->op == a->op) mutant_vjp(a->kind, node, gradient);
    else wg__vjp(node, gradient);
}

/* The sums of all orders are those of the right rule. */
static bool is_same_rule(const orders_problem *wrong, uint64_t seed)
{
    orders_problem right = *wrong;
    right.rule = NULL;
    for (uint64_t i = 0; i < SEEDS; i++) {
        double a[ORDERS_MAX + 1], b[ORDERS_MAX + 1], size[ORDERS_MAX + 1];
        if (orders_evaluate(wrong, ORDERS_MAX, seed + i, a, size) < 0) return false;
        if (orders_evaluate(&right, ORDERS_MAX, seed + i, b, size) < 0) return false;
        for (int order = 1; order <= ORDERS_MAX; order++)
            if (!(fabs(a[order] - b[order]) <= 1e-13 * size[order] && isfinite(size[order])))
                return false;
    }
    return true;
}

/* Whether a comparison notices; of sums that happen to agree another draw of weights may not. */
static bool is_noticed(const orders_problem *wrong, uint64_t seed)
{
    for (uint64_t i = 0; i < SEEDS; i++) {
        const orders_report report = orders_compare(wrong, ORDERS_MAX, seed + i);
        if (report.status < 0 || report.order > 0) return true;
    }
    return false;
}

/* The mutants that are caught, as bits; one that is neither caught nor right is an error. */
static uint32_t caught_of(const specimen *s, uint64_t seed)
{
    char text[200];
    wg__text name = wg__text_of(text, sizeof text);
    specimen_name(s, &name);
    orders_problem p = problem_of(s, seed);
    const orders_report right = orders_compare(&p, ORDERS_MAX, seed);
    check_msg(right.status == WG_OK && right.order == 0, "%s: order %d: %.15g, not %.15g %s", text,
              right.order, right.actual, right.expected, right.why);
    uint32_t caught = 0;
    for (int kind = 0; kind < MUTANT_COUNT; kind++) {
        altered a = { s->op, (mutant)kind };
        p.rule = altered_rule;
        p.rule_user = &a;
        if (is_noticed(&p, seed)) caught |= 1u << kind;
        else check_msg(is_same_rule(&p, seed), "%s: %s passes", text, mutant_name(a.kind));
    }
    problem_free(&p);
    return caught;
}

Test(mutants, of_every_rule_are_noticed)
{
    const uint64_t seed = test_seed();
    uint32_t caught[WG__OP_COUNT] = { 0 };
    for (int32_t i = 0; i < specimen_count(); i++) {
        const specimen *s = specimen_at(i);
        if (!wg__op_table[s->op].is_differentiable) continue;
        caught[s->op] |= caught_of(s, seed);
    }
    for (int op = 1; op < WG__OP_COUNT; op++) {
        if (!wg__op_table[op].is_differentiable || specimen_reason((wg__op_id)op) != NULL) continue;
        int kinds = 0;
        for (int kind = 0; kind < MUTANT_COUNT; kind++) kinds += caught[op] >> kind & 1;
        check_msg(kinds >= KINDS_MIN, "%s: %d kinds of mutants", wg__op_table[op].name, kinds);
    }
}

/* One loop over the specimens is one over the table. */
Test(mutants, every_row_has_a_specimen_or_a_reason)
{
    bool is_there[WG__OP_COUNT] = { false };
    for (int32_t i = 0; i < specimen_count(); i++) is_there[specimen_at(i)->op] = true;
    for (int op = 1; op < WG__OP_COUNT; op++)
        check_msg(is_there[op] != (specimen_reason((wg__op_id)op) != NULL),
                  "%s: add a line to tests/support/specimen.c", wg__op_table[op].name);
}
