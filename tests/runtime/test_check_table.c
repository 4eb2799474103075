/* The public gradient checker on every op of the table: the right rule passes to third order, and
 * each mutant of it (tests/support/mutant.h) is caught, unless it gives what the right rule
 * gives. */
#include "runtime/internal.h"
#include "support/mutant.h"
#include "support/specimen.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <wengert/wengert.h>

/* The checker moves all elements of an input of as many. */
enum { CHECKED_MAX = 100, ORDER_MAX = 3 };

/* ---- a specimen, with its own rule or a mutant of it ---- */

typedef struct subject { const specimen *s; mutant kind; bool is_mutant; } subject;

static int wrong_rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    const subject *of = user;
    const bool needed[SPECIMEN_IN_MAX] = { true, true, true };
    uint32_t index[SPECIMEN_IN_MAX], d[SPECIMEN_IN_MAX];
    for (int32_t i = 0; i < of->s->in_count; i++) index[i] = in[i].index;
    const wg__node_view node = { .builder = &y.tape->builder,
                                 .op = of->s->op,
                                 .in_count = of->s->in_count,
                                 .in = index,
                                 .needed = needed,
                                 .attribute = of->s->attribute,
                                 .attribute_count = of->s->attribute_count,
                                 .r = y.index,
                                 .g = cotangent.index };
    mutant_vjp(of->kind, &node, d);
    for (int32_t i = 0; i < of->s->in_count; i++)
        if (wg__dtype_is_float(of->s->in[i].dtype))
            gradient[i] = d[i] != WG__NONE ? wg__var_of(y.tape, d[i]) : wg_full_like(in[i], 0);
    return WG_OK;
}

static int record(const wg_var *in, wg_var *out, void *user)
{
    subject *of = user;
    uint32_t index[SPECIMEN_IN_MAX];
    wg_tape *tape = in[0].tape;
    for (int32_t i = 0; i < of->s->in_count; i++) index[i] = in[i].index;
    const wg_var r = wg__var_of(tape, specimen_emit(&tape->builder, of->s, index));
    *out = of->is_mutant ? wg_custom_vjp(r, of->s->in_count, in, wrong_rule, of) : r;
    return WG_OK;
}

/* ---- points ---- */

static void inputs_make(const specimen *s, uint64_t *state, wg_view *in)
{
    double *first = NULL, *last = NULL;
    int64_t count = 0;
    for (int32_t i = 0; i < s->in_count; i++) {
        wg_shape shape = { .rank = s->in[i].shape.rank };
        for (int32_t k = 0; k < shape.rank; k++) shape.dim[k] = s->in[i].shape.dim[k];
        count = wg_shape_count(shape);
        void *data = malloc((size_t)count * wg_dtype_bytes(s->in[i].dtype) + 1);
        check(data != NULL);
        specimen_fill(s, i, state, data);
        in[i] = wg_view_of(data, s->in[i].dtype, shape);
        if (i == 0) first = data;
        last = data;
    }
    /* The checker's steps are up to 0.7% of an element: kinks lie further away. */
    for (int64_t i = 0; i < count && specimen_is_elementwise(s); i++)
        while (specimen_distance(s->op, first[i], last[i]) < 0.08)
            last[i] = specimen_draw(s, s->in_count - 1, state);
}

static void inputs_free(const specimen *s, wg_view *in)
{
    for (int32_t i = 0; i < s->in_count; i++) free((void *)(uintptr_t)in[i].data);
}

/* ---- verdicts ---- */

static wg_var ramp(wg_var like, double start)
{
    const wg_shape shape = wg_shape_of(like);
    const wg_var i = wg_iota(like.tape, WG_F64, wg_shape_count(shape));
    return wg_cast(wg_reshape(wg_sin(wg_shift(i, start)), shape), wg_dtype_of(like));
}

/* sum w y and, up to ORDER_MAX, sums of its weighted gradients. */
static void sums_record(const specimen *s, wg_var y, const wg_var *in, wg_var *sum)
{
    sum[0] = wg_sum(wg_mul(y, ramp(y, 1)), WG_ALL);
    for (int order = 1; order <= ORDER_MAX; order++) {
        sum[order] = wg_full(y.tape, WG_F64, WG_SCALAR, 0);
        for (int32_t i = 0; i < s->in_count; i++) {
            if (!wg__dtype_is_float(s->in[i].dtype)) continue;
            const wg_var d = wg_grad(sum[order - 1], in[i]);
            sum[order] = wg_add(sum[order], wg_sum(wg_mul(d, ramp(d, order + i)), WG_ALL));
        }
    }
}

/* The mutant's derivatives of all orders are those of the op. */
static bool is_same_rule(wg_runtime *runtime, subject *of, const wg_view *view)
{
    wg_tape *tape = wg_tape_create(NULL);
    wg_var in[SPECIMEN_IN_MAX], right, wrong, a[ORDER_MAX + 1], b[ORDER_MAX + 1];
    bool is_same = true;
    subject as_is = { .s = of->s };
    for (int32_t i = 0; i < of->s->in_count; i++) in[i] = wg_input(tape, NULL, view[i]);
    check(record(in, &right, &as_is) == WG_OK && record(in, &wrong, of) == WG_OK);
    sums_record(of->s, right, in, a);
    sums_record(of->s, wrong, in, b);
    for (int order = 1; order <= ORDER_MAX; order++) {
        double x = 0, y = 1;
        is_same = is_same && wg_item(runtime, a[order], &x) == WG_OK &&
                  wg_item(runtime, b[order], &y) == WG_OK && fabs(x - y) <= 1e-11 * (1 + fabs(x));
    }
    wg_tape_free(tape);
    return is_same;
}

static void check_subject(wg_runtime *runtime, subject *of, const wg_view *in, const char *name)
{
    wg_error error = { 0 };
    const wg_check_options options = { .order = ORDER_MAX, .seed = test_seed() };
    const int status =
        wg_check_gradient(runtime, record, of, of->s->in_count, in, &options, NULL, &error);
    if (!of->is_mutant) {
        check_msg(status == WG_OK, "%s: %s", name, error.message);
        return;
    }
    /* What is no request, or gives another shape, is refused before it could be compared. */
    if (status == WG_OK)
        check_msg(is_same_rule(runtime, of, in), "%s: %s passes", name, mutant_name(of->kind));
}

/* Why the checker has nothing to say about an op. */
static const char *exception_of(const specimen *s)
{
    if (specimen_reason(s->op) != NULL) return specimen_reason(s->op);
    if (!wg__op_table[s->op].is_differentiable) return "it has no derivative";
    if (s->op == WG__OP_cast) return "f32 is rounded by more than a wrong rule may be off";
    const int64_t count = wg__shape_count(&s->in[0].shape);
    if (count == 0) return "there is no element to move";
    if (count > CHECKED_MAX) return "of so many elements some are drawn, and one may be missed";
    return NULL;
}

Test(check_table, right_rules_pass_and_mutants_of_them_are_caught)
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    uint64_t state = test_seed();
    for (int32_t i = 0; i < specimen_count(); i++) {
        const specimen *s = specimen_at(i);
        char text[200];
        wg__text name = wg__text_of(text, sizeof text);
        wg_view in[SPECIMEN_IN_MAX];
        if (exception_of(s) != NULL) continue;
        specimen_name(s, &name);
        inputs_make(s, &state, in);
        check_subject(runtime, &(subject){ .s = s }, in, text);
        for (int kind = 0; kind < MUTANT_COUNT; kind++) {
            subject of = { .s = s, .kind = (mutant)kind, .is_mutant = true };
            check_subject(runtime, &of, in, text);
        }
        inputs_free(s, in);
    }
    wg_runtime_free(runtime);
}
