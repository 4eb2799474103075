/* Fitted means and spreads against closed forms; features that do not change; state stays state. */
#include "runtime/data/csv_table.h"
#include "support/files.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wengert/nn.h>

static double state(const wg_params *params, const char *path, int64_t i)
{
    wg_view view = { 0 };
    check_status(wg_params_find(params, path, &view), WG_OK);
    check(i < wg_shape_count(view.shape));
    if (view.dtype == WG_F32) return (double)((const float *)view.data)[i];
    check_equal_i(view.dtype, WG_F64);
    return ((const double *)view.data)[i];
}

/* 0, 1 ... n - 1 has mean (n - 1) / 2 and variance (n^2 - 1) / 12; shifted by 2^40, f64 still
 * holds it.                                                                                     */
Test(scaler, fits_closed_forms)
{
    enum { ROWS = 1000 };
    static double x[ROWS][3];
    const double far = 1099511627776.0;
    for (int i = 0; i < ROWS; i++) {
        x[i][0] = i;
        x[i][1] = far + i;
        x[i][2] = 0.1; /* not a double: its sums round */
    }
    wg_params *params = wg_params_create(NULL);
    wg_error error = { 0 };
    const wg_view view = wg_f64(&x[0][0], WG_SHAPE(ROWS, 3));
    check_status(wg_standardize_fit(params, "net/input", view, &error), WG_OK);
    const double rows = ROWS;
    const double spread = sqrt((rows * rows - 1) / 12);
    check_close(state(params, "net/input/mean", 0), 499.5, 1e-12);
    check_close(state(params, "net/input/mean", 1), far + 499.5,
                1e-3); /* 4 units of its last place */
    check_close(state(params, "net/input/spread", 0), spread, 1e-12);
    check_close(state(params, "net/input/spread", 1), spread, 1e-9);
    check_close(state(params, "net/input/mean", 2), 0.1, 0);
    check_close(state(params, "net/input/spread", 2), 0, 0);
    check_equal_i(wg_params_count(params), 2);
    for (int i = 0; i < 2; i++) check(!wg_params_trained(params, i));
    wg_params_free(params);
}

/* Over all axes but the last, from a view that is turned around and, again, from odd addresses. */
Test(scaler, takes_any_view_and_fits_anew)
{
    const float x[8] = { 1, 2, 3, 4, 10, 20, 30, 40 }; /* features 1 2 3 4 and 10 20 30 40 */
    wg_params *params = wg_params_create(NULL);
    const wg_view turned = wg_view_transpose(wg_f32(x, WG_SHAPE(2, 4)));
    check_status(wg_standardize_fit(params, "s", turned, NULL), WG_OK);
    check_close(state(params, "s/mean", 0), 2.5, 0);
    check_close(state(params, "s/mean", 1), 25, 0);
    check_close(state(params, "s/spread", 1), (float)sqrt(125), 1e-6);

    unsigned char odd[sizeof x + 1];
    memcpy(odd + 1, x, sizeof x);
    const wg_view cube = wg_view_of(odd + 1, WG_F32, WG_SHAPE(2, 2, 2));
    check_status(wg_standardize_fit(params, "s", cube, NULL), WG_OK);
    check_close(state(params, "s/mean", 0), 11, 0); /* 1 3 10 30 */
    check_close(state(params, "s/mean", 1), 16.5, 0); /* 2 4 20 40 */
    wg_params_free(params);
}

/* The layer brings the least to 0 and the largest to 1, a constant to 0, and unseen rows as those
 * say; the way back gives the rows. */
Test(scaler, a_range_is_brought_between_0_and_1_and_back)
{
    const double x[4][3] = { { -4, 7, 1 }, { 4, 7, 2 }, { 0, 7, 5 }, { 2, 7, 3 } };
    const double unseen[3] = { 8, 9, 0 };
    wg_error error = { 0 };
    wg_params *params = wg_params_create(NULL);
    wg_dataset *data = wg_dataset_create(NULL);
    check_status(wg_dataset_add(data, "x", wg_f64(&x[0][0], WG_SHAPE(4, 3))), WG_OK);
    const wg_scaler_options range = { .range = true };
    check_status(wg_standardize_fit_column(params, "in/s", data, "x", &range, &error), WG_OK);

    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1));
    wg_tape *tape = wg_tape_create(NULL);
    const wg_scope scope = wg_scope_shared(wg_scope_root(tape, params, WG_EVALUATION), "in");
    const wg_var seen = wg_input(tape, "seen", wg_f64(&x[0][0], WG_SHAPE(4, 3)));
    const wg_var scaled = wg_standardize(scope, "s", seen);
    const wg_var other =
        wg_standardize(scope, "s", wg_input(tape, "unseen", wg_f64(unseen, WG_SHAPE(3))));
    const wg_var back = wg_unstandardize(scope, "s", scaled);
    double found[12];
    const double expected[12] = { 0, 0, 0, 1, 0, 0.25, 0.5, 0, 1, 0.75, 0, 0.5 };
    check_status(wg_keep(scaled), WG_OK);
    check_status(wg_keep(other), WG_OK);
    check_msg(wg_read_f64(runtime, back, found, 12) >= 0, "%s", wg_tape_message(tape));
    check_bytes(found, x, sizeof x);
    check_status(wg_read_f64(runtime, scaled, found, 12), WG_OK);
    check_bytes(found, expected, sizeof expected);
    check_status(wg_read_f64(runtime, other, found, 3), WG_OK);
    check_close(found[0], 1.5, 0);
    check_close(found[1], 0, 0);
    check_close(found[2], -0.25, 0);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
    wg_dataset_free(data);
    wg_params_free(params);
}

/* A flag is scaled like any number, or stays 0 and 1 where that is asked; other features, also one
 * that is 0, 1 and a half, do not notice. */
Test(scaler, flags_pass_through_if_asked)
{
    const float x[4][4] = { { 1, 0, 0, 5 }, { 0, 0, 1, 7 }, { 0, 0, 0.5f, 9 }, { 1, 0, 0, 3 } };
    wg_params *params = wg_params_create(NULL);
    wg_dataset *data = wg_dataset_create(NULL);
    check_status(wg_dataset_lend(data, "x", wg_f32(&x[0][0], WG_SHAPE(4, 4))), WG_OK);
    for (int keep = 0; keep < 2; keep++) {
        const wg_scaler_options options = { .keep_flags = keep };
        check_status(wg_standardize_fit_column(params, "s", data, "x", &options, NULL), WG_OK);
        check_close(state(params, "s/mean", 0), keep ? 0 : 0.5, 0);
        check_close(state(params, "s/spread", 0), keep ? 1 : 0.5, 0);
        check_close(state(params, "s/mean", 1), 0, 0);
        check_close(state(params, "s/spread", 1), keep, 0);
        check_close(state(params, "s/mean", 2), 0.375, 0);
        check_close(state(params, "s/mean", 3), 6, 0);
        check_close(state(params, "s/spread", 3), sqrt(5), 1e-6);
    }
    wg_dataset_free(data);
    wg_params_free(params);
}

/* A column of one number a row is one feature; a streamed one has the same bits, block by block. */
Test(scaler, fits_columns_in_memory_and_in_files_alike)
{
    const char *path = test_path("scaler");
    FILE *file = fopen(path, "wb");
    check(file != NULL);
    fputs("a,b,t\n", file);
    for (int i = 0; i < 1000; i++) fprintf(file, "%d.7,%d,%d.25\n", i * 7919 % 1000, i * i, i);
    check(fclose(file) == 0);
    static const char *const name[2] = { "x", "t" };
    double found[2][2][2][2]; /* streamed, range, column, mean and spread of the first feature */
    for (int streamed = 0; streamed < 2; streamed++) {
        wg_error error = { 0 };
        wg_dataset *data = NULL;
        const wg_csv_options csv = { .stream = streamed };
        check_status(wg__dataset_read_csv(path, &csv, 500, &data, &error), WG_OK);
        for (int k = 0; k < 4; k++) {
            wg_params *params = wg_params_create(NULL);
            const wg_scaler_options options = { .range = k / 2 };
            check_msg(wg_standardize_fit_column(params, "s", data, name[k % 2], &options,
                                                &error) >= 0,
                      "%s", error.message);
            found[streamed][k / 2][k % 2][0] = state(params, "s/mean", 0);
            found[streamed][k / 2][k % 2][1] = state(params, "s/spread", 0);
            wg_params_free(params);
        }
        wg_params *params = wg_params_create(NULL);
        check_status(wg_standardize_fit_column(params, "s", data, "u", NULL, &error), WG_ENAME);
        check_contains(error.message, "no column is called \"u\"");
        check_status(wg_standardize_fit_column(params, "s", NULL, "x", NULL, &error), WG_EINVALID);
        const wg_scaler_options bad = { .reserved = { 1 } };
        check_status(wg_standardize_fit_column(params, "s", data, "x", &bad, &error), WG_EINVALID);
        wg_params_free(params);
        wg_dataset_free(data);
    }
    check_bytes(found[1], found[0], sizeof found[0]);
    check_close(found[0][0][1][0], 499.75, 1e-4);                        /* t: 0.25 to 999.25 */
    check_close(found[0][0][1][1], sqrt((1e6 - 1) / 12), 1e-4);
    check_close(found[0][1][1][0], 0.25, 0);
    check_close(found[0][1][1][1], 999, 0);
    check_close(found[0][0][0][0], 500.2, 1e-4);                         /* a: the same, shuffled */
    test_file_remove(path);
}

Test(scaler, refuses_what_cannot_be_fitted)
{
    float x[4] = { 1, 2, 3, 4 };
    wg_error error = { 0 };
    wg_params *params = wg_params_create(NULL);
    const wg_view view = wg_f32(x, WG_SHAPE(2, 2));
    check_status(wg_standardize_fit(NULL, "s", view, &error), WG_EINVALID);
    check_status(wg_standardize_fit(params, NULL, view, &error), WG_EINVALID);
    check_status(wg_standardize_fit(params, "a b", view, &error), WG_EINVALID);
    check_status(wg_standardize_fit(params, "s", (wg_view){ 0 }, &error), WG_EDTYPE);
    check_status(wg_standardize_fit(params, "s", wg_f32(x, WG_SCALAR), &error), WG_ESHAPE);
    check_status(wg_standardize_fit(params, "s", wg_f32(NULL, WG_SHAPE(0, 2)), &error), WG_ESHAPE);
    check_status(wg_standardize_fit(params, "s", wg_i32((const int32_t[]){ 1 }, WG_SHAPE(1, 1)),
                                    &error), WG_EDTYPE);
    x[3] = NAN;
    check_status(wg_standardize_fit(params, "s", view, &error), WG_EFINITE);
    check_contains(error.message, "feature 1 of row 1 is not finite");
    check_equal_i(wg_params_count(params), 0);
    x[3] = 4;
    check_status(wg_standardize_fit(params, "s", view, &error), WG_OK);
    check_status(wg_standardize_fit(params, "s", wg_f32(x, WG_SHAPE(1, 4)), &error), WG_ESHAPE);
    check_contains(error.message, "s/mean is there as f32 of 2 features, not f32 of 4");
    wg_params_free(params);
}

static int fit(const wg_allocator *allocator, void *user)
{
    static const float x[4] = { 1, 2, 3, 4 };
    (void)user;
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    if (params == NULL) return WG_EMEMORY;
    const wg_view turned = wg_view_transpose(wg_f32(x, WG_SHAPE(2, 2)));
    const int status = wg_standardize_fit(params, "s", turned, NULL);
    check_equal_i(wg_params_count(params), status < 0 ? 0 : 2);
    wg_params_free(params);
    return status;
}

Test(scaler, fits_both_states_or_none)
{
    check(test_memory_fail_each(fit, NULL) > 8);
}
