/* The gradient checker. A function f of several inputs is made a scalar by random weights,
 *
 *     L0 = sum w0 f(x),    Lk = sum over inputs i of sum wki dL(k-1)/dxi,
 *
 * and for each order k the recorded dL(k-1)/dx is compared, element by element, with the fourth
 * order difference of L(k-1). So every derivative is checked against the one below it, down to
 * the value.
 *
 * A difference carries truncation, which falls with the step, and rounding, which grows as it
 * falls. Of several steps the one that agrees best with its neighbour is taken. Rounding is told
 * from a wrong derivative by its size: a few units in the last place of sum |w f|, over the step.
 */
#include "runtime/internal.h"

#include <float.h>
#include <math.h>
#include <wengert/ops.h>

enum {
    ORDER_DEFAULT = 2, ORDER_MAX = 8,
    INPUTS_MAX = 64,
    ELEMENTS_MAX = 100,      /* of an input: of a larger one as many are drawn */
    STEPS = 5, STEP_RATIO = 4,
    ROUNDING_UNITS = 64      /* the sum of a few thousand terms of a function of some ten ops */
};

typedef struct checker {
    wg_runtime *runtime;
    wg_function *function;
    void *user;
    wg_check_options options;
    wg_error *error;
    wg_tape *tape;
    int64_t count;
    wg_var x[INPUTS_MAX];
    wg_tensor at[INPUTS_MAX];   /* contiguous copies, moved for differences */
    size_t bytes[INPUTS_MAX];
    wg_program *value;          /* outputs: L of the order below, sum of |terms| */
    wg_check_result result;
} checker;

/* ---- settings ---- */

static bool is_float(wg_dtype dtype)
{
    return dtype == WG_F32 || dtype == WG_F64;
}

static double epsilon_of(wg_dtype dtype)
{
    return dtype == WG_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
}

/* The least exact dtype of the inputs decides: rounding is that of the function's work. */
static wg_dtype dtype_of(const checker *c)
{
    for (int64_t i = 0; i < c->count; i++)
        if (c->at[i].dtype == WG_F32) return WG_F32;
    return WG_F64;
}

static double tolerance_of(const checker *c)
{
    if (c->options.tolerance > 0) return c->options.tolerance;
    return dtype_of(c) == WG_F32 ? 2e-3 : 1e-8;
}

static int refuse(const checker *c, int status)
{
    return wg__fail(c->error, status, "check: %s", wg_tape_message(c->tape));
}

/* ---- elements ---- */

static double element_get(const wg_tensor *x, int64_t i)
{
    return x->dtype == WG_F32 ? (double)((const float *)x->data)[i] : ((const double *)x->data)[i];
}

static void element_set(const wg_tensor *x, int64_t i, double value)
{
    if (x->dtype == WG_F32) ((float *)x->data)[i] = (float)value;
    else ((double *)x->data)[i] = value;
}

/* A number of 0.5 to 1.5, either sign: no term may be weak enough to hide. */
static double weight(uint64_t seed, uint64_t stream, int64_t i)
{
    uint32_t word[4];
    wg__philox(seed, stream, (uint64_t)i, word);
    const double size = 0.5 + word[0] * 0x1p-32;
    return word[1] & 1 ? size : -size;
}

/* ---- recording ---- */

/* sum w x, and sum |w x| in *size. */
static wg_var weighted(checker *c, wg_var x, uint64_t stream, wg_var *size)
{
    const wg_shape shape = wg_shape_of(x);
    const wg_dtype dtype = wg_dtype_of(x);
    const int64_t count = wg_shape_count(shape);
    const size_t bytes = (size_t)(count > 0 ? count : 0) * wg_dtype_bytes(dtype);
    void *data = wg__allocate(&c->runtime->allocator, bytes);
    if (data == NULL) {
        wg__tape_no_memory(c->tape);
        return (wg_var){ 0 };
    }
    const wg_tensor tensor = wg_tensor_of(data, dtype, shape);
    for (int64_t i = 0; i < count; i++)
        element_set(&tensor, i, weight(c->options.seed, stream, i));
    const wg_var w = wg_constant(c->tape, wg_view_of(data, dtype, shape));
    wg__release(&c->runtime->allocator, data, bytes);
    const wg_var term = wg_mul(w, x);
    *size = wg_sum(wg_abs(term), WG_ALL);
    return wg_sum(term, WG_ALL);
}

static wg_var added(wg_var sum, wg_var x)
{
    if (sum.tape == NULL) return x;
    return wg_add(wg_cast(sum, WG_F64), wg_cast(x, WG_F64));
}

static int inputs_record(checker *c, const wg_view *in)
{
    for (int64_t i = 0; i < c->count; i++) {
        const int status = wg__view_check(&in[i]);
        if (status < 0)
            return wg__fail(c->error, status, "check: input %lld is no view", (long long)i);
        const size_t bytes = (size_t)wg_shape_count(in[i].shape) * wg_dtype_bytes(in[i].dtype);
        void *data = wg__allocate(&c->runtime->allocator, bytes);
        if (data == NULL) return wg__fail(c->error, WG_EMEMORY, "check: no memory");
        wg__view_pack(&in[i], data);
        c->bytes[i] = bytes;
        c->at[i] = wg_tensor_of(data, in[i].dtype, in[i].shape);
        char name[24];
        wg__text text = wg__text_of(name, sizeof name);
        wg__text_add(&text, "x%lld", (long long)i);
        c->x[i] = wg_input(c->tape, name, wg_view_of(data, in[i].dtype, in[i].shape));
    }
    return WG_OK;
}

static int function_record(checker *c, wg_var *sum, wg_var *size)
{
    wg_var y = { 0 };
    const uint32_t held = wg_location_hold(c->tape);
    const int status = c->function(c->x, &y, c->user);
    wg_location_release(c->tape, held);
    if (wg_tape_status(c->tape) < 0) return refuse(c, wg_tape_status(c->tape));
    if (status < 0)
        return wg__fail(c->error, status, "check: the function failed with %d", status);
    if (y.tape != c->tape)
        return wg__fail(c->error, WG_ECALLBACK, "check: the function gave no value of its inputs");
    if (!is_float(wg_dtype_of(y)))
        return wg__fail(c->error, WG_EGRADIENT, "check: the function's value is %s",
                        wg_dtype_name(wg_dtype_of(y)));
    if (c->tape->effect_count > 0)
        return wg__fail(c->error, WG_EINVALID, "check: the function makes or assigns a parameter");
    *sum = weighted(c, y, 0, size);
    return WG_OK;
}

/* ---- running ---- */

static wg_program *program_make(checker *c, int64_t count, const wg_var *output)
{
    wg_program *program = wg_compile(c->runtime, c->tape, count, output);
    for (int64_t i = 0; program != NULL && i < c->count; i++) {
        char name[24];
        wg__text text = wg__text_of(name, sizeof name);
        wg__text_add(&text, "x%lld", (long long)i);
        const wg_view view = wg_view_of(c->at[i].data, c->at[i].dtype, c->at[i].shape);
        if (wg_program_bind(program, name, view) < 0) {
            wg__fail(c->error, WG_EMEMORY, "check: %s", wg_program_message(program));
            wg_program_free(program);
            return NULL;
        }
    }
    return program;
}

static int program_run(const checker *c, wg_program *program)
{
    const int status = wg_program_run(program);
    if (status >= 0) return WG_OK;
    return wg__fail(c->error, status, "check: %s", wg_program_message(program));
}

/* L with one element moved. */
static int value_at(const checker *c, const wg_tensor *x, int64_t i, double place, double *out)
{
    element_set(x, i, place);
    WG_TRY(program_run(c, c->value));
    WG_TRY(wg_program_item(c->value, 0, out));
    if (isfinite(*out)) return WG_OK;
    return wg__fail(c->error, WG_EFINITE, "check: the function is not finite near its inputs");
}

/* (L(x - 2h) - 8 L(x - h) + 8 L(x + h) - L(x + 2h)) / 12h, with h as it is after rounding. */
static int difference(const checker *c, const wg_tensor *x, int64_t i, double h, double *out)
{
    static const double factor[4] = { 1, -8, 8, -1 };
    static const int place[4] = { -2, -1, 1, 2 };
    const double origin = element_get(x, i);
    double sum = 0;
    int status = WG_OK;
    element_set(x, i, origin + h);
    const double step = element_get(x, i) - origin;
    for (int j = 0; j < 4 && status >= 0; j++) {
        double value = 0;
        status = value_at(c, x, i, origin + place[j] * step, &value);
        sum += factor[j] * value;
    }
    element_set(x, i, origin);
    if (status >= 0) *out = sum / (12 * step);
    return status;
}

/* ---- comparing ---- */

static double step_first(const checker *c, const wg_tensor *x, int64_t i)
{
    if (c->options.step > 0) return c->options.step;
    const double size = fabs(element_get(x, i));
    return pow(epsilon_of(x->dtype), 0.2) * (size > 0.1 ? size : 0.1);
}

/* |found - expected| over the larger of both, or over what rounding makes of the difference. */
static double error_of(const checker *c, double found, double expected, double h, double size)
{
    const double rounding = (double)ROUNDING_UNITS * epsilon_of(dtype_of(c)) * size / h;
    const double scale = fmax(fmax(fabs(found), fabs(expected)), rounding / tolerance_of(c));
    return scale > 0 ? fabs(found - expected) / scale : 0;
}

/* Shorter steps are tried only where the first does not agree. */
static int element_check(checker *c, int64_t input, int64_t i, double found, double size)
{
    const wg_tensor *x = &c->at[input];
    double h = step_first(c, x, i);
    double expected;
    WG_TRY(difference(c, x, i, h, &expected));
    double error = error_of(c, found, expected, h, size);
    double before = expected;
    double agreement = INFINITY;
    for (int step = 1; step < STEPS && error > tolerance_of(c) && c->options.step == 0; step++) {
        h /= (double)STEP_RATIO;
        double now;
        WG_TRY(difference(c, x, i, h, &now));
        if (fabs(now - before) < agreement) {
            agreement = fabs(now - before);
            expected = now;
            error = error_of(c, found, now, h, size);
        }
        before = now;
    }
    if (!(error <= c->result.worst))
        c->result = (wg_check_result){ .worst = error,
                                       .input = input,
                                       .element = i,
                                       .expected = expected,
                                       .found = found };
    return WG_OK;
}

/* All elements, or some drawn from many. */
static int input_check(checker *c, int64_t input, const wg_view *gradient, double size)
{
    const int64_t count = wg_shape_count(c->at[input].shape);
    const int64_t checked = count < ELEMENTS_MAX ? count : ELEMENTS_MAX;
    const wg_tensor found = { .data = (void *)(uintptr_t)gradient->data, .dtype = gradient->dtype };
    uint64_t counter = 0;
    for (int64_t j = 0; j < checked; j++) {
        const int64_t i = checked == count ? j
            : (int64_t)wg__random_below(c->options.seed, &counter, (uint64_t)count);
        WG_TRY(element_check(c, input, i, element_get(&found, i), size));
    }
    return WG_OK;
}

/* The gradient of one order, computed once, against differences of the order below. */
static int gradients_check(checker *c, int64_t count, const int64_t *input, const wg_var *gradient)
{
    wg_program *program = program_make(c, count, gradient);
    if (program == NULL) return refuse(c, wg_tape_status(c->tape));
    double size = 0;
    int status = program_run(c, program);
    if (status >= 0) status = program_run(c, c->value);
    if (status >= 0) status = wg_program_item(c->value, 1, &size);
    for (int64_t i = 0; i < count && status >= 0; i++) {
        wg_view view;
        status = wg_program_peek(program, i, &view);
        if (status >= 0) status = input_check(c, input[i], &view, size);
    }
    wg_program_free(program);
    return status;
}

static int mismatch_tell(const checker *c, int order)
{
    const wg_check_result *r = &c->result;
    return wg__fail(c->error, WG_EMISMATCH,
                    "check: order %d, input %lld, element %lld: differences give %.10g, the "
                    "gradient is %.10g",
                    order, (long long)r->input, (long long)r->element, r->expected, r->found);
}

/* What one order leaves for the next. */
typedef struct level {
    wg_var sum, size;
    wg_var gradient[INPUTS_MAX];
    int64_t input[INPUTS_MAX];   /* of each gradient */
    int64_t count;
} level;

static int order_check(checker *c, int order, level *at)
{
    at->count = 0;
    for (int64_t i = 0; i < c->count; i++) {
        if (!is_float(c->at[i].dtype)) continue;
        at->gradient[at->count] = wg_grad(at->sum, c->x[i]);
        at->input[at->count++] = i;
    }
    c->value = program_make(c, 2, (const wg_var[2]){ at->sum, at->size });
    if (c->value == NULL) return refuse(c, wg_tape_status(c->tape));
    const int status = gradients_check(c, at->count, at->input, at->gradient);
    wg_program_free(c->value);
    c->value = NULL;
    if (status < 0) return status;
    return c->result.worst <= tolerance_of(c) ? WG_OK : mismatch_tell(c, order);
}

/* The weighted sum of an order's gradients is the scalar of the next. */
static void order_next(checker *c, int order, level *at)
{
    at->sum = at->size = (wg_var){ 0 };
    for (int64_t i = 0; i < at->count; i++) {
        wg_var size;
        const uint64_t stream = (uint64_t)order * INPUTS_MAX + (uint64_t)i + 1;
        at->sum = added(at->sum, weighted(c, at->gradient[i], stream, &size));
        at->size = added(at->size, size);
    }
}

static int check_run(checker *c, const wg_view *in)
{
    level at;
    WG_TRY(inputs_record(c, in));
    WG_TRY(function_record(c, &at.sum, &at.size));
    bool is_differentiable = false;
    for (int64_t i = 0; i < c->count; i++)
        is_differentiable = is_differentiable || is_float(c->at[i].dtype);
    if (!is_differentiable)
        return wg__fail(c->error, WG_EGRADIENT, "check: no input is f32 or f64");
    const int orders = c->options.order == 0 ? ORDER_DEFAULT : c->options.order;
    for (int order = 1; order <= orders; order++) {
        WG_TRY(order_check(c, order, &at));
        if (order < orders) order_next(c, order, &at);
    }
    return WG_OK;
}

static int arguments_check(const wg_runtime *runtime, wg_function *function, int64_t count,
                           const wg_view *in, const wg_check_options *options, wg_error *error)
{
    if (runtime == NULL || function == NULL || count < 1 || count > INPUTS_MAX || in == NULL)
        return wg__fail(error, WG_EINVALID,
                        "check: a runtime, a function and 1 to %d inputs are needed", INPUTS_MAX);
    bool is_valid = options->order >= 0 && options->order <= ORDER_MAX && options->step >= 0 &&
                    options->tolerance >= 0;
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++)
        is_valid = is_valid && options->reserved[i] == 0;
    return is_valid ? WG_OK : wg__fail(error, WG_EINVALID, "check: an option is out of range");
}

int wg_check_gradient(wg_runtime *runtime, wg_function *function, void *user, int64_t count,
                      const wg_view *in, const wg_check_options *options, wg_check_result *out,
                      wg_error *error)
{
    const wg_check_options chosen = options != NULL ? *options : (wg_check_options){ 0 };
    WG_TRY(arguments_check(runtime, function, count, in, &chosen, error));
    checker c = { .runtime = runtime,
                  .function = function,
                  .user = user,
                  .options = chosen,
                  .error = error,
                  .count = count };
    c.tape = wg_tape_create(&(wg_tape_options){ .allocator = &runtime->allocator });
    const int status = c.tape == NULL ? wg__fail(error, WG_EMEMORY, "check: no memory")
                                      : check_run(&c, in);
    for (int64_t i = 0; i < count; i++)
        wg__release(&runtime->allocator, c.at[i].data, c.bytes[i]);
    wg_tape_free(c.tape);
    if (out != NULL && (status >= 0 || status == WG_EMISMATCH)) *out = c.result;
    return status;
}
