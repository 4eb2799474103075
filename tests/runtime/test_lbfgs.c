/* L-BFGS against a trace at 50 digits, against the solution of a linear problem, and what it does
 * where nothing is to be found. */
#include "golden/lbfgs.h"
#include "support/memory.h"
#include "support/problem.h"

#include <math.h>
#include <string.h>

static wg_dataset *one_row(const wg_allocator *allocator)
{
    const double nothing = 0;
    const wg_view row = wg_f64(&nothing, WG_SHAPE(1));
    wg_dataset *data = wg_dataset_create(allocator);
    if (data == NULL || wg_dataset_add(data, "row", row) >= 0) return data;
    wg_dataset_free(data);
    return NULL;
}

/* sum of 100 (x[i + 1] - x[i]^2)^2 + (1 - x[i])^2, whose minimum is at 1: a bent valley. */
static wg_var rosenbrock(wg_scope scope, void *user)
{
    (void)user;
    const wg_var x = wg_param(scope, "x", WG_F64, WG_SHAPE(LBFGS_COUNT), wg_init_constant(0));
    const wg_var left = wg_slice(x, 0, 0, LBFGS_COUNT - 1, 1);
    const wg_var right = wg_slice(x, 0, 1, LBFGS_COUNT, 1);
    const wg_var off = wg_square(wg_sub(right, wg_square(left)));
    const wg_var rest = wg_square(wg_shift(wg_neg(left), 1));
    return wg_reshape(wg_sum(wg_add(wg_scale(off, 100), rest), WG_ALL), WG_SHAPE(1));
}

static const wg_model valley = { .objective = rosenbrock };

static wg_params *valley_start(void)
{
    double start[LBFGS_COUNT];
    for (int i = 0; i < LBFGS_COUNT; i++) start[i] = i % 2 == 0 ? -1.2 : 1;
    wg_params *params = test_params(0);
    check_status(wg_params_set(params, "x", wg_f64(start, WG_SHAPE(LBFGS_COUNT))), WG_OK);
    return params;
}

static const double *values_of(const wg_params *params, const char *path)
{
    wg_view view;
    check_status(wg_params_find(params, path, &view), WG_OK);
    return view.data;
}

/* Each step from the start, so that the point after it is what is left. Roundings of 2^-53 grow to
 * 1e-12 on the 24 steps through the bent valley; a wrong pair or length shows in the first
 * digits.                                                                                       */
Test(lbfgs, goes_the_way_of_the_trace)
{
    wg_runtime *runtime = test_runtime(2);
    wg_dataset *data = one_row(NULL);
    for (int step = 1; step <= LBFGS_STEPS; step++) {
        wg_error error = { 0 };
        wg_lbfgs_result result;
        wg_params *params = valley_start();
        const wg_lbfgs_options options = { .steps_max = step, .memory = LBFGS_MEMORY };
        check_msg(wg_minimize_lbfgs(runtime, &valley, params, data, &options, &result, &error) >= 0,
                  "%s", error.message);
        check_equal_i(result.steps, step);
        check(result.evaluations > step);
        const double *x = values_of(params, "x");
        for (int i = 0; i < LBFGS_COUNT; i++)
            check_msg(fabs(x[i] - lbfgs_point[step - 1][i]) <= 1e-10, "step %d: %.17g, not %.17g",
                      step, x[i], lbfgs_point[step - 1][i]);
        wg_params_free(params);
    }
    wg_dataset_free(data);
    wg_runtime_free(runtime);
}

Test(lbfgs, finds_the_minimum_of_the_valley_with_the_same_bits_on_any_threads)
{
    double first[LBFGS_COUNT];
    wg_dataset *data = one_row(NULL);
    for (int threads = 1; threads <= 3; threads++) {
        wg_error error = { 0 };
        wg_lbfgs_result result;
        wg_runtime *runtime = test_runtime(threads);
        wg_params *params = valley_start();
        const wg_lbfgs_options options = { .tolerance = 1e-10 };
        check_msg(wg_minimize_lbfgs(runtime, &valley, params, data, &options, &result, &error) >= 0,
                  "%s", error.message);
        check(result.converged && result.gradient <= 1e-10 && result.steps < 100);
        const double *x = values_of(params, "x");
        /* The least eigenvalue of the Hessian there is some 0.1. */
        for (int i = 0; i < LBFGS_COUNT; i++) check_close(x[i], 1, 1e-8);
        check_close(result.loss, 0, 1e-18);
        if (threads == 1) memcpy(first, x, sizeof first);
        check_bytes(x, first, sizeof first);
        wg_params_free(params);
        wg_runtime_free(runtime);
    }
    wg_dataset_free(data);
}

static wg_var line(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    return wg_dense(scope, "line", x, 1, NULL);
}

/* Weighted least squares of y = 3 - 2 x, weight 0 hiding a row of nonsense, in f32: as exactly as
 * the parameters can hold it. */
Test(lbfgs, solves_a_model_over_a_dataset_in_f32)
{
    enum { ROWS = 50 };
    float x[ROWS], t[ROWS], weight[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[i] = (float)i / 16 - 1;
        t[i] = 3 - 2 * x[i];
        weight[i] = 1;
    }
    weight[7] = 0;
    t[7] = 1e6f;
    wg_error error = { 0 };
    wg_lbfgs_result result;
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(3);
    wg_dataset *data = wg_dataset_create(NULL);
    check_status(wg_dataset_lend(data, "x", wg_f32(x, WG_SHAPE(ROWS, 1))), WG_OK);
    check_status(wg_dataset_lend(data, "t", wg_f32(t, WG_SHAPE(ROWS, 1))), WG_OK);
    check_status(wg_dataset_lend(data, "weight", wg_f32(weight, WG_SHAPE(ROWS))), WG_OK);
    const wg_model model = { .network = line, .loss = wg_squared_error };
    check_msg(wg_minimize_lbfgs(runtime, &model, params, data, NULL, &result, &error) >= 0, "%s",
              error.message);
    wg_view view;
    check_status(wg_params_find(params, "line/weight", &view), WG_OK);
    check_close(*(const float *)view.data, -2, 4 * 0x1p-23);
    check_status(wg_params_find(params, "line/bias", &view), WG_OK);
    check_close(*(const float *)view.data, 3, 8 * 0x1p-23);
    check(result.loss < 1e-11 && result.steps < 20);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

/* |x| has no slope to vanish: it stops at the kink, and the point is the best it saw. */
static wg_var kink(wg_scope scope, void *user)
{
    (void)user;
    const wg_var x = wg_param(scope, "x", WG_F64, WG_SHAPE(1), wg_init_constant(0.7));
    return wg_abs(x);
}

Test(lbfgs, ends_where_nothing_is_better)
{
    wg_error error = { 0 };
    wg_lbfgs_result result;
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(0);
    wg_dataset *data = one_row(NULL);
    const wg_model model = { .objective = kink };
    check_msg(wg_minimize_lbfgs(runtime, &model, params, data, NULL, &result, &error) >= 0, "%s",
              error.message);
    check_close(values_of(params, "x")[0], result.loss, 0);
    check(result.loss >= 0 && result.loss < 0.7 && result.steps < 200);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

/* log(x) falls without end towards 0, and beyond is no number: steps that leave are halved. */
static wg_var cliff(wg_scope scope, void *user)
{
    (void)user;
    const wg_var x = wg_param(scope, "x", WG_F64, WG_SHAPE(1), wg_init_constant(3));
    return wg_sub(wg_mul(x, x), wg_log(x)); /* least at sqrt(1/2) */
}

Test(lbfgs, comes_back_from_where_the_loss_is_no_number)
{
    wg_error error = { 0 };
    wg_lbfgs_result result;
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(0);
    wg_dataset *data = one_row(NULL);
    const wg_model model = { .objective = cliff };
    const wg_lbfgs_options options = { .tolerance = 1e-12 };
    check_msg(wg_minimize_lbfgs(runtime, &model, params, data, &options, &result, &error) >= 0,
              "%s", error.message);
    check_close(values_of(params, "x")[0], sqrt(0.5), 1e-12);
    const double below = -1;
    check_status(wg_params_set(params, "x", wg_f64(&below, WG_SHAPE(1))), WG_OK);
    check_status(wg_minimize_lbfgs(runtime, &model, params, data, NULL, NULL, &error), WG_EFINITE);
    check_contains(error.message, "lbfgs: loss or gradient is not finite at the start");
    check_close(values_of(params, "x")[0], -1, 0);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

static wg_var nothing(wg_scope scope, void *user)
{
    (void)user;
    return wg_column(scope, "row");
}

Test(lbfgs, refuses_bad_arguments)
{
    static const wg_lbfgs_options bad[] = {
        { .steps_max = -1 }, { .memory = -1 }, { .memory = 101 }, { .tolerance = -1 },
        { .tolerance = NAN }, { .reserved = { 1 } },
    };
    wg_error error = { 0 };
    wg_runtime *runtime = test_runtime(1);
    wg_params *params = test_params(0);
    wg_dataset *data = one_row(NULL);
    const wg_model none = { .objective = nothing }, empty = { 0 };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_status(wg_minimize_lbfgs(runtime, &valley, params, data, &bad[i], NULL, &error),
                     WG_EINVALID);
    check_status(wg_minimize_lbfgs(NULL, &valley, params, data, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_minimize_lbfgs(runtime, &valley, NULL, data, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_minimize_lbfgs(runtime, &valley, params, NULL, NULL, NULL, &error),
                 WG_EINVALID);
    check_status(wg_minimize_lbfgs(runtime, &empty, params, data, NULL, NULL, &error), WG_EINVALID);
    check_status(wg_minimize_lbfgs(runtime, &none, params, data, NULL, NULL, &error), WG_EINVALID);
    check_contains(error.message, "no parameters to change");
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
}

static int minimize(const wg_allocator *allocator, void *user)
{
    (void)user;
    wg_runtime *runtime = wg_runtime_create(
        WG_OPTIONS(wg_runtime_options, .allocator = allocator, .threads = 1));
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    wg_dataset *data = one_row(allocator);
    const wg_lbfgs_options options = { .steps_max = 2, .memory = 2 };
    const wg_model model = { .objective = cliff };
    int status = runtime == NULL || params == NULL || data == NULL ? WG_EMEMORY : WG_OK;
    if (status >= 0)
        status = wg_minimize_lbfgs(runtime, &model, params, data, &options, NULL, NULL);
    wg_dataset_free(data);
    wg_params_free(params);
    wg_runtime_free(runtime);
    return status;
}

Test(lbfgs, gives_all_back_when_memory_ends)
{
    check(test_memory_fail_each(minimize, NULL) > 50);
}
