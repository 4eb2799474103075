/* Wengert, report: an HTML page with curves as inline SVG, viewable without a network. */
#ifndef WENGERT_REPORT_H
#define WENGERT_REPORT_H

#include <wengert/train.h>

#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

typedef struct wg_report wg_report;
wg_report *wg_report_create(const char *title, const wg_allocator *allocator);
/* Loss and metric against the epoch, training and validation, the best epoch marked; errors wait for
 * save.                                                                                            */
int wg_report_history(wg_report *report, const char *title, const wg_history *history);
int wg_report_curve(wg_report *report, const char *title, const char *x_label, const char *y_label,
                    wg_view x, wg_view y);
int wg_report_text(wg_report *report, const char *title, const char *text);
/* Rows of cells, row by row; the first row is the head. */
int wg_report_table(wg_report *report, const char *title, int64_t rows, int64_t columns,
                    const char *const *cell);
int wg_report_save(const wg_report *report, const char *path, wg_error *error);
void wg_report_free(wg_report *report);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif
#endif
