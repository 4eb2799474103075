/* A report from the inside: what the files that draw its sections share. */
#ifndef WG_RUNTIME_PAGE_H
#define WG_RUNTIME_PAGE_H

#include "runtime/report/html.h"

#include <wengert/report.h>

struct wg_report {
    wg__html html;
    char *title;
    wg_error error; /* the first */
};

extern const char wg__page_style[];

/* Keeps the first failure; returns status. report NULL allowed. */
int wg__report_fail(wg_report *report, int status, const char *what, const char *problem);
/* Around what a section shows. */
int wg__section_start(wg_report *report, const char *title, const char *what);
int wg__section_end(wg_report *report, const char *what);

/* A sound view of numbers of this rank, or the section fails. */
int wg__report_view(wg_report *report, const char *what, const wg_view *view, int rank);
/* Element i of row j (0 if there is one axis) as a double. */
double wg__view_number(const wg_view *view, int64_t j, int64_t i);
/* A figure of how values [n] are spread over bars of equal width. title: NULL: none. */
enum { WG__BINS_MAX = 400 };
void wg__histogram_draw(wg__html *html, const char *title, const char *x_label,
                        const wg_view *values, int64_t bins);
/* The least and the largest of what is finite; false if nothing is. */
bool wg__view_range(const wg_view *view, double *lower, double *upper);

#endif
