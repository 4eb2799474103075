/* Branch-safe select with values, for every op that moves a branch mask or must obey one: between a
 * poisoned logarithm and a select that does not take it stands an op of the table. What no taken
 * element depends on has the gradient 0, exactly; all other elements have the gradient that they
 * have without any poison. To the third order, alone, nested, with two readers, and inside the
 * transforms.                                                                                    */
#include "support/immediate.h"
#include "support/specimen.h"
#include "support/test.h"

#include "graph/internal.h"

#include <math.h>
#include <stdlib.h>
#include <wengert/wengert.h>

enum { ELEMENTS_MAX = 64, ORDER_MAX = 3 };

/* What is within what: the select in a transform, or a transform between logarithm and select. */
typedef enum frame {
    PLAIN, NESTED, TWO_READERS, IN_A_RULE, IN_VMAP, IN_RECOMPUTE, IN_VMAP_OF_RECOMPUTE, IN_SCAN,
    IN_SCAN_OF_RECOMPUTE, AROUND_RECOMPUTE, AROUND_HALF_A_RECOMPUTE, AROUND_VMAP,
    AROUND_VMAP_OF_RECOMPUTE, IN_VMAP_AROUND_RECOMPUTE, IN_SCAN_AROUND_RECOMPUTE, FRAME_COUNT
} frame;
static const char *const frames[FRAME_COUNT] = {
    "alone", "nested", "two readers", "in a rule", "in a vmap", "in a recompute",
    "in a vmap of a recompute", "in a scan", "in a scan of a recompute", "around a recompute",
    "around a recompute after the logarithm", "around a vmap", "around a vmap of a recompute",
    "in a vmap, around a recompute", "in a scan, around a recompute",
};

typedef struct scene {
    const specimen *s;
    frame frame;
    wg_runtime *runtime;
    wg_tape *tape;
    wg__shape out_shape;
    int64_t out_count;
    bool is_taken[ELEMENTS_MAX];
    bool depends[ELEMENTS_MAX][SPECIMEN_IN_MAX][ELEMENTS_MAX]; /* result on element of input */
    bool is_reached[SPECIMEN_IN_MAX][ELEMENTS_MAX];            /* by a result that is taken */
    double gradient[2][ORDER_MAX][SPECIMEN_IN_MAX][ELEMENTS_MAX]; /* without, with poison */
} scene;

static bool is_real(const scene *c, int32_t i)
{
    return wg__dtype_is_float(c->s->in[i].dtype);
}

static int64_t count_of(const scene *c, int32_t i)
{
    return wg__shape_count(&c->s->in[i].shape);
}

static wg_shape shape_of(const wg__shape *shape)
{
    wg_shape out = { .rank = shape->rank };
    for (int32_t i = 0; i < shape->rank; i++) out.dim[i] = shape->dim[i];
    return out;
}

/* ---- what depends on what ---- */

/* By the shape of the op alone: of a product or maximum every element is reached that a sum would
 * reach, of an elementwise op its own. */
static specimen linear_of(const scene *c)
{
    specimen linear = *c->s;
    if (wg__op_table[linear.op].class == WG__CLASS_REDUCE) linear.op = WG__OP_sum;
    return linear;
}

static void dependence_find(scene *c)
{
    const specimen s = linear_of(c);
    const bool is_elementwise = wg__op_table[s.op].class == WG__CLASS_MAP ||
                                wg__op_table[s.op].class == WG__CLASS_LINEAR;
    immediate *im = immediate_create(WG__PORTABLE);
    double zeros[ELEMENTS_MAX] = { 0 };
    uint32_t in[SPECIMEN_IN_MAX], d[SPECIMEN_IN_MAX];
    for (int32_t i = 0; i < s.in_count; i++) {
        in[i] = immediate_f64(im, &s.in[i].shape, zeros);
        in[i] = wg__emit_cast(&im->builder, in[i], s.in[i].dtype);
    }
    const uint32_t r = specimen_emit(&im->builder, &s, in);
    c->out_shape = im->node[r]->type.shape;
    c->out_count = immediate_count(im, r);
    for (int64_t j = 0; j < c->out_count; j++) {
        double one[ELEMENTS_MAX] = { 0 };
        one[j] = 1;
        const uint32_t g = wg__emit_cast(&im->builder, immediate_f64(im, &c->out_shape, one),
                                         im->node[r]->type.dtype);
        if (!is_elementwise) immediate_vjp(im, r, g, s.in_count, in, d);
        for (int32_t i = 0; i < s.in_count; i++)
            for (int64_t k = 0; k < count_of(c, i); k++)
                c->depends[j][i][k] = is_elementwise ? j == k : immediate_at(im, d[i], k) != 0;
    }
    immediate_free(im);
}

/* Some results are taken, and with them what they depend on. */
static void branches_draw(scene *c, uint64_t *state)
{
    for (int64_t j = 0; j < c->out_count; j++) {
        c->is_taken[j] = test_draw(state, 0, 1) != 0;
        for (int32_t i = 0; i < c->s->in_count; i++)
            for (int64_t k = 0; k < count_of(c, i); k++)
                c->is_reached[i][k] =
                    c->is_reached[i][k] || (c->is_taken[j] && c->depends[j][i][k]);
    }
}

/* ---- the recording ---- */

/* Of a shape of rows if the frame has them: two rows of the same. */
static bool has_rows(const scene *c)
{
    switch (c->frame) {
    case IN_VMAP:
    case IN_VMAP_OF_RECOMPUTE:
    case IN_VMAP_AROUND_RECOMPUTE:
    case AROUND_VMAP:
    case AROUND_VMAP_OF_RECOMPUTE:
    case IN_SCAN:
    case IN_SCAN_OF_RECOMPUTE:
    case IN_SCAN_AROUND_RECOMPUTE: return true;
    default: return false;
    }
}

static wg_var constant_of(const scene *c, wg_dtype dtype, wg_shape shape, const double *data)
{
    double twice[2 * ELEMENTS_MAX];
    const int64_t count = wg_shape_count(shape);
    for (int64_t i = 0; i < 2 * count; i++) twice[i] = data[i % count];
    if (has_rows(c)) {
        for (int i = shape.rank++; i > 0; i--) shape.dim[i] = shape.dim[i - 1];
        shape.dim[0] = 2;
    }
    return wg_cast(wg_constant(c->tape, wg_f64(twice, shape)), dtype);
}

/* log(x) / 2, which is in the domain of every row. */
static void take_logarithms(const scene *c, const wg_var *in, wg_var *out)
{
    for (int32_t i = 0; i < c->s->in_count; i++)
        out[i] = is_real(c, i) ? wg_scale(wg_log(in[i]), 0.5) : in[i];
}

static int op_alone(const wg_var *in, wg_var *out, void *user)
{
    const scene *c = user;
    uint32_t index[SPECIMEN_IN_MAX];
    for (int32_t i = 0; i < c->s->in_count; i++) index[i] = in[i].index;
    *out = wg__var_of(in[0].tape, specimen_emit(&in[0].tape->builder, c->s, index));
    return 0;
}

static int op_of_logarithms(const wg_var *in, wg_var *out, void *user)
{
    const scene *c = user;
    wg_var log[SPECIMEN_IN_MAX];
    take_logarithms(c, in, log);
    return op_alone(log, out, user);
}

/* The op of the logarithms, as the frame has it. */
static int result_of(const wg_var *in, wg_var *out, scene *c)
{
    wg_var log[SPECIMEN_IN_MAX];
    switch (c->frame) {
    case AROUND_HALF_A_RECOMPUTE:
        take_logarithms(c, in, log);
        return wg_recompute(op_alone, c, c->s->in_count, log, 1, out);
    case AROUND_RECOMPUTE:
    case IN_VMAP_AROUND_RECOMPUTE:
    case IN_SCAN_AROUND_RECOMPUTE:
        return wg_recompute(op_of_logarithms, c, c->s->in_count, in, 1, out);
    default: return op_of_logarithms(in, out, c);
    }
}

/* Where the result is not taken, a half. in: inputs, condition. */
static int body(const wg_var *in, wg_var *out, void *user)
{
    scene *c = user;
    const wg_var is_taken = in[c->s->in_count];
    wg_var r;
    const int status = result_of(in, &r, c);
    const wg_var y = wg_select(is_taken, r, wg_number(r, 0.5));
    out[0] = y;
    if (c->frame == NESTED) out[0] = wg_select(is_taken, wg_sin(y), wg_exp(r));
    if (c->frame == TWO_READERS)
        out[0] = wg_add(y, wg_select(wg_not(is_taken), wg_number(r, 2), wg_mul(r, r)));
    if (c->frame == NESTED) out[0] = wg_select(is_taken, out[0], wg_number(r, 1));
    return status;
}

static int recomputed(const wg_var *in, wg_var *out, void *user)
{
    const scene *c = user;
    return wg_recompute(body, user, c->s->in_count + 1, in, 1, out);
}

static int op_recomputed(const wg_var *in, wg_var *out, void *user)
{
    const scene *c = user;
    return wg_recompute(op_of_logarithms, user, c->s->in_count, in, 1, out);
}

/* The function for each row, and the select of all. */
static int around(wg_function *function, const wg_var *in, wg_var *out, scene *c)
{
    wg_var r;
    const int status = wg_vmap(function, c, c->s->in_count, in, 1, &r);
    *out = wg_select(in[c->s->in_count], r, wg_number(r, 0.5));
    return status;
}

/* The derivative of the body as a rule of the caller's. */
static int rule(const wg_var *in, wg_var y, wg_var cotangent, wg_var *gradient, void *user)
{
    const scene *c = user;
    const int status = body(in, &y, user);
    for (int32_t i = 0; i < c->s->in_count; i++)
        if (is_real(c, i)) gradient[i] = wg_vjp(y, in[i], cotangent);
    return status;
}

static int ruled(const wg_var *in, wg_var *out, scene *c)
{
    wg_var y = { 0 };
    const int status = body(in, &y, c);
    *out = wg_custom_vjp(y, c->s->in_count + 1, in, rule, c);
    return status;
}

static int step(wg_var *carry, const wg_var *x, wg_var *y, void *user)
{
    const scene *c = user;
    const int status = c->frame == IN_SCAN_OF_RECOMPUTE ? recomputed(x, y, user) : body(x, y, user);
    carry[0] = wg_add(carry[0], wg_sum(y[0], WG_ALL));
    return status;
}

/* Each row a step; what all of them give goes on in the carry. */
static int scanned(const wg_var *in, wg_var *out, scene *c)
{
    const wg_dtype dtype = c->s->wanted.dtype != 0 ? c->s->wanted.dtype : WG_F64;
    wg_var carry = wg_full(c->tape, dtype, WG_SCALAR, 0);
    const int status = wg_scan(step, c, 1, &carry, c->s->in_count + 1, in, 1, out, NULL);
    *out = wg_add(*out, wg_sin(carry));
    return status;
}

static wg_var record(scene *c, const wg_var *in)
{
    const int64_t count = c->s->in_count + 1;
    wg_var out = { 0 };
    int status = 0;
    switch (c->frame) {
    case IN_VMAP:
    case IN_VMAP_AROUND_RECOMPUTE: status = wg_vmap(body, c, count, in, 1, &out); break;
    case IN_VMAP_OF_RECOMPUTE: status = wg_vmap(recomputed, c, count, in, 1, &out); break;
    case IN_RECOMPUTE: status = recomputed(in, &out, c); break;
    case IN_SCAN:
    case IN_SCAN_OF_RECOMPUTE:
    case IN_SCAN_AROUND_RECOMPUTE: status = scanned(in, &out, c); break;
    case IN_A_RULE: status = ruled(in, &out, c); break;
    case AROUND_VMAP: status = around(op_of_logarithms, in, &out, c); break;
    case AROUND_VMAP_OF_RECOMPUTE: status = around(op_recomputed, in, &out, c); break;
    default: status = body(in, &out, c); break;
    }
    check_msg(status == 0, "%s", wg_tape_message(c->tape));
    return out;
}

static wg_var ramp(wg_var like)
{
    const wg_shape shape = wg_shape_of(like);
    const wg_var i = wg_iota(like.tape, WG_F64, wg_shape_count(shape));
    return wg_cast(wg_sin(wg_reshape(wg_add(i, wg_number(i, 1)), shape)), wg_dtype_of(like));
}

/* The first row is enough: all rows are alike. */
static void gradient_read(scene *c, int32_t i, wg_var d, double *out)
{
    double all[2 * ELEMENTS_MAX];
    const int64_t count = wg_shape_count(wg_shape_of(d));
    check_msg(wg_read_f64(c->runtime, wg_cast(d, WG_F64), all, count) == WG_OK, "%s",
              wg_tape_message(c->tape));
    for (int64_t k = 0; k < count_of(c, i); k++) out[k] = all[k];
}

/* All gradients of a weighted sum, and of a weighted sum of these. */
static void gradients_read(scene *c, const wg_var *in, wg_var y, double
                           out[ORDER_MAX][SPECIMEN_IN_MAX][ELEMENTS_MAX])
{
    wg_var sum = wg_sum(wg_mul(y, ramp(y)), WG_ALL);
    for (int order = 0; order < ORDER_MAX; order++) {
        wg_var next = wg_full(c->tape, WG_F64, WG_SCALAR, 0);
        for (int32_t i = 0; i < c->s->in_count; i++) {
            if (!is_real(c, i)) continue;
            const wg_var d = wg_grad(sum, in[i]);
            check_msg(wg_tape_status(c->tape) == WG_OK, "%s", wg_tape_message(c->tape));
            gradient_read(c, i, d, out[order][i]);
            next = wg_add(next, wg_sum(wg_mul(d, ramp(d)), WG_ALL));
        }
        sum = next;
    }
}

/* The logarithms' arguments: those that no taken result reaches may be poison. */
static void run_once(scene *c, bool is_poisoned, uint64_t state)
{
    static const double poisons[3] = { 0, -1, INFINITY };
    double data[ELEMENTS_MAX];
    wg_var in[SPECIMEN_IN_MAX + 1];
    c->tape = wg_tape_create(NULL);
    for (int32_t i = 0; i < c->s->in_count; i++) {
        for (int64_t k = 0; k < count_of(c, i); k++) {
            const double poison = poisons[test_draw(&state, 0, 2)];
            data[k] = is_real(c, i) ? 1.5 + 0.01 * (double)test_draw(&state, 0, 300)
                                    : specimen_draw(c->s, i, &state);
            if (is_poisoned && is_real(c, i) && !c->is_reached[i][k]) data[k] = poison;
        }
        in[i] = constant_of(c, c->s->in[i].dtype, shape_of(&c->s->in[i].shape), data);
    }
    for (int64_t j = 0; j < c->out_count; j++) data[j] = c->is_taken[j];
    in[c->s->in_count] = constant_of(c, WG_BOOL, shape_of(&c->out_shape), data);
    gradients_read(c, in, record(c, in), c->gradient[is_poisoned]);
    wg_tape_free(c->tape);
}

static void check_scene(scene *c, const char *name)
{
    for (int order = 0; order < ORDER_MAX; order++)
        for (int32_t i = 0; i < c->s->in_count; i++)
            for (int64_t k = 0; k < count_of(c, i) && is_real(c, i); k++) {
                const double found = c->gradient[1][order][i][k];
                const double without = c->gradient[0][order][i][k];
                const double expected = c->is_reached[i][k] ? without : 0;
                check_msg(fabs(found - expected) <= 1e-13 * fabs(expected),
                          "%s, %s, order %d, input %d, element %d: %.17g, not %.17g", name,
                          frames[c->frame], order + 1, (int)i, (int)k, found, expected);
            }
}

/* What moves a mask, or is masked: elementwise, movements and reductions of real numbers. */
static bool obeys_masks(const specimen *s)
{
    const wg__class class = wg__op_table[s->op].class;
    return wg__op_table[s->op].is_differentiable && s->in[s->in_count - 1].dtype == WG_F64 &&
           (class == WG__CLASS_LINEAR || class == WG__CLASS_MAP || class == WG__CLASS_MOVE ||
            class == WG__CLASS_REDUCE) &&
           wg__shape_count(&s->in[0].shape) <= ELEMENTS_MAX;
}

Test(branch, what_is_not_taken_leaks_through_no_op)
{
    uint64_t state = test_seed();
    scene *c = malloc(sizeof *c);
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    check(c != NULL && runtime != NULL);
    for (int32_t i = 0; i < specimen_count(); i++) {
        char text[200];
        wg__text name = wg__text_of(text, sizeof text);
        if (!obeys_masks(specimen_at(i))) continue;
        specimen_name(specimen_at(i), &name);
        for (int at = 0; at < FRAME_COUNT; at++) {
            *c = (scene){ .s = specimen_at(i), .frame = (frame)at, .runtime = runtime };
            dependence_find(c);
            branches_draw(c, &state);
            const uint64_t seed = test_random(&state);
            run_once(c, false, seed);
            run_once(c, true, seed);
            check_scene(c, text);
        }
    }
    wg_runtime_free(runtime);
    free(c);
}

/* ---- forward ---- */

/* log(x) sqrt(x), and a half where x is below 1. */
static int select_of_log(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    const wg_var x = in[0];
    const wg_var r = wg_mul(wg_log(x), wg_sqrt(x));
    *out = wg_select(wg_ge(x, wg_number(x, 1)), r, wg_number(r, 0.5));
    return 0;
}

/* J t and H t, with one of the formula's own derivatives where it is taken: (2 + log x) / 2 sqrt x
 * and -log x / 4 x sqrt x. */
static void check_forward(wg_var x, wg_var y, wg_runtime *runtime, const double *at)
{
    double first[4], second[4];
    const wg_var t = wg_full_like(x, 3);
    check_msg(wg_read_f64(runtime, wg_jvp(y, x, t), first, 4) == WG_OK, "%s",
              wg_tape_message(x.tape));
    check_msg(wg_read_f64(runtime, wg_hvp(wg_sum(y, WG_ALL), x, t), second, 4) == WG_OK, "%s",
              wg_tape_message(x.tape));
    for (int i = 0; i < 4; i++) {
        const double root = sqrt(at[i]), log_x = log(at[i]);
        check_close(first[i], at[i] >= 1 ? 3 * (2 + log_x) / (2 * root) : 0, 1e-14);
        check_close(second[i], at[i] >= 1 ? -3 * log_x / (4 * at[i] * root) : 0, 1e-14);
    }
}

Test(branch, what_is_not_taken_leaks_into_no_forward_derivative)
{
    static const double at[4] = { 0, 2, -1, 5 };
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    for (int i = 0; i < 3; i++) {
        wg_tape *tape = wg_tape_create(NULL);
        const wg_var x = wg_input(tape, NULL, wg_f64(at, WG_SHAPE(4)));
        wg_var y;
        const int status = i == 0   ? select_of_log(&x, &y, NULL)
                           : i == 1 ? wg_recompute(select_of_log, NULL, 1, &x, 1, &y)
                                    : wg_vmap(select_of_log, NULL, 1, &x, 1, &y);
        check_status(status, WG_OK);
        check_forward(x, y, runtime, at);
        wg_tape_free(tape);
    }
    wg_runtime_free(runtime);
}
