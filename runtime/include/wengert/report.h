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

/* A page that is made section by section, in the order of the calls. It needs no script, no font
 * and no network, follows the reader's choice of light or dark, and reads on a telephone. All
 * texts are UTF-8 and escaped. What goes wrong in a section is its status, and is kept for
 * wg_report_save, so that a program may check once. A report of the same values has the same
 * bytes everywhere.                                                                             */

typedef struct wg_report wg_report;

wg_report *wg_report_create(const char *title, const wg_allocator *allocator); /* NULL: no memory */
/* Loss and metric against the epoch, training and validation, the best epoch marked; above them the
 * values at the best epoch. Epochs are counted from 1 here. */
int wg_report_history(wg_report *report, const char *title, const wg_history *history);
/* y against x, both [n], f32 or f64, joined in their order; what is not finite leaves a gap. */
int wg_report_curve(wg_report *report, const char *title, const char *x_label, const char *y_label,
                    wg_view x, wg_view y);
/* Empty lines part paragraphs. */
int wg_report_text(wg_report *report, const char *title, const char *text);
/* rows * columns cells, row by row; the first row is the head. Columns of numbers stand on their
 * right edge. */
int wg_report_table(wg_report *report, const char *title, int64_t rows, int64_t columns,
                    const char *const *cell);
/* Whole or not at all, as wg_params_save.
 *
 *   errors    the first of a section; WG_EFILE */
int wg_report_save(const wg_report *report, const char *path, wg_error *error);
void wg_report_free(wg_report *report);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__) && !defined(_WIN32)
#pragma GCC visibility pop
#endif
#endif
