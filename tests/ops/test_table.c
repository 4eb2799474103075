/* The table: every row complete, ids and names in step, rules recorded in the order of their
 * text.                                                                                          */
#include "ops/rules.h"
#include "support/immediate.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

/* Names in the order of the ids, expanded from the rows a second time. */
static const char *const names[] = {
    "",
#define LIN1(name, dx, value, low, high, ulp)     #name,
#define LIN2(name, dx, dy, value, low, high, ulp) #name,
#define ALL1(name, dx, value, low, high, ulp)     #name,
#define ALL2(name, dx, dy, value, low, high, ulp) #name,
#define MAP1(name, dx, value, low, high, ulp)     #name,
#define MAP2(name, dx, dy, value, low, high, ulp) #name,
#define TEST2(name, value)                        #name,
#define BITS1(name, value)                        #name,
#define BITS2(name, value)                        #name,
#define PRIM(name, class, inputs, infer, vjp, eval) #name,
#define LEAF(name)                                #name,
#define MARK(name)                                #name,
#include "ops/ops.def"
};

Test(table, every_id_has_the_row_of_its_name)
{
    check_equal_i(sizeof names / sizeof names[0], WG__OP_COUNT);
    for (int op = 1; op < WG__OP_COUNT; op++) {
        check_text(wg__op_table[op].name, names[op]);
        for (int other = 1; other < op; other++) check(strcmp(names[op], names[other]) != 0);
    }
}

static bool is_view(int op)
{
    return op == WG__OP_permute || op == WG__OP_broadcast || op == WG__OP_slice ||
           op == WG__OP_windows ||
           op == WG__OP_stop_gradient || op == WG__OP_rule || op == WG__OP_ruled ||
           op == WG__OP_scan || op == WG__OP_pick;
}

/* What is not a leaf has a type rule and a way to its value: an evaluator, or a view, or the steps
 * of a body. */
Test(table, every_row_can_be_typed_and_evaluated)
{
    for (int op = 1; op < WG__OP_COUNT; op++) {
        const wg__op *row = &wg__op_table[op];
        const bool is_bound = op == WG__OP_input || op == WG__OP_parameter ||
                              op == WG__OP_constant || op == WG__OP_placeholder;
        check_msg(is_bound == (row->infer == NULL), "%s", row->name);
        check_msg((is_bound || is_view(op)) == (row->eval == NULL), "%s", row->name);
        check_msg(row->is_differentiable == (row->vjp != NULL), "%s", row->name);
        check(row->in_count >= -1 && row->in_count <= 3);
        if (row->class == WG__CLASS_LEAF) check_equal_i(row->in_count, 0);
    }
}

/* An elementwise row with a derivative has one for each input, a domain and an error bound; so has
 * polygamma, whose rule is a function. */
Test(table, elementwise_rows_have_domains_and_rules_for_each_input)
{
    int count = 0;
    for (int op = 1; op < WG__OP_COUNT; op++) {
        const wg__op *row = &wg__op_table[op];
        const bool has_steps = wg__steps_of((wg__op_id)op, 0) != NULL;
        check_msg(has_steps == (row->vjp == wg__vjp_row), "%s", row->name);
        check_msg((has_steps || op == WG__OP_polygamma) == (row->low < row->high), "%s", row->name);
        if (!has_steps) continue;
        count++;
        check(row->class == WG__CLASS_MAP || row->class == WG__CLASS_LINEAR);
        check((wg__steps_of((wg__op_id)op, 1) != NULL) == (row->in_count == 2));
        check(row->ulp >= 0 && row->ulp <= 4);
    }
    check(count > 0);
}

/* A builder that writes down the names of what passes through it. */
typedef struct listener {
    wg__builder builder;   /* first */
    wg__builder *inner;
    wg__text text;
} listener;

static uint32_t listen_emit(wg__builder *self, const wg__request *request)
{
    listener *l = (listener *)self;
    if (request->op != WG__OP_broadcast) wg__text_add(&l->text, " %s", names[request->op]);
    return l->inner->emit(l->inner, request);
}

static uint32_t listen_number(wg__builder *self, wg_dtype dtype, double value)
{
    listener *l = (listener *)self;
    wg__text_add(&l->text, " %g", value);
    return l->inner->number(l->inner, dtype, value);
}

static wg_dtype listen_dtype(wg__builder *self, uint32_t value)
{
    return ((listener *)self)->inner->dtype(((listener *)self)->inner, value);
}

static const wg__shape *listen_shape(wg__builder *self, uint32_t value)
{
    return ((listener *)self)->inner->shape(((listener *)self)->inner, value);
}

static void check_recorded(wg__op_id op, int input, const char *expected)
{
    char text[500];
    immediate *im = immediate_create(WG__PORTABLE);
    const wg__shape shape = { .rank = 1, .dim = { 2 } };
    const double data[] = { 0.25, 0.5 };
    const uint32_t in[2] = { immediate_f64(im, &shape, data), immediate_f64(im, &shape, data) };
    const int32_t in_count = wg__op_table[op].in_count;
    const uint32_t r = in_count == 1 ? wg__emit1(&im->builder, op, in[0])
                                     : wg__emit2(&im->builder, op, in[0], in[1]);
    listener l = { .builder = { .emit = listen_emit, .number = listen_number,
                                .dtype = listen_dtype, .shape = listen_shape },
                   .inner = &im->builder,
                   .text = wg__text_of(text, sizeof text) };
    const bool needed[2] = { input == 0, input == 1 };
    uint32_t gradient[2];
    wg__vjp(&(wg__node_view){ .builder = &l.builder, .op = op, .in_count = in_count, .in = in,
                              .needed = needed, .r = r, .g = r }, gradient);
    check_text(text, expected);
    immediate_free(im);
}

/* The same on every compiler: C alone would leave the order of nested calls open. */
Test(table, a_rule_is_recorded_in_the_order_of_its_text)
{
    check_recorded(WG__OP_add, 0, "");
    check_recorded(WG__OP_div, 1, " mul div neg");
    check_recorded(WG__OP_rsqrt, 0, " mul add div neg");
    check_recorded(WG__OP_log1p, 0, " 1 add div");
    check_recorded(WG__OP_logistic, 0, " neg logistic mul mul");
    check_recorded(WG__OP_tanh, 0, " 4 add logistic mul add neg logistic mul mul");
    check_recorded(WG__OP_maximum, 0, " eq 0.5 nan select lt 1 select lt mul 0 select");
    check_recorded(WG__OP_logaddexp, 1, " sub eq not eq and 0 select logistic mul");
    check_recorded(WG__OP_erf, 0, " 1.12838 32 abs lt select bitcast -1.34218e+08 and bitcast"
                                  " sub mul add mul neg exp neg exp mul mul mul");
}

/* Every level of this machine has its tables; the portable one always does. */
Test(table, levels_have_kernels)
{
    check(wg__kernels_of(WG__PORTABLE) != NULL);
    for (int level = 0; level < WG__LEVEL_COUNT; level++) {
        const wg__kernels *kernels = wg__kernels_of((wg__level)level);
        if (!wg__level_exists((wg__level)level)) continue;
        check(kernels != NULL && kernels->level == (wg__level)level);
        check(kernels->map != NULL && kernels->matmul != NULL);
        check(kernels->reduce != NULL && kernels->random != NULL);
    }
}

Test(table, finite_looks_at_floating_point_numbers_alone)
{
    const wg__kernels *kernels = wg__kernels_of(WG__PORTABLE);
    const double numbers[] = { 1, -2, 1e308, 0 };
    const double infinite[] = { 1, -2, 1e308, -INFINITY };
    const float nan[] = { 1, NAN };
    check(wg__finite(kernels, WG_F64, 4, numbers));
    check(!wg__finite(kernels, WG_F64, 4, infinite));
    check(wg__finite(kernels, WG_F64, 3, infinite));
    check(!wg__finite(kernels, WG_F32, 2, nan));
    check(wg__finite(kernels, WG_I64, 4, infinite));
    check(wg__finite(kernels, WG_F64, 0, NULL));
}
