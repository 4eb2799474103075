/* The gradient checker is trusted because of this: right derivatives pass, and every kind of
 * wrong one is caught. A wrong rule is made from right ones: f, with a derivative that is that of
 * h, is
 *
 *     stop_gradient(f - h) + h. */
#include "runtime/internal.h"
#include "support/test.h"

#include <math.h>
#include <string.h>
#include <wengert/nn.h>

static const double points[12] = { 0.3, -1.2, 0.7,  1.9, -0.4, 0.25,
                                   1.1, 0.6,  -0.8, 0.9, 1.4,  -1.7 };

static wg_runtime *runtime_one(void)
{
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    check(runtime != NULL);
    return runtime;
}

/* ---- right ---- */

static int mish(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    *out = wg_mul(in[0], wg_tanh(wg_softplus(in[0])));
    return WG_OK;
}

static int network(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    const wg_var h = wg_tanh(wg_matmul(in[0], in[1]));
    *out = wg_log_softmax(wg_matmul(h, wg_transpose(in[1])), -1);
    return WG_OK;
}

Test(check, right_derivatives_pass_to_third_order)
{
    wg_runtime *runtime = runtime_one();
    wg_check_result result;
    wg_error error = { 0 };
    const wg_view in[2] = { wg_f64(points, WG_SHAPE(4, 3)), wg_f64(points, WG_SHAPE(3, 2)) };
    const wg_check_options third = { .order = 3, .seed = 4 };
    int status = wg_check_gradient(runtime, mish, NULL, 1, in, &third, &result, &error);
    check_msg(status == WG_OK, "%s", error.message);
    status = wg_check_gradient(runtime, network, NULL, 2, in, &third, &result, &error);
    check_msg(status == WG_OK, "%s", error.message);
    check(result.worst <= 1e-8);
    wg_runtime_free(runtime);
}

Test(check, single_precision_passes_with_its_own_tolerance)
{
    float narrow[12];
    for (int i = 0; i < 12; i++) narrow[i] = (float)points[i];
    wg_runtime *runtime = runtime_one();
    wg_error error = { 0 };
    const wg_view in[2] = { wg_f32(narrow, WG_SHAPE(4, 3)), wg_f32(narrow, WG_SHAPE(3, 2)) };
    const int status = wg_check_gradient(runtime, network, NULL, 2, in, NULL, NULL, &error);
    check_msg(status == WG_OK, "%s", error.message);
    wg_runtime_free(runtime);
}

/* log x at 0.01: a step chosen for numbers of size 1 would leave the domain. */
static int steep(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    *out = wg_log(in[0]);
    return WG_OK;
}

Test(check, steps_follow_the_size_of_each_element)
{
    static const double wide[4] = { 0.01, 1, 100, 1e4 };
    wg_runtime *runtime = runtime_one();
    wg_error error = { 0 };
    const wg_view in = wg_f64(wide, WG_SHAPE(4));
    const int status = wg_check_gradient(runtime, steep, NULL, 1, &in, NULL, NULL, &error);
    check_msg(status == WG_OK, "%s", error.message);
    wg_runtime_free(runtime);
}

static int lookup(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    *out = wg_square(wg_gather(in[0], in[1], 0));
    return WG_OK;
}

Test(check, integer_inputs_are_left_alone)
{
    static const int32_t index[3] = { 3, 0, 3 };
    wg_runtime *runtime = runtime_one();
    wg_error error = { 0 };
    const wg_view in[2] = { wg_f64(points, WG_SHAPE(4, 3)), wg_i32(index, WG_SHAPE(3)) };
    const int status = wg_check_gradient(runtime, lookup, NULL, 2, in, NULL, NULL, &error);
    check_msg(status == WG_OK, "%s", error.message);
    wg_runtime_free(runtime);
}

/* ---- wrong ---- */

typedef enum mutation {
    SIGN, FACTOR, OFFSET, TERM, AXIS, TRANSPOSED, STALE, RESULT_FOR_INPUT, SWAPPED_INPUTS,
    BROADCAST_SUM, WRONG_BRANCH, TIE, INDEX_SHIFTED, MISSING_CHAIN, SECOND_ORDER_ONLY,
    ONE_ELEMENT, SMALL_FACTOR, MUTATIONS
} mutation;

static wg_var with_derivative_of(wg_var f, wg_var h)
{
    return wg_add(wg_stop_gradient(wg_sub(f, h)), h);
}

static wg_var hold(wg_var x)
{
    return wg_stop_gradient(x);
}

/* One wrong derivative of each kind, of f of x [3, 3] and y [3, 3]. */
static wg_var wrong(mutation kind, wg_var x, wg_var y)
{
    const wg_var ones = wg_full_like(x, 1);
    const wg_var product = wg_mul(x, y);
    switch (kind) {
    case SIGN: return with_derivative_of(wg_sin(x), wg_neg(wg_sin(x)));
    case FACTOR: return with_derivative_of(wg_square(x), wg_scale(wg_square(x), 2));
    case OFFSET: return with_derivative_of(wg_exp(x), wg_add(wg_exp(x), x));
    case TERM: return with_derivative_of(wg_add(wg_mul(x, x), wg_exp(x)), wg_mul(x, x));
    case AXIS: {
        const wg_var right = wg_broadcast(wg_sum(product, WG_KEEP(0)), wg_shape_of(x));
        return with_derivative_of(right,
                                  wg_broadcast(wg_sum(product, WG_KEEP(1)), wg_shape_of(x)));
    }
    case TRANSPOSED:
        return with_derivative_of(wg_matmul(x, y), wg_matmul(x, wg_transpose(y)));
    case STALE: return with_derivative_of(product, wg_mul(x, hold(y)));
    case RESULT_FOR_INPUT: return with_derivative_of(wg_tanh(x), wg_mul(hold(wg_tanh(x)), x));
    case SWAPPED_INPUTS:
        return with_derivative_of(wg_div(x, wg_add(wg_square(y), ones)),
                                  wg_div(y, wg_add(wg_square(x), ones)));
    case BROADCAST_SUM: {
        const wg_var row = wg_slice(x, 0, 0, 1, 1);
        return with_derivative_of(wg_add(row, y), wg_add(wg_scale(row, 1.0 / 3), y));
    }
    case WRONG_BRANCH: {
        const wg_var is_positive = wg_lt(wg_number(x, 0), x);
        return with_derivative_of(wg_select(is_positive, wg_square(x), x),
                                  wg_select(is_positive, x, wg_square(x)));
    }
    case TIE: return with_derivative_of(wg_maximum(x, y), wg_scale(wg_add(x, y), 0.5));
    case INDEX_SHIFTED: {
        const wg_var turned = wg_concat(2, (const wg_var[2]){ wg_slice(x, 0, 1, 3, 1),
                                                              wg_slice(x, 0, 0, 1, 1) }, 0);
        return with_derivative_of(wg_exp(x), wg_exp(turned));
    }
    case MISSING_CHAIN: return with_derivative_of(wg_sin(wg_square(x)), wg_mul(x, wg_cos(hold(x))));
    case SECOND_ORDER_ONLY:
        return with_derivative_of(wg_exp(x), wg_mul(hold(wg_exp(x)), x));
    case ONE_ELEMENT: {
        const wg_var corner = wg_pad(wg_pad(wg_slice(wg_slice(x, 0, 2, 3, 1), 1, 2, 3, 1), 0, 2, 0,
                                            0, 0), 1, 2, 0, 0, 0);
        return with_derivative_of(wg_square(x), wg_add(wg_square(x), wg_scale(corner, 1e-3)));
    }
    case SMALL_FACTOR: return with_derivative_of(wg_sin(x), wg_scale(wg_sin(x), 1 + 1e-6));
    case MUTATIONS: break;
    }
    return x;
}

static int wrong_function(const wg_var *in, wg_var *out, void *user)
{
    *out = wrong(*(const mutation *)user, in[0], in[1]);
    return WG_OK;
}

Test(check, every_kind_of_wrong_derivative_is_caught)
{
    wg_runtime *runtime = runtime_one();
    const wg_view in[2] = { wg_f64(points, WG_SHAPE(3, 3)), wg_f64(points + 3, WG_SHAPE(3, 3)) };
    for (int kind = 0; kind < MUTATIONS; kind++) {
        mutation m = (mutation)kind;
        wg_check_result result = { 0 };
        wg_error error = { 0 };
        const int status =
            wg_check_gradient(runtime, wrong_function, &m, 2, in, NULL, &result, &error);
        check_msg(status == WG_EMISMATCH, "mutation %d was not caught: %d %s", kind, status,
                  error.message);
        check_contains(error.message, m == SECOND_ORDER_ONLY ? "order 2" : "order 1");
        check(result.worst > 1e-8);
    }
    wg_runtime_free(runtime);
}

Test(check, the_message_names_input_element_expected_and_found)
{
    wg_runtime *runtime = runtime_one();
    const wg_view in[2] = { wg_f64(points, WG_SHAPE(3, 3)), wg_f64(points + 3, WG_SHAPE(3, 3)) };
    mutation m = ONE_ELEMENT;
    wg_check_result result = { 0 };
    wg_error error = { 0 };
    check_status(wg_check_gradient(runtime, wrong_function, &m, 2, in, NULL, &result, &error),
                 WG_EMISMATCH);
    check_equal_i(result.input, 0);
    check_equal_i(result.element, 8);
    check_close(fabs(result.found / result.expected - 1), 1e-3 / (2 * fabs(points[8])), 1e-6);
    check_contains(error.message, "input 0, element 8");
    wg_runtime_free(runtime);
}

/* ---- mistakes ---- */

static int failing(const wg_var *in, wg_var *out, void *user)
{
    (void)in;
    (void)out;
    (void)user;
    return -77;
}

static int silent(const wg_var *in, wg_var *out, void *user)
{
    (void)in;
    (void)out;
    (void)user;
    return WG_OK;
}

static int misshapen(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    *out = wg_matmul(in[0], in[0]);
    return WG_OK;
}

static int whole_number(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    *out = wg_argmax(in[0], 0);
    return WG_OK;
}

static int widened(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    *out = wg_cast(in[0], WG_F64);
    return WG_OK;
}

static int singular(const wg_var *in, wg_var *out, void *user)
{
    (void)user;
    *out = wg_log(in[0]);
    return WG_OK;
}

Test(check, what_cannot_be_checked_is_refused_with_a_reason)
{
    wg_runtime *runtime = runtime_one();
    wg_error error = { 0 };
    const wg_view x = wg_f64(points, WG_SHAPE(4, 3));
    static const int32_t index[2] = { 1, 0 };
    const wg_view whole = wg_i32(index, WG_SHAPE(2));
    const wg_view zeroed = { .data = NULL };
    check_status(wg_check_gradient(runtime, failing, NULL, 1, &x, NULL, NULL, &error), -77);
    check_status(wg_check_gradient(runtime, silent, NULL, 1, &x, NULL, NULL, &error),
                 WG_ECALLBACK);
    check_status(wg_check_gradient(runtime, misshapen, NULL, 1, &x, NULL, NULL, &error),
                 WG_ESHAPE);
    check_contains(error.message, "matmul");
    check_status(wg_check_gradient(runtime, whole_number, NULL, 1, &x, NULL, NULL, &error),
                 WG_EGRADIENT);
    check_status(wg_check_gradient(runtime, singular, NULL, 1, &x, NULL, NULL, &error),
                 WG_EFINITE);
    check_status(wg_check_gradient(runtime, mish, NULL, 1, &zeroed, NULL, NULL, &error),
                 WG_EDTYPE);
    check_status(wg_check_gradient(runtime, widened, NULL, 1, &whole, NULL, NULL, &error),
                 WG_EGRADIENT);
    check_status(wg_check_gradient(NULL, mish, NULL, 1, &x, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_check_gradient(runtime, NULL, NULL, 1, &x, NULL, NULL, NULL), WG_EINVALID);
    check_status(wg_check_gradient(runtime, mish, NULL, 0, &x, NULL, NULL, NULL), WG_EINVALID);
    check_status(wg_check_gradient(runtime, mish, NULL, 1, &x,
                                   WG_OPTIONS(wg_check_options, .order = -1), NULL, NULL),
                 WG_EINVALID);
    wg_runtime_free(runtime);
}
