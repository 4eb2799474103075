/* Convolutions against their definition as nested loops over integers, where every sum is exact:
 * values and both gradients, bit for bit, at random geometries. */
#include "graph/lab.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

/* One convolution; of two axes always, the first with one element if there is one. */
typedef struct problem {
    int axis_count;
    bool is_transposed;
    int64_t n, c, channels, groups;
    int64_t in[2], extent[2], stride[2], dilation[2], low[2], out[2];
    wg_conv_options options;
} problem;

/* ---- the definition ---- */

enum { ELEMENTS_MAX = 40000 };
typedef struct values { double x[ELEMENTS_MAX], weight[ELEMENTS_MAX], y[ELEMENTS_MAX]; } values;

static int64_t element_of_x(const problem *p, int64_t n, const int64_t at[2], int64_t channel)
{
    return ((n * p->in[0] + at[0]) * p->in[1] + at[1]) * p->c + channel;
}

static int64_t element_of_y(const problem *p, int64_t n, const int64_t at[2], int64_t channel)
{
    return ((n * p->out[0] + at[0]) * p->out[1] + at[1]) * p->channels + channel;
}

/* The three elements that each product of the definition joins, one product after the other. */
typedef struct term { int64_t x, weight, y; } term;
typedef void visitor(const term *t, void *user);

/* Of each tap at each place the other end: coarse places are stride apart on the fine side, which
 * is x in a convolution and y in a transposed one. */
static void visit_place(const problem *p, int64_t n, const int64_t coarse[2], visitor *visit,
                        void *user)
{
    const int64_t inputs = p->c / p->groups, outputs = p->channels / p->groups;
    const int64_t *limit = p->is_transposed ? p->out : p->in;
    for (int64_t tap = 0; tap < p->extent[0] * p->extent[1]; tap++) {
        const int64_t k[2] = { tap / p->extent[1], tap % p->extent[1] };
        int64_t fine[2];
        for (int i = 0; i < 2; i++)
            fine[i] = coarse[i] * p->stride[i] + k[i] * p->dilation[i] - p->low[i];
        if (fine[0] < 0 || fine[0] >= limit[0] || fine[1] < 0 || fine[1] >= limit[1]) continue;
        for (int64_t o = 0; o < p->channels; o++)
            for (int64_t i = 0; i < inputs; i++) {
                const int64_t channel = o / outputs * inputs + i;
                const int64_t *at = p->is_transposed ? coarse : fine;
                const int64_t *to = p->is_transposed ? fine : coarse;
                const term t = { element_of_x(p, n, at, channel),
                                 (tap * inputs + i) * p->channels + o, element_of_y(p, n, to, o) };
                visit(&t, user);
            }
    }
}

static void visit_all(const problem *p, visitor *visit, void *user)
{
    const int64_t *count = p->is_transposed ? p->in : p->out;
    for (int64_t n = 0; n < p->n; n++)
        for (int64_t i = 0; i < count[0]; i++)
            for (int64_t j = 0; j < count[1]; j++)
                visit_place(p, n, (const int64_t[2]){ i, j }, visit, user);
}

/* given: x, weight and, in y, the cotangent. */
typedef struct sums { const values *given; values *result; } sums;

static void add_term(const term *t, void *user)
{
    const sums *s = user;
    s->result->y[t->y] += s->given->x[t->x] * s->given->weight[t->weight];
    s->result->x[t->x] += s->given->y[t->y] * s->given->weight[t->weight];
    s->result->weight[t->weight] += s->given->y[t->y] * s->given->x[t->x];
}

/* ---- random geometries ---- */

static int64_t extent_of_result(const problem *p, int i)
{
    const int64_t span = (p->extent[i] - 1) * p->dilation[i] + 1, n = p->in[i];
    if (p->options.same)
        return p->is_transposed ? n * p->stride[i] : (n + p->stride[i] - 1) / p->stride[i];
    const int64_t pad = p->options.pad[i + p->axis_count - 2];
    return p->is_transposed ? (n - 1) * p->stride[i] + span - 2 * pad
                            : (n + 2 * pad - span) / p->stride[i] + 1;
}

/* What is missing for the last window, half of it before. */
static int64_t low_of_same(const problem *p, int i)
{
    const int64_t span = (p->extent[i] - 1) * p->dilation[i] + 1;
    const int64_t coarse = p->is_transposed ? p->in[i] : p->out[i];
    const int64_t fine = p->is_transposed ? p->out[i] : p->in[i];
    const int64_t missing = (coarse - 1) * p->stride[i] + span - fine;
    return missing > 0 ? missing / 2 : 0;
}

/* False if no window fits. */
static bool draw(uint64_t *state, problem *p)
{
    *p = (problem){ .axis_count = (int)test_draw(state, 1, 2),
                    .is_transposed = test_draw(state, 0, 1) != 0,
                    .n = test_draw(state, 1, 3),
                    .groups = test_draw(state, 1, 3) };
    p->c = p->groups * test_draw(state, 1, 3);
    p->channels = p->groups * test_draw(state, 1, 3);
    p->options.groups = p->groups == 1 ? 0 : p->groups;
    p->options.same = test_draw(state, 0, 2) == 0;
    for (int i = 0; i < 2; i++) {
        const bool is_there = i >= 2 - p->axis_count;
        const int place = i + p->axis_count - 2;
        p->in[i] = is_there ? test_draw(state, 1, 7) : 1;
        p->extent[i] = is_there ? test_draw(state, 1, 4) : 1;
        p->stride[i] = is_there ? test_draw(state, 1, 3) : 1;
        p->dilation[i] = is_there ? test_draw(state, 1, 3) : 1;
        if (is_there) {
            p->options.stride[place] = p->stride[i] == 1 ? 0 : p->stride[i];
            p->options.dilation[place] = p->dilation[i];
            p->options.pad[place] = p->options.same ? 0 : test_draw(state, 0, 3);
            p->low[i] = p->options.pad[place];
        }
        p->out[i] = is_there ? extent_of_result(p, i) : 1;
        if (is_there && p->options.same) p->low[i] = low_of_same(p, i);
        const int64_t span = (p->extent[i] - 1) * p->dilation[i] + 1;
        const bool has_none = !p->is_transposed && !p->options.same &&
                              p->in[i] + 2 * p->low[i] < span;
        if (p->out[i] < 1 || has_none) return false;
    }
    return true;
}

static wg_shape shape_of(const problem *p, int64_t lead, const int64_t along[2], int64_t last)
{
    wg_shape shape = { .rank = 0 };
    if (lead > 0) shape.dim[shape.rank++] = lead;
    for (int i = 2 - p->axis_count; i < 2; i++) shape.dim[shape.rank++] = along[i];
    shape.dim[shape.rank++] = last;
    return shape;
}

static wg_shape shape_of_weight(const problem *p)
{
    wg_shape shape = shape_of(p, 0, p->extent, p->c / p->groups);
    shape.dim[shape.rank++] = p->channels;
    return shape;
}

static wg_var layer_of(const problem *p, wg_scope scope, wg_var x)
{
    const int64_t a = p->extent[0], b = p->extent[1];
    if (p->axis_count == 1)
        return p->is_transposed ? wg_conv1d_transposed(scope, "c", x, p->channels, b, &p->options)
                                : wg_conv1d(scope, "c", x, p->channels, b, &p->options);
    return p->is_transposed ? wg_conv2d_transposed(scope, "c", x, p->channels, a, b, &p->options)
                            : wg_conv2d(scope, "c", x, p->channels, a, b, &p->options);
}

static void fill(uint64_t *state, double *x, int64_t count)
{
    check(count <= ELEMENTS_MAX);
    for (int64_t i = 0; i < count; i++) x[i] = (double)test_draw(state, -9, 9);
}

static void check_equal(const double *actual, const double *expected, int64_t count,
                        const char *what, const problem *p)
{
    for (int64_t i = 0; i < count; i++)
        check_msg(actual[i] == expected[i],
                  "%s[%lld]: %g, not %g (%d axes, transposed %d, same %d, groups %lld)", what,
                  (long long)i, actual[i], expected[i], p->axis_count, p->is_transposed,
                  p->options.same, (long long)p->groups);
}

static void check_problem(const problem *p, uint64_t *state)
{
    static values given, expected;
    static double actual[ELEMENTS_MAX];
    const lab l = lab_open(1);
    const wg_shape shape_x = shape_of(p, p->n, p->in, p->c), shape_w = shape_of_weight(p);
    const wg_shape shape_y = shape_of(p, p->n, p->out, p->channels);
    const int64_t x_count = wg_shape_count(shape_x), w_count = wg_shape_count(shape_w);
    const int64_t y_count = wg_shape_count(shape_y);
    fill(state, given.x, x_count);
    fill(state, given.weight, w_count);
    fill(state, given.y, y_count);
    memset(&expected, 0, sizeof expected);
    visit_all(p, add_term, &(sums){ &given, &expected });

    check_status(wg_params_set(l.params, "c/weight", wg_f64(given.weight, shape_w)), WG_OK);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var x = wg_batch(l.tape, "x", wg_f64(given.x, shape_x));
    wg_var y = layer_of(p, scope, x), parameter[2], gradient[2];
    check_msg(wg_tape_status(l.tape) == WG_OK, "%s", wg_tape_message(l.tape));
    check_msg(wg_shape_equal(wg_shape_of(y), shape_y), "extents %lld %lld, not %lld %lld",
              (long long)wg_extent(y, 1), (long long)wg_extent(y, -2), (long long)p->out[0],
              (long long)p->out[1]);
    check_equal_i(wg_parameters(scope, 2, parameter), 2); /* bias, weight */
    wg_var cotangent = wg_input(l.tape, "g", wg_f64(given.y, shape_y));
    wg_var by[2] = { x, parameter[1] };
    check_status(wg_vjps(1, &y, &cotangent, 2, by, gradient), WG_OK);
    lab_read(l, y, actual, y_count);
    check_equal(actual, expected.y, y_count, "y", p);
    lab_read(l, gradient[0], actual, x_count);
    check_equal(actual, expected.x, x_count, "dx", p);
    lab_read(l, gradient[1], actual, w_count);
    check_equal(actual, expected.weight, w_count, "dweight", p);
    lab_close(l);
}

Test(convolution, is_its_definition_with_its_gradients)
{
    uint64_t state = test_seed();
    for (int done = 0; done < 60;) {
        problem p;
        if (!draw(&state, &p)) continue;
        check_problem(&p, &state);
        done++;
    }
}

/* ---- options, by hand ---- */

/* (1 2 3) with weights 1, 10 and bias 100: 121, 132; relu of minus that is 0. */
Test(convolution, adds_its_bias_and_activates)
{
    const float x[3] = { 1, 2, 3 }, weight[2] = { 1, 10 }, bias = 100;
    const lab l = lab_open(1);
    lab_put(l, "c/weight", weight, WG_SHAPE(2, 1, 1));
    lab_put(l, "c/bias", &bias, WG_SHAPE(1));
    const wg_scope scope = lab_scope(l, WG_EVALUATION);
    wg_var rows = wg_input(l.tape, "x", wg_f32(x, WG_SHAPE(1, 3, 1)));
    wg_var y = wg_conv1d(scope, "c", rows, 1, 2, WG_OPTIONS(wg_conv_options, .activation = wg_neg));
    float value[2];
    check(wg_find(scope, "c").index == y.index);
    lab_read_f32(l, y, value, 2);
    check(value[0] == -121 && value[1] == -132);
    lab_close(l);
}

Test(convolution, makes_its_parameters_as_told)
{
    const lab l = lab_open(1);
    const wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var x = wg_full(l.tape, WG_F64, WG_SHAPE(2, 4, 4, 6), 1);
    const wg_conv_options options = { .groups = 3, .without_bias = true,
                                      .weight = wg_init_constant(0.5) };
    double y[2 * 2 * 3 * 9];
    lab_read(l, wg_conv2d(scope, "c", x, 9, 3, 2, &options), y, 2 * 2 * 3 * 9);
    for (int i = 0; i < 2 * 2 * 3 * 9; i++) check(y[i] == 6); /* 3 x 2 places, 2 channels, 1/2 */
    wg_view view;
    check_status(wg_params_find(l.params, "c/bias", &view), WG_ENAME);
    check_status(wg_params_find(l.params, "c/weight", &view), WG_OK);
    check(wg_shape_equal(view.shape, WG_SHAPE(3, 2, 2, 9)));
    check_equal_i(view.dtype, WG_F64);
    lab_close(l);
}

/* No sample, no channel in or out: nothing, or the bias. */
Test(convolution, of_nothing_is_nothing)
{
    const lab l = lab_open(1);
    wg_scope scope = lab_scope(l, WG_TRAINING);
    float y[8];
    wg_var x = wg_full(l.tape, WG_F32, WG_SHAPE(0, 4, 2), 1);
    lab_read_f32(l, wg_conv1d(scope, "a", x, 3, 2, NULL), y, 0);
    lab_read_f32(l, wg_conv1d_transposed(scope, "b", x, 3, 2, NULL), y, 0);
    x = wg_full(l.tape, WG_F32, WG_SHAPE(1, 4, 0), 1);
    lab_read_f32(l, wg_conv1d(scope, "c", x, 2, 1, NULL), y, 8);
    for (int i = 0; i < 8; i++) check(y[i] == 0);
    lab_read_f32(l, wg_conv1d(scope, "d", x, 0, 1, NULL), y, 0);
    lab_close(l);
}

/* The bits of each sample are those of the sample alone, at one thread and at three. */
Test(convolution, keeps_samples_apart)
{
    enum { SAMPLES = 40, COUNT = 9 * 9 * 3, OUT = 5 * 5 * 4 };
    static float x[SAMPLES * COUNT], all[2][SAMPLES * OUT], alone[OUT];
    for (int i = 0; i < SAMPLES * COUNT; i++) x[i] = (float)(i * 53 % 97) / 40 - 1.2f;
    const wg_conv_options options = { .stride = { 2, 2 }, .same = true };
    for (int k = 0; k < 2; k++) {
        const lab l = lab_open(k == 0 ? 1 : 3);
        wg_scope scope = lab_scope(l, WG_TRAINING);
        wg_var rows = wg_batch(l.tape, "x", wg_f32(x, WG_SHAPE(SAMPLES, 9, 9, 3)));
        lab_read_f32(l, wg_conv2d(scope, "c", rows, 4, 3, 3, &options), all[k], SAMPLES * OUT);
        for (int i = 0; i < SAMPLES && k == 1; i += 13) {
            scope = lab_scope(l, WG_TRAINING);
            rows = wg_batch(l.tape, "x", wg_f32(x + i * COUNT, WG_SHAPE(1, 9, 9, 3)));
            lab_read_f32(l, wg_conv2d(scope, "c", rows, 4, 3, 3, &options), alone, OUT);
            check_bytes(alone, all[1] + i * OUT, sizeof alone);
        }
        lab_close(l);
    }
    check_bytes(all[0], all[1], sizeof all[0]);
}

/* ---- under transforms ---- */

/* What one sample [5, 5, 2] adds to the gradient of a sum of squares by the weight; user is the
 * scope. */
static int gradient_of_one(const wg_var *in, wg_var *out, void *user)
{
    const wg_scope scope = *(const wg_scope *)user;
    const wg_conv_options options = { .groups = 2, .stride = { 2 }, .without_bias = true };
    wg_var x = wg_reshape(in[0], WG_SHAPE(1, 5, 5, 2)), weight;
    wg_var y = wg_max_pool2d(wg_conv2d(scope, "c", x, 4, 2, 2, &options), 2, 1);
    check_equal_i(wg_parameters(scope, 1, &weight), 1);
    out[0] = wg_grad(wg_sum(wg_square(y), WG_ALL), weight);
    return WG_OK;
}

/* In one vmap as one by one, to the last bit. */
Test(convolution, gradients_of_samples_are_those_of_each_alone)
{
    enum { SAMPLES = 7, COUNT = 5 * 5 * 2, WEIGHTS = 2 * 2 * 1 * 4 };
    uint64_t state = test_seed();
    double x[SAMPLES * COUNT], all[SAMPLES * WEIGHTS], alone[WEIGHTS];
    for (int i = 0; i < SAMPLES * COUNT; i++) x[i] = (double)test_draw(&state, -999, 999) / 64;
    const lab l = lab_open(1);
    wg_scope scope = lab_scope(l, WG_TRAINING);
    wg_var rows = wg_batch(l.tape, "x", wg_f64(x, WG_SHAPE(SAMPLES, 5, 5, 2))), out;
    check_status(wg_vmap(gradient_of_one, &scope, 1, &rows, 1, &out), WG_OK);
    check(wg_shape_equal(wg_shape_of(out), WG_SHAPE(SAMPLES, 2, 2, 1, 4)));
    lab_read(l, out, all, SAMPLES * WEIGHTS);
    for (int i = 0; i < SAMPLES; i++) {
        scope = lab_scope(l, WG_TRAINING);
        rows = wg_batch(l.tape, "x", wg_f64(x + i * COUNT, WG_SHAPE(5, 5, 2)));
        check_status(gradient_of_one(&rows, &out, &scope), WG_OK);
        lab_read(l, out, alone, WEIGHTS);
        check_bytes(all + i * WEIGHTS, alone, sizeof alone);
    }
    lab_close(l);
}

/* ---- what is refused ---- */

Test(convolution, refuses_what_does_not_fit_by_name_and_shape)
{
    const struct { wg_conv_options options; int64_t channels, width; int status; const char *text; }
    bad[] = {
        { { 0 }, 4, 6, WG_ESHAPE, "net/c: conv2d: [1, 5, 5, 4]: 6 elements, 1 apart, do not fit "
                                  "into axis 1, padded by 0 (test_conv" },
        { { .dilation = { 0, 3 } }, 4, 3, WG_ESHAPE,
          "3 elements, 3 apart, do not fit into axis 2, padded by 0 (test_conv" },
        { { .groups = 3 }, 6, 3, WG_ESHAPE, "3 groups do not divide 4 channels into 6 (test_conv" },
        { { .groups = 4 }, 6, 3, WG_ESHAPE, "4 groups do not divide 4 channels into 6" },
        { { .groups = -1 }, 6, 3, WG_ESHAPE, "-1 groups do not divide" },
        { { 0 }, -1, 3, WG_ESHAPE, "1 groups do not divide 4 channels into -1" },
        { { 0 }, 4, 0, WG_EINVALID, "a window has 1 element or more along each axis" },
        { { .stride = { -1 } }, 4, 3, WG_EINVALID, "stride, dilation or pad is out of range" },
        { { .pad = { 0, (int64_t)1 << 40 } }, 4, 3, WG_EINVALID, "pad is out of range" },
        { { .same = true, .pad = { 1 } }, 4, 3, WG_EINVALID, "pad is given, and same" },
        { { .reserved = { 0, 0, 1 } }, 4, 3, WG_EINVALID, "options were not zeroed" },
    };
    const lab l = lab_open(1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const wg_scope scope = wg_scope_in(lab_scope(l, WG_TRAINING), "net");
        wg_var x = wg_full(l.tape, WG_F32, WG_SHAPE(1, 5, 5, 4), 1);
        ignore(wg_conv2d(scope, "c", x, bad[i].channels, bad[i].width, bad[i].width,
                         &bad[i].options));
        lab_refused(l, bad[i].status, bad[i].text);
    }
    wg_scope scope = lab_scope(l, WG_TRAINING);
    ignore(wg_conv2d(scope, "c", wg_full(l.tape, WG_F32, WG_SHAPE(5, 5, 4), 1), 4, 3, 3, NULL));
    lab_refused(l, WG_ESHAPE, "c: conv2d: [5, 5, 4]: [n, h, w, c] expected (test_conv");
    scope = lab_scope(l, WG_TRAINING);
    ignore(wg_conv1d(scope, "c", (wg_var){ 0 }, 4, 3, NULL));
    lab_refused(l, WG_EINVALID, "c: conv1d: the null value (test_conv");
    scope = lab_scope(l, WG_TRAINING);
    ignore(wg_conv1d(scope, "c", wg_full(l.tape, WG_F32, WG_SHAPE(1, 5, 4), 1), 4, 3,
                     WG_OPTIONS(wg_conv_options, .stride = { 1, 1 })));
    lab_refused(l, WG_EINVALID, "stride, dilation or pad of an axis too many");
    scope = lab_scope(l, WG_TRAINING);
    ignore(wg_conv1d_transposed(scope, "c", wg_full(l.tape, WG_F32, WG_SHAPE(1, 2, 4), 1), 4, 2,
                                WG_OPTIONS(wg_conv_options, .pad = { 2 })));
    lab_refused(l, WG_ESHAPE, "conv1d_transposed: [1, 2, 4]: 2 elements, 1 apart, do not fit");
    scope = lab_scope(l, WG_TRAINING);
    ignore(wg_conv1d(scope, "c", wg_full(l.tape, WG_I32, WG_SHAPE(1, 5, 4), 1), 4, 3, NULL));
    lab_refused(l, WG_EDTYPE, "f32 or f64 expected, not i32");
    check_equal_i(wg_params_count(l.params), 0);
    lab_close(l);
}

static int record(const wg_allocator *allocator, void *user)
{
    (void)user;
    wg_tape *tape = wg_tape_create(WG_OPTIONS(wg_tape_options, .allocator = allocator));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    int status = WG_EMEMORY;
    if (tape && params) {
        const wg_scope scope = wg_scope_root(tape, params, WG_TRAINING);
        wg_var x = wg_full(tape, WG_F32, WG_SHAPE(1, 5, 5, 4), 1);
        x = wg_conv2d(scope, "a", x, 4, 3, 3, WG_OPTIONS(wg_conv_options, .groups = 2));
        x = wg_conv2d_transposed(scope, "b", x, 2, 3, 3, NULL);
        x = wg_batch_norm(scope, "norm", x, NULL);
        ignore(wg_grad(wg_sum(wg_max_pool2d(x, 2, 0), WG_ALL), x));
        status = wg_tape_status(tape);
    }
    wg_params_free(params);
    wg_tape_free(tape);
    return status;
}

Test(convolution, survives_each_failing_allocation)
{
    check(test_memory_fail_each(record, NULL) > 10);
}
