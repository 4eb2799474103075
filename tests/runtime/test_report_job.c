/* The sections that tell of a whole job: searches, errors of a classifier, what is inside a model,
 * and what it was made with. */
#include "support/files.h"
#include "support/markup.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <wengert/report.h>

/* The page of a report, which is freed; to be freed itself. */
static char *page_of(wg_report *report)
{
    wg_error error = { 0 };
    const char *path = test_path("report.html");
    check_msg(wg_report_save(report, path, &error) == WG_OK, "%s", error.message);
    wg_report_free(report);
    char *text = test_file_read(path, NULL);
    check(text != NULL);
    test_file_remove(path);
    check_markup(text);
    return text;
}

/* ---- searches ---- */

static const char *search_file(const char *text)
{
    const char *path = test_path("search.txt");
    test_file_write(path, text, strlen(text));
    return path;
}

/* Layers 1 at width 16 was tried with two rates: the better mean counts, 0.75. */
Test(report_job, draws_the_heat_map_of_a_search)
{
    const char *from = search_file("metric=0.5 repeat=0 layers=1 width=16 rate=1\n"
                                   "metric=0.7 repeat=0 layers=1 width=16 rate=2\n"
                                   "metric=0.8 repeat=1 layers=1 width=16 rate=2\n"
                                   "metric=0.25 repeat=0 layers=2 width=\"a b\" rate=1\n");
    wg_report *report = wg_report_create("Search", NULL);
    check_equal_i(wg_report_search(report, "Heat", from, "layers", "width"), WG_OK);
    char *text = page_of(report);
    check_contains(text, "down: layers; across: width");
    check_contains(text, "<th scope=\"col\">16</th><th scope=\"col\">a b</th>");
    check_contains(text, "<th scope=\"row\">1</th><td style=\"--share:1.000\">"
                         "0.7500</td><td>nan</td>");
    check_contains(text, "<th scope=\"row\">2</th><td>nan</td><td style=\"--share:0.000\">0.2500");
    free(text);
    test_file_remove(from);
}

static void check_search_refused(const char *text, const char *down, int status)
{
    wg_report *report = wg_report_create("Search", NULL);
    const char *path = search_file(text);
    check_status(wg_report_search(report, "Heat", path, down, "width"), status);
    check_status(wg_report_save(report, path, NULL), status);
    test_file_remove(path);
    wg_report_free(report);
}

Test(report_job, refuses_searches_that_are_none)
{
    char many[65 * 60] = "";
    for (int i = 0; i < 65; i++)
        snprintf(many + strlen(many), 60, "metric=1 repeat=0 layers=%d width=1\n", i);
    check_search_refused("", "layers", WG_EINVALID);
    check_search_refused("metric=1 repeat=0 width=16\n", "layers", WG_ENAME);
    check_search_refused("metric=1 repeat=0 layers=1 width\n", "layers", WG_EFORMAT);
    check_search_refused("metric=one repeat=0 layers=1 width=1\n", "layers", WG_EFORMAT);
    check_search_refused(many, "layers", WG_ELIMIT);
    check_search_refused("metric=1 repeat=0 layers=1 width=1\n", NULL, WG_EINVALID);
    check_status(wg_report_search(NULL, "Heat", "x", "a", "b"), WG_EINVALID);
}

static int make_search(const wg_allocator *allocator, void *path)
{
    wg_report *report = wg_report_create("Report", allocator);
    if (report == NULL) return WG_EMEMORY;
    const int status = wg_report_search(report, "Heat", path, "layers", "width");
    wg_report_free(report);
    return status;
}

Test(report_job, gives_all_back_when_memory_for_a_search_ends)
{
    char path[512];
    snprintf(path, sizeof path, "%s", search_file("metric=1 repeat=0 layers=1 width=1\n"));
    check(test_memory_fail_each(make_search, path) > 4);
    test_file_remove(path);
}

/* ---- errors ---- */

/* Of the four pairs of a true and a false one three are in the right order: the area is 3/4. */
Test(report_job, draws_both_errors_and_their_area)
{
    const float score[4] = { 0.9f, 0.8f, 0.3f, 0.1f };
    const int32_t truth[4] = { 1, 0, 1, 0 };
    wg_report *report = wg_report_create("Errors", NULL);
    const wg_view scores = wg_f32(score, WG_SHAPE(4));
    check_equal_i(wg_report_roc(report, "ROC", scores, wg_i32(truth, WG_SHAPE(4))), WG_OK);
    char *text = page_of(report);
    check_contains(text, "<dt>area under the curve</dt><dd>0.7500</dd>");
    check_contains(text, "class=\"line first\" d=\"M52.0 238.0L446.0 10.0\"");
    check_contains(text, "class=\"line second\" d=\"M52.0 238.0L52.0 124.0L249.0 124.0"
                         "L249.0 10.0L446.0 10.0\"");
    free(text);
}

Test(report_job, refuses_scores_that_have_no_errors)
{
    const float score[2] = { 1, 2 };
    const int32_t truth[2] = { 1, 1 };
    const wg_view scores = wg_f32(score, WG_SHAPE(2));
    wg_report *report = wg_report_create("Errors", NULL);
    check_status(wg_report_roc(report, "ROC", scores, wg_i32(truth, WG_SHAPE(2))), WG_EINVALID);
    check_status(wg_report_roc(report, "ROC", (wg_view){ 0 }, scores), WG_EDTYPE);
    check_status(wg_report_roc(NULL, "ROC", scores, scores), WG_EINVALID);
    wg_report_free(report);
}

/* ---- models ---- */

static wg_var network(wg_scope scope, wg_var x, void *user)
{
    (void)user;
    return wg_dense(scope, "out", x, 1, NULL);
}

static const wg_model line = { .network = network, .loss = wg_squared_error };

/* 2 x + 1, and three rows of it. */
static int line_make(const wg_allocator *allocator, wg_params **params, wg_dataset **data)
{
    const float x[3] = { 0, 1, 5 }, weight = 2, bias = 1;
    *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    *data = wg_dataset_create(allocator);
    if (*params == NULL || *data == NULL) return WG_EMEMORY;
    int status = wg_params_set(*params, "out/weight", wg_f32(&weight, WG_SHAPE(1, 1)));
    if (status >= 0) status = wg_params_set(*params, "out/bias", wg_f32(&bias, WG_SHAPE(1)));
    if (status >= 0) status = wg_dataset_add(*data, "x", wg_f32(x, WG_SHAPE(3, 1)));
    return status < 0 ? status : wg_dataset_add(*data, "t", wg_f32(x, WG_SHAPE(3, 1)));
}

/* out is 1, 3, 11: three bars of 2, 0 and 1 values. */
Test(report_job, shows_what_is_inside_and_changes_nothing)
{
    wg_params *params;
    wg_dataset *data;
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_report *report = wg_report_create("Inside", NULL);
    check_equal_i(line_make(NULL, &params, &data), WG_OK);
    check_equal_i(wg_report_layers(report, "Layers", runtime, &line, params, data), WG_OK);
    check_equal_i(wg_params_count(params), 2);
    char *text = page_of(report);
    check_contains(text, "<figcaption><b>out</b>values in a bar</figcaption>");
    check_contains(text, "<figcaption><b>out/bias</b>values in a bar</figcaption>");
    check_contains(text, "<figcaption><b>out/weight</b>values in a bar</figcaption>");
    check_contains(text, "d=\"M52.0 238.0L52.0 10.0L183.3 10.0L183.3 238.0L314.7 238.0"
                         "L314.7 124.0L446.0 124.0L446.0 238.0\"");
    free(text);
    wg_params_free(params);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
}

Test(report_job, refuses_models_without_rows)
{
    const wg_model none = { 0 };
    wg_params *params;
    wg_dataset *data, *empty = wg_dataset_create(NULL);
    wg_runtime *runtime = wg_runtime_create(NULL);
    wg_report *report = wg_report_create("Inside", NULL);
    check_equal_i(line_make(NULL, &params, &data), WG_OK);
    check(wg_report_layers(report, "L", runtime, &line, params, empty) < 0);
    check_status(wg_report_layers(report, "L", runtime, &none, params, data), WG_EINVALID);
    check_status(wg_report_layers(report, "L", NULL, &line, params, data), WG_EINVALID);
    check_status(wg_report_layers(report, NULL, runtime, &line, params, data), WG_EINVALID);
    wg_report_free(report);
    wg_params_free(params);
    wg_dataset_free(empty);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
}

/* ---- what it was made with ---- */

Test(report_job, tells_settings_and_fingerprints)
{
    char expected[128];
    wg_fingerprint print;
    wg_params *params;
    wg_dataset *data;
    wg_config *config = wg_config_create(NULL);
    wg_report *report = wg_report_create("Receipt", NULL);
    check_equal_i(line_make(NULL, &params, &data), WG_OK);
    check_equal_i(wg_config_declare(config, "rate", "1e-3", "of Adam"), WG_OK);
    check_equal_i(wg_config_declare(config, "name", "a<b", NULL), WG_OK);
    check_equal_i(wg_report_config(report, "Settings", config), WG_OK);
    check_equal_i(wg_report_receipt(report, "Receipt", data, params), WG_OK);
    check_equal_i(wg_report_receipt(report, "Bare", NULL, NULL), WG_OK);
    check_status(wg_report_config(NULL, "Settings", config), WG_EINVALID);
    check_status(wg_report_receipt(NULL, "Receipt", data, params), WG_EINVALID);
    char *text = page_of(report);
    check_contains(text, "<tr><td>rate</td><td>1e-3</td></tr>\n<tr><td>name</td><td>a&lt;b</td>");
    check_equal_i(wg_dataset_fingerprint(data, &print), WG_OK);
    snprintf(expected, sizeof expected, "<tr><td>data</td><td>%016llx%016llx</td></tr>",
             (unsigned long long)print.word[1], (unsigned long long)print.word[0]);
    check_contains(text, expected);
    check_equal_i(wg_params_fingerprint(params, &print), WG_OK);
    snprintf(expected, sizeof expected, "<tr><td>parameters</td><td>%016llx%016llx</td></tr>",
             (unsigned long long)print.word[1], (unsigned long long)print.word[0]);
    check_contains(text, expected);
    free(text);
    report = wg_report_create("Receipt", NULL);
    check_status(wg_report_config(report, "Settings", NULL), WG_EINVALID);
    wg_report_free(report);
    wg_config_free(config);
    wg_params_free(params);
    wg_dataset_free(data);
}

static int make_all(const wg_allocator *allocator, void *user)
{
    const float score[2] = { 1, 2 };
    const int32_t truth[2] = { 0, 1 };
    wg_params *params = NULL;
    wg_dataset *data = NULL;
    (void)user;
    wg_report *report = wg_report_create("Report", allocator);
    wg_runtime *runtime = wg_runtime_create(WG_OPTIONS(wg_runtime_options, .threads = 1,
                                                       .allocator = allocator));
    int status = report == NULL || runtime == NULL ? WG_EMEMORY : WG_OK;
    if (status >= 0) status = line_make(allocator, &params, &data);
    if (status >= 0)
        status = wg_report_roc(report, "ROC", wg_f32(score, WG_SHAPE(2)),
                               wg_i32(truth, WG_SHAPE(2)));
    if (status >= 0) status = wg_report_layers(report, "Layers", runtime, &line, params, data);
    if (status >= 0) status = wg_report_receipt(report, "Receipt", data, params);
    wg_report_free(report);
    wg_params_free(params);
    wg_dataset_free(data);
    wg_runtime_free(runtime);
    return status;
}

Test(report_job, gives_all_back_when_memory_ends)
{
    check(test_memory_fail_each(make_all, NULL) > 20);
}
