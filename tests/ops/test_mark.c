/* Batch marks: which axis of a result holds the samples. Expected marks are read off the meaning
 * of each op on a batch of 6 samples; a cut is what mixes samples. */
#include "ops/internal.h"
#include "support/test.h"

#include <string.h>

static const wg__mark none = { 0, 0, 0 };

static wg__mark marked(int32_t axis, int64_t group)
{
    return (wg__mark){ .axis = axis, .is_set = 1, .group = group };
}

static wg__type typed(int32_t rank, const int64_t *dim)
{
    wg__type type = { .dtype = WG_F32, .shape = { .rank = rank } };
    for (int32_t i = 0; i < rank; i++) type.shape.dim[i] = dim[i];
    return type;
}
#define TYPE(...) typed((int32_t)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)),           \
                        (const int64_t[]){ __VA_ARGS__ })

typedef struct question {
    wg__op_id op;
    int32_t in_count;
    wg__type in[3];
    wg__mark mark[3];
    int64_t attribute[4];
    int32_t attribute_count;
    wg__type out;
} question;

/* The mark of the result; .is_set = -1 for a cut. */
static wg__mark ask(const question *q)
{
    static const uint32_t in[3] = { 0, 1, 2 };
    const wg__request request = { .op = q->op,
                                  .in_count = q->in_count,
                                  .in = in,
                                  .attribute = q->attribute,
                                  .attribute_count = q->attribute_count,
                                  .wanted = &q->out };
    wg__mark mark;
    if (wg__mark_of(&request, q->in, q->mark, &q->out, &mark)) return mark;
    check(!mark.is_set);
    return (wg__mark){ .is_set = -1 };
}

static void expect(const question *q, wg__mark expected)
{
    const wg__mark found = ask(q);
    check_equal_i(found.is_set, expected.is_set);
    if (expected.is_set <= 0) return;
    check_equal_i(found.axis, expected.axis);
    check_equal_i(found.group, expected.group);
}

static const wg__mark cut = { .is_set = -1 };

Test(mark, nothing_marked_is_nothing_marked)
{
    expect(&(question){ WG__OP_add, 2, { TYPE(6, 2), TYPE(6, 2) }, { none, none },
                        .out = TYPE(6, 2) }, none);
    expect(&(question){ WG__OP_sum, 1, { TYPE(6, 2) }, { none }, { 1 }, 1, TYPE(2) }, none);
}

Test(mark, elementwise_ops_keep_one_mark_and_cut_two)
{
    question q = { WG__OP_add, 2, { TYPE(6, 2), TYPE(6, 2) }, { marked(0, 1), none },
                   .out = TYPE(6, 2) };
    expect(&q, marked(0, 1));
    q.mark[1] = marked(0, 1);
    expect(&q, marked(0, 1));
    q.mark[1] = marked(0, 2);
    expect(&q, cut);
    q.mark[1] = marked(1, 1);
    expect(&q, cut);
}

Test(mark, a_reshape_keeps_it_while_samples_lead_an_axis)
{
    question q = { WG__OP_reshape, 1, { TYPE(6, 2, 5) }, { marked(0, 1) }, .out = TYPE(12, 5) };
    expect(&q, marked(0, 2));
    q.out = TYPE(60);
    expect(&q, marked(0, 10));
    q.out = TYPE(1, 6, 10);
    expect(&q, marked(1, 1));
    q.out = TYPE(4, 15);
    expect(&q, cut);
    question inner = { WG__OP_reshape, 1, { TYPE(3, 12, 5) }, { marked(1, 2) },
                       .out = TYPE(3, 6, 2, 5) };
    expect(&inner, marked(1, 1));
    inner.out = TYPE(36, 5);
    expect(&inner, cut);
}

Test(mark, movements_move_it)
{
    expect(&(question){ WG__OP_permute, 1, { TYPE(6, 2, 5) }, { marked(0, 1) }, { 2, 0, 1 }, 3,
                        TYPE(5, 6, 2) }, marked(1, 1));
    expect(&(question){ WG__OP_broadcast, 1, { TYPE(6, 1) }, { marked(0, 1) },
                        .out = TYPE(4, 6, 3) }, marked(1, 1));
    expect(&(question){ WG__OP_broadcast, 1, { TYPE(1, 3) }, { marked(0, 1) }, .out = TYPE(4, 3) },
           cut);
    question slice = { WG__OP_slice, 1, { TYPE(6, 4) }, { marked(0, 1) }, { 1, 0, 2, 1 }, 4,
                       TYPE(6, 2) };
    expect(&slice, marked(0, 1));
    slice.attribute[0] = 0;
    expect(&slice, cut);
    question concat = { WG__OP_concat, 2, { TYPE(6, 2), TYPE(6, 3) }, { marked(0, 1), none },
                        { 1 }, 1, TYPE(6, 5) };
    expect(&concat, marked(0, 1));
    concat.attribute[0] = 0;
    expect(&concat, cut);
}

Test(mark, reductions_over_other_axes_keep_it)
{
    question q = { WG__OP_sum, 1, { TYPE(3, 6, 2) }, { marked(1, 1) }, { 1 }, 1, TYPE(6, 2) };
    expect(&q, marked(0, 1));
    q.attribute[0] = 4;
    q.out = TYPE(3, 6);
    expect(&q, marked(1, 1));
    q.attribute[0] = 2;
    expect(&q, cut);
    question argmax = { WG__OP_argmax, 1, { TYPE(6, 2) }, { marked(0, 1) }, { 1 }, 1, TYPE(6) };
    expect(&argmax, marked(0, 1));
    argmax.attribute[0] = 0;
    expect(&argmax, cut);
    argmax.op = WG__OP_argmin;
    expect(&argmax, cut);
    question prod = { WG__OP_prod, 1, { TYPE(3, 6, 2) }, { marked(1, 1) }, { 5 }, 1, TYPE(6) };
    expect(&prod, marked(0, 1));
}

Test(mark, what_goes_along_another_axis_keeps_it)
{
    question sum = { WG__OP_cumsum, 1, { TYPE(6, 4) }, { marked(0, 1) }, { 1, 0 }, 2, TYPE(6, 4) };
    expect(&sum, marked(0, 1));
    sum.attribute[0] = 0;
    expect(&sum, cut);
    question chain = { WG__OP_linear_recurrence, 2, { TYPE(6, 4), TYPE(6, 4) },
                       { none, marked(0, 1) }, { 1, 1 }, 2, TYPE(6, 4) };
    expect(&chain, marked(0, 1));
    chain.mark[0] = marked(1, 1);
    expect(&chain, cut);
    question windows = { WG__OP_windows, 1, { TYPE(6, 4, 5) }, { marked(2, 1) }, { 1, 2, 1, 1 }, 4,
                         TYPE(6, 3, 5, 2) };
    expect(&windows, marked(2, 1));
    windows.mark[0] = marked(1, 1);
    expect(&windows, cut);
    question overlap = { WG__OP_overlap_add, 1, { TYPE(6, 3, 5, 2) }, { marked(2, 1) },
                         { 1, 1, 1, 4 }, 4, TYPE(6, 4, 5) };
    expect(&overlap, marked(2, 1));
    overlap.mark[0] = marked(3, 1);
    expect(&overlap, cut);
}

Test(mark, products_keep_rows_and_leading_axes)
{
    question q = { WG__OP_matmul, 2, { TYPE(6, 2), TYPE(2, 5) }, { marked(0, 1), none },
                   .out = TYPE(6, 5) };
    expect(&q, marked(0, 1));
    q.mark[0] = marked(1, 1);
    expect(&q, cut);
    q.mark[0] = none;
    q.mark[1] = marked(1, 1);
    expect(&q, marked(1, 1));
    q.mark[1] = marked(0, 1);
    expect(&q, cut);
    question weight = { WG__OP_matmul, 2, { TYPE(2, 6), TYPE(6, 5) },
                        { marked(1, 1), marked(0, 1) }, .out = TYPE(2, 5) };
    expect(&weight, cut);
    question batched = { WG__OP_matmul, 2, { TYPE(6, 2, 3), TYPE(6, 3, 4) },
                         { marked(0, 1), marked(0, 1) }, .out = TYPE(6, 2, 4) };
    expect(&batched, marked(0, 1));
    batched.mark[1] = none;
    expect(&batched, marked(0, 1));
    batched.mark[1] = marked(1, 1);
    expect(&batched, cut);
}

Test(mark, lookups_take_the_mark_of_the_index_or_of_other_axes)
{
    question q = { WG__OP_gather, 2, { TYPE(9, 4), TYPE(6, 2) }, { none, marked(0, 1) }, { 0 }, 1,
                   TYPE(6, 2, 4) };
    expect(&q, marked(0, 1));
    q.mark[0] = marked(1, 1);
    expect(&q, cut);
    question rows = { WG__OP_gather, 2, { TYPE(6, 4), TYPE(3, 2) }, { marked(0, 1), none },
                      { 1 }, 1, TYPE(6, 3, 2) };
    expect(&rows, marked(0, 1));
    question after = { WG__OP_gather, 2, { TYPE(4, 6), TYPE(3, 2) }, { marked(1, 1), none },
                       { 0 }, 1, TYPE(3, 2, 6) };
    expect(&after, marked(2, 1));
    after.mark[0] = marked(0, 1);
    expect(&after, cut);
    question add = { WG__OP_scatter_add, 3, { TYPE(6, 4), TYPE(3), TYPE(6, 3) },
                     { none, none, marked(0, 1) }, { 1 }, 1, TYPE(6, 4) };
    expect(&add, marked(0, 1));
    add.mark[0] = marked(0, 1);
    expect(&add, marked(0, 1));
    add.mark[1] = marked(0, 1);
    expect(&add, cut);
    question into = { WG__OP_scatter_add, 3, { TYPE(4, 5), TYPE(6), TYPE(6, 5) },
                      { none, marked(0, 1), marked(0, 1) }, { 0 }, 1, TYPE(4, 5) };
    expect(&into, cut);
}
