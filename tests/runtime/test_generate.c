/* Made data against the definitions of the sets. */
#include "support/test.h"

#include <math.h>
#include <wengert/data.h>

enum { COUNT = 1000 };

typedef struct set { wg_dataset *data; const float *x, *number; const int32_t *class; } set;

static set made(const char *name, double noise, uint64_t seed)
{
    set s = { 0 };
    wg_error error = { 0 };
    wg_view x, t;
    const int status = wg_dataset_generate(name, COUNT, noise, seed, &s.data, &error);
    check_msg(status == WG_OK, "%s", error.message);
    check_status(wg_dataset_find(s.data, "x", &x), WG_OK);
    check_status(wg_dataset_find(s.data, "t", &t), WG_OK);
    check(wg_shape_equal(x.shape, WG_SHAPE(COUNT, 2)) && x.dtype == WG_F32);
    s.x = x.data;
    if (t.dtype == WG_I32) s.class = t.data;
    else s.number = t.data;
    return s;
}

static double radius(const float *x) { return hypot((double)x[0], (double)x[1]); }

Test(generate, classes_lie_where_their_sets_say)
{
    uint64_t state = test_seed();
    const uint64_t seed = test_random(&state);
    const set circle = made("circle", 0, seed), xor = made("xor", 0, seed);
    const set moons = made("moons", 0, seed), spiral = made("spiral", 0, seed);
    int ones = 0;
    for (int i = 0; i < COUNT; i++) {
        const float *x = &circle.x[2 * i];
        check(circle.class[i] ? radius(x) < 2.5 : radius(x) > 3.4999 && radius(x) < 5.0001);
        x = &xor.x[2 * i];
        check_equal_i(xor.class[i], x[0] * x[1] >= 0);
        check(fabsf(x[0]) >= 0.3f && fabsf(x[0]) <= 5.3001f && fabsf(x[1]) >= 0.3f);
        x = &moons.x[2 * i];
        const float middle[2] = { x[0] - (moons.class[i] ? 1 : 0),
                                  x[1] - (moons.class[i] ? 0.5f : 0) };
        check_close(radius(middle), 1, 1e-5);
        check(moons.class[i] ? middle[1] <= 1e-6f : middle[1] >= -1e-6f);
        x = &spiral.x[2 * i];
        const double share = (double)i / (double)COUNT;
        check_close(radius(x), 5 * share, 1e-5);
        const double angle = 1.75 * 2 * 3.141592653589793 * share +
                             (spiral.class[i] ? 3.141592653589793 : 0);
        check_close(x[0], 5 * share * sin(angle), 1e-4);
        ones += circle.class[i];
    }
    check_equal_i(ones, COUNT / 2);
    wg_dataset_free(circle.data);
    wg_dataset_free(xor.data);
    wg_dataset_free(moons.data);
    wg_dataset_free(spiral.data);
}

/* Means of clouds, to five standard errors. */
Test(generate, clouds_lie_around_their_middles)
{
    uint64_t state = test_seed();
    for (int turn = 0; turn < 2; turn++) {
        const double noise = turn * 0.5;
        const set gauss = made("gauss", noise, test_random(&state));
        double sum = 0, squares = 0;
        for (int i = 0; i < 2 * COUNT; i++) {
            const double off = (double)gauss.x[i] - (gauss.class[i / 2] ? 2 : -2);
            sum += off;
            squares += off * off;
        }
        const double variance = 0.5 + 7 * noise, n = 2 * COUNT;
        check_close(sum / n, 0, 5 * sqrt(variance / n));
        check_close(squares / n, variance, 5 * variance * sqrt(2 / n));
        wg_dataset_free(gauss.data);
    }
    const set blobs = made("blobs", 0, test_random(&state));
    for (int i = 0; i < COUNT; i++) {
        const double angle = blobs.class[i] * 2 * 3.141592653589793 / 3;
        const float off[2] = { (float)((double)blobs.x[2 * i] - 4 * sin(angle)),
                               (float)((double)blobs.x[2 * i + 1] - 4 * cos(angle)) };
        check(radius(off) < 0.5 * 6);
    }
    wg_dataset_free(blobs.data);
}

Test(generate, numbers_are_those_of_their_formulas)
{
    uint64_t state = test_seed();
    const set plane = made("plane", 0, test_random(&state));
    const set bumps = made("bumps", 0, test_random(&state));
    for (int i = 0; i < COUNT; i++) {
        const float *x = &plane.x[2 * i];
        check_close(plane.number[i], ((double)x[0] + (double)x[1]) / 10, 1e-6);
        x = &bumps.x[2 * i];
        double height = 0;
        for (int k = 0; k < 6; k++) {
            const double bump = 1 - hypot((double)x[0] - (k % 3 - 1) * 4,
                                          (double)x[1] - (k < 3 ? 2.5 : -2.5)) / 2;
            if (bump > fabs(height)) height = k % 2 == 0 ? bump : -bump;
        }
        check_close(bumps.number[i], height, 1e-5);
    }
    wg_dataset_free(plane.data);
    wg_dataset_free(bumps.data);
}

Test(generate, is_a_function_of_its_arguments)
{
    wg_fingerprint print[4];
    const double noise[4] = { 0.1, 0.1, 0.1, 0.2 };
    const uint64_t seed[4] = { 1, 1, 2, 1 };
    for (int i = 0; i < 4; i++) {
        const set s = made("circle", noise[i], seed[i]);
        check_status(wg_dataset_fingerprint(s.data, &print[i]), WG_OK);
        wg_dataset_free(s.data);
    }
    check_equal_i(print[0].word[0], print[1].word[0]);
    check(print[0].word[0] != print[2].word[0] && print[0].word[0] != print[3].word[0]);
}

Test(generate, refuses_what_it_cannot_make)
{
    wg_dataset *data = NULL;
    wg_error error;
    check_status(wg_dataset_generate("cube", 10, 0, 1, &data, &error), WG_ENAME);
    check_text(error.message, "generate: there is no set \"cube\"");
    check_status(wg_dataset_generate("xor", 0, 0, 1, &data, &error), WG_EINVALID);
    check_text(error.message, "generate: count 0 or noise 0 is out of range");
    check_status(wg_dataset_generate("xor", 10, NAN, 1, &data, NULL), WG_EINVALID);
    check_status(wg_dataset_generate("xor", 10, 0, 1, NULL, NULL), WG_EINVALID);
    check(data == NULL);
}
