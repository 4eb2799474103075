/* A report is the markup of its sections, made when they are added; saving puts the page around
 * them. What went wrong on the way is kept and told there, so that a program checks once.       */
#include <wengert/report.h>

#include "runtime/data/file.h"
#include "runtime/report/chart.h"
#include "runtime/report/page.h"
#include "runtime/train/history.h"

#include <string.h>

wg_report *wg_report_create(const char *title, const wg_allocator *allocator)
{
    const wg_allocator chosen = wg__allocator_or_default(allocator);
    wg_report *report = wg__allocate_zeroed(&chosen, sizeof *report);
    if (report == NULL) return NULL;
    report->html.allocator = chosen;
    report->title = wg__string_copy(&chosen, title == NULL ? "Report" : title);
    if (report->title != NULL) return report;
    wg__release(&chosen, report, sizeof *report);
    return NULL;
}

void wg_report_free(wg_report *report)
{
    if (report == NULL) return;
    const wg_allocator allocator = report->html.allocator;
    wg__html_free(&report->html);
    wg__release(&allocator, report->title, strlen(report->title) + 1);
    wg__release(&allocator, report, sizeof *report);
}

int wg__report_fail(wg_report *report, int status, const char *what, const char *problem)
{
    if (report == NULL) return status;
    if (report->error.status >= 0)
        (void)wg__fail(&report->error, status, "report: %s: %s", what, problem);
    return status;
}

int wg__section_start(wg_report *report, const char *title, const char *what)
{
    if (report == NULL) return WG_EINVALID;
    if (title == NULL)
        return wg__report_fail(report, WG_EINVALID, what, "a title is needed, not NULL");
    wg__html_add(&report->html, "<section><h2>");
    wg__html_text(&report->html, title);
    wg__html_add(&report->html, "</h2>\n");
    return WG_OK;
}

int wg__section_end(wg_report *report, const char *what)
{
    wg__html_add(&report->html, "</section>\n");
    return report->html.has_failed ? wg__report_fail(report, WG_EMEMORY, what, "no memory") : WG_OK;
}

/* ---- history ---- */

typedef enum quantity { LOSS, METRIC, RATE } quantity;
static const char *const quantity_names[] = { "Loss", "Metric", "Learning rate" };

typedef struct history_series {
    const wg_history *history;
    quantity what;
    bool is_validation;
} history_series;

static void history_point(int64_t i, double *x, double *y, const void *user)
{
    const history_series *series = user;
    wg_epoch epoch = { 0 };
    (void)wg_history_epoch(series->history, i, &epoch);
    *x = (double)(epoch.index + 1);
    switch (series->what) {
    case LOSS: *y = series->is_validation ? epoch.validation_loss : epoch.loss; break;
    case METRIC: *y = series->is_validation ? epoch.validation_metric : epoch.metric; break;
    case RATE: *y = epoch.rate; break;
    }
}

static void history_chart(wg__html *html, const wg_history *history, quantity what,
                          bool has_validation)
{
    const history_series user[2] = { { history, what, false }, { history, what, true } };
    const int64_t count = wg_history_count(history);
    const wg__chart chart = {
        .x_label = "epoch",
        .y_label = quantity_names[what],
        .series = {
            { .name = "training", .count = count, .point = history_point, .user = &user[0] },
            { .name = "validation", .count = count, .point = history_point, .user = &user[1] },
        },
        .series_count = has_validation ? 2 : 1,
        .has_whole_x = true,
        .marked = wg_history_best(history),
        .mark_label = "best: epoch",
    };
    wg__chart_draw(html, &chart);
}

static void tile_start(wg__html *html, const char *name, bool is_best)
{
    wg__html_add(html, is_best ? "<div class=\"best\"><dt>" : "<div><dt>");
    wg__html_add(html, name);
    wg__html_add(html, "</dt><dd>");
}

static void tile_number(wg__html *html, const char *name, bool is_best, double value)
{
    tile_start(html, name, is_best);
    wg__html_number(html, value);
    wg__html_add(html, "</dd></div>\n");
}

static void tiles_draw(wg__html *html, const wg_history *history, const wg_epoch *best,
                       bool has_validation)
{
    double seconds = 0.0;
    const int64_t count = wg_history_count(history);
    for (int64_t i = 0; i < count; i++) {
        wg_epoch epoch = { 0 };
        (void)wg_history_epoch(history, i, &epoch);
        seconds += epoch.seconds;
    }
    wg__html_add(html, "<dl class=\"tiles\">\n");
    tile_start(html, "best epoch", true);
    wg__html_integer(html, best->index + 1);
    wg__html_add(html, " <small>of ");
    wg__html_integer(html, count);
    wg__html_add(html, "</small></dd></div>\n");
    if (has_validation) tile_number(html, "validation metric", true, best->validation_metric);
    if (has_validation) tile_number(html, "validation loss", true, best->validation_loss);
    tile_number(html, "training metric", false, best->metric);
    tile_number(html, "training loss", false, best->loss);
    tile_start(html, "training time", false);
    wg__html_fixed(html, seconds, 1);
    wg__html_add(html, " <small>s</small></dd></div>\n</dl>\n");
}

int wg_report_history(wg_report *report, const char *title, const wg_history *history)
{
    wg_epoch best = { 0 };
    WG_TRY(wg__section_start(report, title, "history"));
    if (wg_history_count(history) == 0 ||
        wg_history_epoch(history, wg_history_best(history), &best) < 0) {
        wg__html_add(&report->html, "<p class=\"none\">No epoch was completed.</p>\n");
        return wg__section_end(report, "history");
    }
    const bool has_validation = history->has_validation;
    tiles_draw(&report->html, history, &best, has_validation);
    wg__html_add(&report->html, "<div class=\"charts\">\n");
    history_chart(&report->html, history, LOSS, has_validation);
    history_chart(&report->html, history, METRIC, has_validation);
    history_chart(&report->html, history, RATE, false);
    wg__html_add(&report->html, "</div>\n");
    return wg__section_end(report, "history");
}

/* ---- curves ---- */

typedef struct curve { wg_view x, y; } curve;

static void curve_point(int64_t i, double *x, double *y, const void *user)
{
    const curve *both = user;
    *x = wg__view_number(&both->x, 0, i);
    *y = wg__view_number(&both->y, 0, i);
}

int wg_report_curve(wg_report *report, const char *title, const char *x_label, const char *y_label,
                    wg_view x, wg_view y)
{
    if (x_label == NULL || y_label == NULL)
        return wg__report_fail(report, WG_EINVALID, "curve", "labels are needed, not NULL");
    WG_TRY(wg__report_view(report, "curve", &x, 1));
    WG_TRY(wg__report_view(report, "curve", &y, 1));
    if (x.shape.dim[0] != y.shape.dim[0])
        return wg__report_fail(report, WG_ESHAPE, "curve", "x and y have as many values");
    WG_TRY(wg__section_start(report, title, "curve"));
    const curve both = { x, y };
    const wg__chart chart = {
        .x_label = x_label, .y_label = y_label,
        .series = { { .name = y_label, .count = x.shape.dim[0], .point = curve_point,
                      .user = &both } },
        .series_count = 1, .marked = -1,
    };
    wg__chart_draw(&report->html, &chart);
    return wg__section_end(report, "curve");
}

/* ---- words and tables ---- */

int wg_report_text(wg_report *report, const char *title, const char *text)
{
    if (text == NULL)
        return wg__report_fail(report, WG_EINVALID, "text", "a text is needed, not NULL");
    WG_TRY(wg__section_start(report, title, "text"));
    while (*text != '\0') {
        const char *end = strstr(text, "\n\n");
        const size_t bytes = end == NULL ? strlen(text) : (size_t)(end - text);
        wg__html_add(&report->html, "<p>");
        wg__html_escape(&report->html, text, bytes);
        wg__html_add(&report->html, "</p>\n");
        text += bytes;
        while (*text == '\n') text++;
    }
    return wg__section_end(report, "text");
}

/* Columns of numbers stand on their right edge. */
static bool column_is_numeric(int64_t rows, int64_t columns, const char *const *cell, int64_t j)
{
    for (int64_t i = 1; i < rows; i++) {
        double value;
        const char *text = cell[i * columns + j];
        if (*text != '\0' && wg__number_read(text, strlen(text), &value) == 0) return false;
    }
    return rows > 1;
}

static void row_draw(wg__html *html, int64_t rows, int64_t columns, const char *const *cell,
                     int64_t i)
{
    wg__html_add(html, "<tr>");
    for (int64_t j = 0; j < columns; j++) {
        const bool is_right = column_is_numeric(rows, columns, cell, j);
        wg__html_add(html, i == 0 ? "<th scope=\"col\"" : "<td");
        wg__html_add(html, is_right ? " class=\"right\">" : ">");
        wg__html_text(html, cell[i * columns + j]);
        wg__html_add(html, i == 0 ? "</th>" : "</td>");
    }
    wg__html_add(html, "</tr>\n");
}

int wg_report_table(wg_report *report, const char *title, int64_t rows, int64_t columns,
                    const char *const *cell)
{
    if (rows < 1 || columns < 1 || cell == NULL)
        return wg__report_fail(report, WG_EINVALID, "table",
                               "one row and one column or more are needed");
    for (int64_t i = 0; i < rows * columns; i++)
        if (cell[i] == NULL) return wg__report_fail(report, WG_EINVALID, "table", "a cell is NULL");
    WG_TRY(wg__section_start(report, title, "table"));
    wg__html_add(&report->html, "<div class=\"wide\"><table><thead>\n");
    row_draw(&report->html, rows, columns, cell, 0);
    wg__html_add(&report->html, "</thead><tbody>\n");
    for (int64_t i = 1; i < rows; i++) row_draw(&report->html, rows, columns, cell, i);
    wg__html_add(&report->html, "</tbody></table></div>\n");
    return wg__section_end(report, "table");
}

/* ---- the page ---- */

static void page_start(wg__html *html, const char *title)
{
    wg__html_add(html, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                       "<title>");
    wg__html_text(html, title);
    wg__html_add(html, "</title>\n<style>\n");
    wg__html_add(html, wg__page_style);
    wg__html_add(html, "</style></head>\n<body><main>\n<h1>");
    wg__html_text(html, title);
    wg__html_add(html, "</h1>\n");
}

static void page_end(wg__html *html)
{
    wg__html_add(html, "<footer>Wengert ");
    wg__html_add(html, wg_version());
    wg__html_add(html, "</footer>\n</main></body></html>\n");
}

static int file_write(wg__save *save, const wg_report *report, const wg__html *start,
                      const wg__html *end, wg_error *error)
{
    WG_TRY(wg__save_write(save, start->text, (size_t)start->length, error));
    WG_TRY(wg__save_write(save, report->html.text, (size_t)report->html.length, error));
    return wg__save_write(save, end->text, (size_t)end->length, error);
}

int wg_report_save(const wg_report *report, const char *path, wg_error *error)
{
    wg__save save;
    if (report == NULL || path == NULL)
        return wg__fail(error, WG_EINVALID, "report: a report and a path are needed, not NULL");
    if (report->error.status < 0)
        return wg__fail(error, report->error.status, "%s", report->error.message);
    const wg_allocator *allocator = &report->html.allocator;
    wg__html start = { .allocator = *allocator };
    wg__html end = { .allocator = *allocator };
    page_start(&start, report->title);
    page_end(&end);
    int status = WG_EMEMORY;
    if (start.has_failed || end.has_failed) (void)wg__fail(error, status, "%s: no memory", path);
    else status = wg__save_open(&save, path, allocator, error);
    if (status >= 0)
        status = wg__save_close(&save, file_write(&save, report, &start, &end, error), error);
    wg__html_free(&start);
    wg__html_free(&end);
    return status;
}
