/* The page is well-formed whatever it is given, needs nothing from elsewhere, says what it was
 * told, and is the same each time.                                                              */
#include "runtime/report/chart.h"
#include "runtime/train/history.h"
#include "support/files.h"
#include "support/markup.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wengert/report.h>

/* ---- ticks ---- */

/* Random intervals over 40 powers of ten: ticks are round, inside, and neither few nor many. */
Test(report, ticks_are_round_and_inside)
{
    uint64_t state = test_seed();
    for (int k = 0; k < 10000; k++) {
        const double size = pow(10.0, (double)(test_random(&state) % 4000) / 100.0 - 20.0);
        const double lower = size * ((double)(test_random(&state) % 2001) / 1000.0 - 1.0);
        const double upper = lower + size * (1.0 + (double)(test_random(&state) % 1000)) / 1000.0;
        const wg__ticks ticks = wg__ticks_of(lower, upper, 5, false);
        check(ticks.step == 1 || ticks.step == 2 || ticks.step == 5);
        check_msg(ticks.last - ticks.first + 1 >= 2 && ticks.last - ticks.first + 1 <= 10,
                  "%lld ticks in [%g, %g]", (long long)(ticks.last - ticks.first + 1), lower,
                  upper);
        const double slack = 1e-8 * (upper - lower);
        check(wg__tick_value(&ticks, ticks.first) >= lower - slack);
        check(wg__tick_value(&ticks, ticks.last) <= upper + slack);
        check(wg__tick_value(&ticks, ticks.first - 1) < lower);
        check(wg__tick_value(&ticks, ticks.last + 1) > upper);
    }
}

Test(report, ticks_of_epochs_are_whole)
{
    for (int count = 2; count < 300; count++) {
        const wg__ticks ticks = wg__ticks_of(1, count, 6, true);
        check(ticks.exponent >= 0 && ticks.last >= ticks.first);
    }
}

/* ---- numbers ---- */

static void check_number(double value, const char *expected)
{
    wg__html html = { .allocator = wg__allocator_default };
    wg__html_number(&html, value);
    wg__html_escape(&html, "", 0);
    check_equal_i(html.length, (int64_t)strlen(expected));
    check_bytes(html.text, expected, strlen(expected));
    wg__html_free(&html);
}

static void check_decimal(int64_t digits, int exponent, const char *expected)
{
    wg__html html = { .allocator = wg__allocator_default };
    wg__html_decimal(&html, digits, exponent);
    check_equal_i(html.length, (int64_t)strlen(expected));
    check_bytes(html.text, expected, strlen(expected));
    wg__html_free(&html);
}

Test(report, numbers_are_for_people)
{
    check_number(0, "0");
    check_number(40, "40");
    check_number(0.73941, "0.7394");
    check_number(-0.0123456, "-0.01235");
    check_number(5.25, "5.250");
    check_number(123.456, "123.5");
    check_number(12345.6, "12346");
    check_number(1e-7, "1e-7");
    check_number(1e20, "1e20");
    check_number((double)NAN, "nan");
    check_number(-HUGE_VAL, "-inf");
    check_decimal(15, -2, "0.15");
    check_decimal(-5, -1, "-0.5");
    check_decimal(3, 2, "300");
    check_decimal(0, 9, "0");
    check_decimal(5, -7, "5e-7");
    check_decimal(2, 12, "2000000e6");
}

/* ---- pages ---- */

/* Every section that is no history, words or table. */
static int add_pictures(wg_report *report, const wg_allocator *allocator)
{
    const int64_t count[6] = { 5, 0, 1, 2, 7, 3 };
    const char *column[3] = { "a<b", "c", "d" };
    const float grid[4] = { 0, 0.5f, 1.5f, (float)NAN }, points[4] = { 0, 0, 1, 0.5f };
    const bool classes[2] = { true, false };
    const wg_matrix_names names = { .down = "truth", .across = "called", .column = column };
    const wg_surface surface = { .x_lower = -1, .x_upper = 1, .y_upper = 1,
                                 .grid = wg_f32(grid, WG_SHAPE(2, 2)),
                                 .points = wg_f32(points, WG_SHAPE(2, 2)),
                                 .classes = wg_view_of(classes, WG_BOOL, WG_SHAPE(2)) };
    wg_params *params = wg_params_create(WG_OPTIONS(wg_params_options, .allocator = allocator));
    if (params == NULL) return WG_EMEMORY;
    int status = wg_params_set(params, "net/weight", wg_f32(grid, WG_SHAPE(2, 2)));
    if (status >= 0) status = wg_report_model(report, "Model", params);
    wg_params_free(params);
    (void)wg_report_matrix(report, "Matrix", wg_i64(count, WG_SHAPE(2, 3)), &names);
    (void)wg_report_matrix(report, "Holes", wg_f32(grid, WG_SHAPE(2, 2)), NULL);
    (void)wg_report_histogram(report, "Bars", "x & y", wg_f32(grid, WG_SHAPE(4)), 3);
    (void)wg_report_histogram(report, "One", "x", wg_f32(grid, WG_SHAPE(1)), 400);
    (void)wg_report_histogram(report, "None", "x", wg_f32(&grid[3], WG_SHAPE(1)), 2);
    (void)wg_report_surface(report, "Surface", &surface);
    return status;
}

static int add_sections(wg_report *report, const wg_allocator *allocator, int epochs,
                        double validation)
{
    const double x[5] = { 0, 1, 2, (double)NAN, 3 };
    const float y[5] = { 1, -HUGE_VALF, 5, 2, 1e30f };
    const char *cell[6] = { "<name>", "value", "a & b", "0.5", "\"q\"", "-1e3 GeV" };
    wg_history *history = wg__history_create(allocator, validation == validation);
    if (history == NULL) return WG_EMEMORY;
    int status = WG_OK;
    for (int i = 0; i < epochs && status >= 0; i++) {
        const wg_epoch epoch = { .index = i, .loss = 1.0 / (i + 1), .metric = i / (i + 2.0),
                                 .validation_loss = validation / (i + 1),
                                 .validation_metric = validation * i, .seconds = 0.25 };
        status = wg__history_add(history, &epoch);
    }
    if (status >= 0) status = wg_report_history(report, "His'tory", history);
    wg_history_free(history);
    (void)wg_report_curve(report, "Curve", "x <GeV>", "y", wg_f64(x, WG_SHAPE(5)),
                          wg_f32(y, WG_SHAPE(5)));
    (void)wg_report_text(report, "Words", "One & two.\n\n\nThree\n\xFF\x01 \xE2\x82\xAC.");
    (void)wg_report_table(report, "Table", 3, 2, cell);
    return status < 0 ? status : add_pictures(report, allocator);
}

/* The saved page; to be freed. */
static char *page_of(int epochs, double validation)
{
    wg_error error = { 0 };
    const char *path = test_path("report.html");
    wg_report *report = wg_report_create("A <title> & more", NULL);
    check(report != NULL);
    check_equal_i(add_sections(report, &wg__allocator_default, epochs, validation), WG_OK);
    check_msg(wg_report_save(report, path, &error) == WG_OK, "%s", error.message);
    wg_report_free(report);
    char *text = test_file_read(path, NULL);
    check(text != NULL);
    test_file_remove(path);
    return text;
}

Test(report, is_well_formed_and_needs_no_network)
{
    const int epochs[4] = { 0, 1, 2, 250 };
    for (int k = 0; k < 8; k++) {
        char *text = page_of(epochs[k / 2], k % 2 == 0 ? 0.5 : (double)NAN);
        check_markup(text);
        check(strstr(text, "http") == NULL && strstr(text, "src=") == NULL);
        check(strstr(text, "url(") == NULL && strstr(text, "<script") == NULL);
        check(strstr(text, "inf\"") == NULL && strstr(text, "nan\"") == NULL);
        free(text);
    }
}

Test(report, says_what_it_was_told_and_escapes_it)
{
    char *text = page_of(9, 0.5);
    check_contains(text, "<title>A &lt;title&gt; &amp; more</title>");
    check_contains(text, "<h2>His&#39;tory</h2>");
    check_contains(text, "<dd>9 <small>of 9</small></dd>"); /* the highest metric is the last */
    check_contains(text, "best: epoch 9");
    check_contains(text, "<dd>2.3 <small>s</small></dd>"); /* 9 of 0.25 s */
    check_contains(text, "y against x &lt;GeV&gt;");
    check_contains(text,
                   "<p>One &amp; two.</p>\n<p>Three\n\xEF\xBF\xBD\xEF\xBF\xBD \xE2\x82\xAC.</p>");
    check_contains(text,
                   "<th scope=\"col\">&lt;name&gt;</th><th scope=\"col\" class=\"right\">value");
    check_contains(text, "<td>&quot;q&quot;</td><td class=\"right\">-1e3 GeV</td>");
    check_contains(text, "<td>net/weight</td><td>[2, 2]</td><td>f32</td><td>trained</td>");
    check_contains(text, "<p class=\"none\">down: truth; across: called</p>");
    check_contains(text, "<th scope=\"col\">a&lt;b</th>");
    check_contains(text, "<th scope=\"row\">1</th><td style=\"--share:0.286\">2</td>"
                         "<td style=\"--share:1.000\">7</td>");
    check_contains(text, "<td>nan</td>");
    check_contains(text, "1 values are not finite and left out.");
    check_contains(text, "<circle class=\"point one\" cx=\"256.00\" cy=\"420.00\"");
    free(text);
}

Test(report, is_the_same_each_time)
{
    char *first = page_of(30, 0.5);
    char *second = page_of(30, 0.5);
    check_text(first, second);
    free(first);
    free(second);
}

Test(report, tells_the_first_error_when_saved)
{
    wg_error error = { 0 };
    const float x[4] = { 0 };
    const char *cell[2] = { "a", NULL };
    const char *path = test_path("report.html");
    wg_report *report = wg_report_create(NULL, NULL);
    const wg_view view = wg_f32(x, WG_SHAPE(4));
    check_status(wg_report_table(report, "T", 2, 1, cell), WG_EINVALID);
    check_status(wg_report_table(report, "T", 0, 1, cell), WG_EINVALID);
    check_status(wg_report_table(report, "T", 1, 1, NULL), WG_EINVALID);
    check_status(wg_report_text(report, "T", NULL), WG_EINVALID);
    check_status(wg_report_text(report, NULL, "t"), WG_EINVALID);
    check_status(wg_report_curve(report, "C", "x", NULL, view, view), WG_EINVALID);
    check_status(wg_report_curve(report, "C", "x", "y", view, wg_f32(x, WG_SHAPE(3))), WG_ESHAPE);
    check_status(wg_report_curve(report, "C", "x", "y", wg_f32(x, WG_SHAPE(2, 2)), view),
                 WG_ESHAPE);
    check_status(wg_report_curve(report, "C", "x", "y", (wg_view){ 0 }, view), WG_EDTYPE);
    check_status(wg_report_matrix(report, "M", view, NULL), WG_ESHAPE);
    check_status(wg_report_histogram(report, "H", "x", view, 401), WG_EINVALID);
    check_status(wg_report_histogram(report, "H", NULL, view, 4), WG_EINVALID);
    check_status(wg_report_surface(report, "S", NULL), WG_EINVALID);
    wg_surface flat = { .y_upper = 1, .grid = wg_f32(x, WG_SHAPE(2, 2)) };
    check_status(wg_report_surface(report, "S", &flat), WG_EINVALID);
    flat.x_upper = 1;
    flat.points = flat.grid;
    flat.classes = view;
    check_status(wg_report_surface(report, "S", &flat), WG_ESHAPE);
    check_status(wg_report_model(report, "P", NULL), WG_EINVALID);
    check_status(wg_report_save(report, path, &error), WG_EINVALID);
    check_contains(error.message, "report: table: a cell is NULL");
    check_status(wg_report_save(report, NULL, &error), WG_EINVALID);
    check_status(wg_report_save(NULL, path, &error), WG_EINVALID);
    check_status(wg_report_text(NULL, "T", "t"), WG_EINVALID);
    check_status(wg_report_table(NULL, "T", 1, 1, cell), WG_EINVALID);
    check_status(wg_report_history(NULL, "T", NULL), WG_EINVALID);
    check_status(wg_report_curve(NULL, "C", "x", "y", view, view), WG_EINVALID);
    wg_report_free(report);
    wg_report_free(NULL);

    report = wg_report_create("None", NULL);
    check_equal_i(wg_report_history(report, "H", NULL), WG_OK); /* no epoch, and says so */
    check_status(wg_report_save(report, "no/such/folder/report.html", &error), WG_EFILE);
    wg_report_free(report);
}

static int make(const wg_allocator *allocator, void *path)
{
    wg_report *report = wg_report_create("Report", allocator);
    if (report == NULL) return WG_EMEMORY;
    int status = add_sections(report, allocator, 3, 0.5);
    const int saved = wg_report_save(report, path, NULL);
    wg_report_free(report);
    return status < 0 ? status : saved;
}

Test(report, gives_all_back_when_memory_ends)
{
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("report.html"));
    check(test_memory_fail_each(make, path) > 10);
    test_file_remove(path);
}
