/* Searches against all their points written out, stopped and resumed, and what they refuse. */
#include "support/files.h"
#include "support/memory.h"
#include "support/page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wengert/train.h>

static wg_config *config_open(const wg_allocator *allocator)
{
    wg_config *config = wg_config_create(allocator);
    if (config == NULL) return NULL;
    const int first = wg_config_declare(config, "width", "8", NULL);
    const int second = wg_config_declare(config, "rate", "1", NULL);
    const int third = wg_config_declare(config, "name", "a net", NULL);
    if (first >= 0 && second >= 0 && third >= 0) return config;
    wg_config_free(config);
    return NULL;
}

/* Counts trials, and fails at the one called `fatal`. Best at width 32, rate 0.1. */
typedef struct counter { int trials, fatal; double sum_of_rates, least, most; } counter;

static int count_trial(const wg_config *config, int64_t repeat, double *metric, void *user)
{
    counter *c = user;
    const double width = wg_config_number(config, "width");
    const double rate = wg_config_number(config, "rate");
    if (++c->trials == c->fatal) return WG_ECANCEL;
    c->sum_of_rates += rate;
    c->least = c->trials == 1 || rate < c->least ? rate : c->least;
    c->most = c->trials == 1 || rate > c->most ? rate : c->most;
    *metric = -fabs(width - 32) - fabs(rate - 0.1) + 0.25 * (double)repeat;
    if (width == 64) *metric = (double)NAN;
    return WG_OK;
}

static const char *const grid = "width=16,32,64 rate=1,0.1";

Test(search, tries_every_point_and_keeps_the_best)
{
    wg_config *config = config_open(NULL);
    counter c = { 0 };
    wg_error error = { 0 };
    const int status = wg_search(config, grid, NULL, 2, count_trial, &c, NULL, &error);
    check_msg(status >= 0, "%s", error.message);
    check_equal_i(c.trials, 3 * 2 * 2);
    check_close(c.sum_of_rates, 6 * 1.1, 1e-14);
    check_text(wg_config_text(config, "width"), "32");
    check_text(wg_config_text(config, "rate"), "0.1");
    wg_config_free(config);
}

/* Stopped at any trial, a search goes on with that trial, and its file is that of one that never
 * stopped. */
Test(search, goes_on_from_its_file)
{
    char path[2][512];
    wg_error error = { 0 };
    size_t bytes, whole_bytes;
    snprintf(path[0], sizeof path[0], "%s", test_path("whole"));
    snprintf(path[1], sizeof path[1], "%s", test_path("part"));
    wg_config *config = config_open(NULL);
    counter c = { 0 };
    check(wg_search(config, grid, path[0], 2, count_trial, &c, NULL, &error) >= 0);
    char *whole = test_file_read(path[0], &whole_bytes);
    check_msg(strncmp(whole, "metric=-16.9 repeat=0 width=16 rate=1 name=\"a net\"\n", 51) == 0,
              "%.60s", whole);
    for (int fatal = 1; fatal <= 12; fatal++) {
        counter first = { .fatal = fatal }, second = { 0 };
        check_status(wg_search(config, grid, path[1], 2, count_trial, &first, NULL, &error),
                     WG_ECANCEL);
        check(wg_search(config, grid, path[1], 2, count_trial, &second, NULL, &error) >= 0);
        check_equal_i(second.trials, 12 - (fatal - 1));
        char *text = test_file_read(path[1], &bytes);
        check_equal_i(bytes, whole_bytes);
        check_bytes(text, whole, bytes);
        free(text);
        test_file_remove(path[1]);
    }
    /* Another setting makes other trials. */
    counter other = { 0 };
    check_status(wg_config_set(config, "name", "b"), WG_OK);
    check(wg_search(config, "width=16", path[0], 1, count_trial, &other, NULL, &error) >= 0);
    check_equal_i(other.trials, 1);
    free(whole);
    test_file_remove(path[0]);
    wg_config_free(config);
}

/* Even over the logarithm: of 300 draws between 1e-4 and 1 a quarter lies below 1e-3, within five
 * deviations. Again the same draws. */
Test(search, random_points_fill_their_ranges)
{
    const wg_search_options options = { .random = 300, .seed = 3 };
    counter c[2] = { { 0 }, { 0 } };
    for (int k = 0; k < 2; k++) {
        wg_config *config = config_open(NULL);
        check(wg_search(config, "rate=1e-4..1 width=3..5 name=x,y", NULL, 1, count_trial, &c[k],
                        &options, NULL) >= 0);
        const double width = wg_config_number(config, "width");
        check(width == 3 || width == 4 || width == 5);
        check_equal_i(c[k].trials, 300);
        wg_config_free(config);
    }
    check(c[0].sum_of_rates == c[1].sum_of_rates);
    check(c[0].least >= 1e-4 && c[0].least < 2e-4 && c[0].most <= 1 && c[0].most > 0.5);
    /* The mean of a logarithmic draw is (1 - 1e-4) / log(1e4) = 0.1086, its deviation 0.207. */
    check_close(c[0].sum_of_rates / 300, 0.1086, 5 * 0.207 / sqrt(300.0));
}

Test(search, the_table_has_the_best_first)
{
    const char text[] = "metric=0.5 repeat=0 width=8\nmetric=0.75 repeat=0 width=16\n"
                        "metric=nan repeat=0 width=99\nmetric=1 repeat=1 width=8\n";
    const char *path = test_path("table");
    static test_page out;
    wg_error error = { 0 };
    test_file_write(path, text, sizeof text - 1);
    check_msg(wg_search_print(path, test_page_write, &out, &error) >= 0, "%s", error.message);
    const char *first = strstr(out.text, "width=8"), *second = strstr(out.text, "width=16");
    const char *last = strstr(out.text, "width=99");
    check(first != NULL && second != NULL && last != NULL);
    check(first < second && second < last); /* 0.75 twice: the one met first */
    check_contains(out.text, "0.3536        2  width=8\n"); /* sqrt(1 / 8) */
    test_file_remove(path);
}

typedef struct bad_search { const char *grid; int status; const char *message; } bad_search;

Test(search, mistakes_are_refused_before_any_trial)
{
    const bad_search bad[] = {
        { "witdh=1,2", WG_ENAME, "grid: line 1, column 1: the configuration has no such setting" },
        { "width=1,2 rate", WG_EFORMAT, "column 11: key=value is expected here" },
        { "rate=1..2", WG_EFORMAT, "is for a random search" },
    };
    const char *path = test_path("results");
    wg_config *config = config_open(NULL);
    wg_error error = { 0 };
    counter c = { 0 };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_status(wg_search(config, bad[i].grid, NULL, 1, count_trial, &c, NULL, &error),
                     bad[i].status);
        check_contains(error.message, bad[i].message);
    }
    const wg_search_options random = { .random = 3 };
    check_status(wg_search(config, "rate=0..2", NULL, 1, count_trial, &c, &random, &error),
                 WG_EFORMAT);
    test_file_write(path, "metric=1 repeat=0 width=8\nmetric=x\n", 35);
    check_status(wg_search(config, grid, path, 1, count_trial, &c, NULL, &error), WG_EFORMAT);
    check_contains(error.message, "line 2: metric=, repeat= and settings expected");
    check_status(wg_search(config, grid, NULL, 0, count_trial, &c, NULL, &error), WG_EINVALID);
    check_status(wg_search(config, grid, NULL, 1, NULL, &c, NULL, &error), WG_EINVALID);
    check_equal_i(c.trials, 0);
    test_file_remove(path);
    wg_config_free(config);
}

static int search_all(const wg_allocator *allocator, void *user)
{
    counter c = { 0 };
    wg_config *config = config_open(allocator);
    int status = config == NULL ? WG_EMEMORY : WG_OK;
    if (status >= 0)
        status = wg_search(config, "width=1,2", user, 1, count_trial, &c, NULL, NULL);
    wg_config_free(config);
    test_file_remove(user);
    return status;
}

Test(search, gives_all_back_when_memory_ends)
{
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("memory"));
    check(test_memory_fail_each(search_all, path) > 15);
}
