/* The programs about training (p13, p14) as a user would run them, against what their statements
 * mean. */
#include "support/test.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wengert/wengert.h>

int fine_tune(wg_runtime *runtime, wg_tape *tape, wg_view x, wg_view t);
int micro_step(wg_runtime *runtime, wg_tape *tape, wg_params *params, wg_view x, wg_view t,
               bool last, int64_t parts);

/* A number in [-1, 1) that depends on i alone. */
static float wave(int64_t i)
{
    return (float)((double)((i * 2654435761u) % 4096) / 2048.0 - 1);
}

/* Another framework's file of four matrices [256, n]. */
static void encoder_write(const char *path)
{
    wg_params *file = wg_params_create(NULL);
    for (int k = 0; k < 4; k++) {
        char name[64];
        const int64_t inputs = k == 0 ? 8 : 256, count = 256 * inputs;
        float *weight = malloc((size_t)count * sizeof *weight);
        check(weight != NULL);
        for (int64_t i = 0; i < count; i++) weight[i] = wave(i + k) / 16;
        snprintf(name, sizeof name, "encoder.layer.%d.dense.weight", k);
        check_status(wg_params_set(file, name, wg_f32(weight, WG_SHAPE(256, inputs))), WG_OK);
        free(weight);
    }
    wg_error error = { 0 };
    check_msg(wg_params_save(file, path, &error) >= 0, "%s", error.message);
    wg_params_free(file);
}

Test(training, p13_takes_the_trunk_of_another_framework)
{
    char before[1024], folder[] = "/tmp/wengert_XXXXXX";
    float x[4 * 8];
    const int32_t t[4] = { 0, 1, 2, 1 };
    for (int i = 0; i < 32; i++) x[i] = wave(i);
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    check(getcwd(before, sizeof before) != NULL && mkdtemp(folder) != NULL && chdir(folder) == 0);
    const wg_view rows = wg_f32(x, WG_SHAPE(4, 8)), classes = wg_i32(t, WG_SHAPE(4));
    check_status(fine_tune(runtime, tape, rows, classes), WG_EFILE);
    encoder_write("encoder.safetensors");
    const int status = fine_tune(runtime, tape, rows, classes);
    check_msg(status >= 0, "%s", wg_explain(status, tape, NULL));
    check(unlink("encoder.safetensors") == 0 && chdir(before) == 0 && rmdir(folder) == 0);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}

static double value_at(const wg_params *params, const char *path, int64_t i)
{
    wg_view view;
    check_msg(wg_params_find(params, path, &view) == WG_OK, "%s is not there", path);
    return (double)((const float *)view.data)[i];
}

/* Weights stand until the last of four parts; then Lion's sign moves each by the rate or not at
 * all, and the sums are empty again. The running mean takes a tenth of each part's. */
Test(training, p14_moves_after_the_last_part)
{
    enum { PARTS = 4, ROWS = 16 };
    float x[ROWS * 5];
    int32_t t[ROWS];
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_tape *tape = wg_tape_create(NULL);
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .seed = 4));
    double first[320];
    for (int part = 0; part < PARTS; part++) {
        for (int i = 0; i < ROWS * 5; i++) x[i] = wave(100 * part + i);
        for (int i = 0; i < ROWS; i++) t[i] = (part + i) % 10;
        const int status = micro_step(runtime, tape, params, wg_f32(x, WG_SHAPE(ROWS, 5)),
                                      wg_i32(t, WG_SHAPE(ROWS)), part == PARTS - 1, PARTS);
        check_msg(status >= 0, "%s", wg_explain(status, tape, NULL));
        for (int i = 0; i < 320; i++) {
            const double w = value_at(params, "hidden/weight", i);
            if (part == 0) first[i] = w;
            if (part < PARTS - 1) check(w == first[i]);
            else check(w == first[i] || fabs(fabs(w - first[i]) - 1e-4) < 6e-8);
            if (part == PARTS - 1)
                check(value_at(params, "accumulated/gradient_1/sum", i) == 0);
        }
    }
    int moved = 0;
    for (int i = 0; i < 320; i++) moved += value_at(params, "hidden/weight", i) != first[i];
    check(moved > 160);
    check(value_at(params, "norm/variance", 0) > 0 && value_at(params, "norm/variance", 0) < 1);
    wg_params_free(params);
    wg_tape_free(tape);
    wg_runtime_free(runtime);
}
