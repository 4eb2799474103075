/* Made data against the definitions of the sets. */
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
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

/* ---- events ---- */

enum { EVENTS = 2000 };

static const void *column_of(const wg_dataset *data, const char *name, wg_dtype dtype,
                             wg_shape shape)
{
    wg_view view;
    check_status(wg_dataset_find(data, name, &view), WG_OK);
    check(view.dtype == dtype && wg_shape_equal(view.shape, shape));
    return view.data;
}

/* The mass of jets together. */
static double mass_of(const float *jets, const uint8_t *place, int count)
{
    double sum[4] = { 0 };
    for (int i = 0; i < count; i++)
        for (int k = 0; k < 4; k++) sum[k] += (double)jets[5 * place[i] + k];
    return sqrt(sum[3] * sum[3] - sum[0] * sum[0] - sum[1] * sum[1] - sum[2] * sum[2]);
}

static double across_of(const float *p) { return hypot((double)p[0], (double)p[1]); }

static bool is_central(const float *p)
{
    return across_of(p) > 24.999 && fabs(asinh((double)p[2] / across_of(p))) < 2.5001;
}

static int double_compare(const void *x, const void *y)
{
    return (*(const double *)x > *(const double *)y) - (*(const double *)x < *(const double *)y);
}

/* What a detector would keep, sorted; masses of W and top where they should be, as wide as jets
 * make them; b jets are tagged as often as said. */
Test(generate, events_have_their_masses_where_their_truth_says)
{
    static double of_w[EVENTS], of_top[EVENTS];
    wg_error error = { 0 };
    wg_dataset *data = NULL;
    check_msg(wg_dataset_generate("ttbar", EVENTS, 0, 11, &data, &error) >= 0, "%s", error.message);
    const float *jets = column_of(data, "jets", WG_F32, WG_SHAPE(EVENTS, 4, 5));
    const float *lepton = column_of(data, "lepton", WG_F32, WG_SHAPE(EVENTS, 3));
    const float *met = column_of(data, "met", WG_F32, WG_SHAPE(EVENTS, 2));
    const uint8_t *truth = column_of(data, "truth", WG_U8, WG_SHAPE(EVENTS, 4));
    int tagged = 0, wrong = 0, unseen = 0;
    for (int i = 0; i < EVENTS; i++, jets += 20, lepton += 3, met += 2, truth += 4) {
        const uint8_t hadronic[3] = { truth[2], truth[3], truth[0] };
        unsigned places = 0;
        for (int k = 0; k < 4; k++) {
            places |= 1u << truth[k];
            check(is_central(jets + 5 * k) && (jets[5 * k + 4] == 0 || jets[5 * k + 4] == 1));
            if (k > 0) check(across_of(jets + 5 * k) <= across_of(jets + 5 * k - 5));
        }
        check(places == 15 && truth[2] < truth[3] && is_central(lepton));
        of_w[i] = mass_of(jets, hadronic, 2);
        of_top[i] = mass_of(jets, hadronic, 3);
        tagged += (int)jets[5 * truth[0] + 4] + (int)jets[5 * truth[1] + 4];
        wrong += (int)jets[5 * truth[2] + 4] + (int)jets[5 * truth[3] + 4];
        unseen += across_of(met) > 30;
    }
    qsort(of_w, EVENTS, sizeof *of_w, double_compare);
    qsort(of_top, EVENTS, sizeof *of_top, double_compare);
    const double w = of_w[EVENTS / 2], top = of_top[EVENTS / 2];
    const double w_spread = (of_w[EVENTS * 84 / 100] - of_w[EVENTS * 16 / 100]) / 2;
    /* Jets of some 60 GeV are good to 12 %, and have masses of their own that add some per cent. */
    check_msg(w > 78 && w < 85 && w_spread > 5 && w_spread < 14, "W %g +- %g", w, w_spread);
    check_msg(top > 168 && top < 182, "top %g", top);
    /* 0.7 of two b jets, 0.5 (0.12 + 0.008) + 0.008 of two others: within four deviations. */
    check_close(tagged / (double)EVENTS, 1.4, 4 * sqrt(2 * 0.21 / (double)EVENTS));
    check_close(wrong / (double)EVENTS, 0.072, 4 * sqrt(0.072 / (double)EVENTS));
    check(unseen > EVENTS / 2 && unseen < EVENTS);
    wg_dataset_free(data);
}

/* Fewer events are the first of more; others of another seed; more noise, wider masses. */
Test(generate, events_are_a_function_of_their_arguments)
{
    wg_view few, many, other, blurred;
    wg_dataset *data[4];
    check_status(wg_dataset_generate("ttbar", 30, 0, 5, &data[0], NULL), WG_OK);
    check_status(wg_dataset_generate("ttbar", 1500, 0, 5, &data[1], NULL), WG_OK);
    check_status(wg_dataset_generate("ttbar", 30, 0, 6, &data[2], NULL), WG_OK);
    check_status(wg_dataset_generate("ttbar", 30, 0.2, 5, &data[3], NULL), WG_OK);
    check_status(wg_dataset_find(data[0], "jets", &few), WG_OK);
    check_status(wg_dataset_find(data[1], "jets", &many), WG_OK);
    check_status(wg_dataset_find(data[2], "jets", &other), WG_OK);
    check_status(wg_dataset_find(data[3], "jets", &blurred), WG_OK);
    check_bytes(many.data, few.data, 30 * 20 * sizeof(float));
    check(memcmp(other.data, few.data, 30 * 20 * sizeof(float)) != 0);
    check(memcmp(blurred.data, few.data, 30 * 20 * sizeof(float)) != 0);
    for (int i = 0; i < 4; i++) wg_dataset_free(data[i]);
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
