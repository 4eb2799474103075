/* Line charts as inline SVG: axes with round ticks, grid, legend, one marked place. */
#ifndef WG_RUNTIME_CHART_H
#define WG_RUNTIME_CHART_H

#include "runtime/report/html.h"

/* count points, asked for one by one; what is not finite interrupts the line. */
typedef struct wg__series {
    const char *name;
    int64_t count;
    void (*point)(int64_t i, double *x, double *y, const void *user);
    const void *user;
} wg__series;

enum { WG__SERIES_MAX = 2 }; /* colours and dashes there are in the page's style */

typedef struct wg__chart {
    const char *title; /* NULL: the name of y */
    const char *x_label, *y_label;
    wg__series series[WG__SERIES_MAX];
    int series_count;
    bool has_whole_x;       /* no ticks between whole numbers */
    bool is_filled;         /* down to the axis */
    bool is_silent;         /* points do not tell their values */
    int64_t marked;         /* index of the point to mark in every series; -1: none */
    const char *mark_label; /* what the mark is; its x is added */
} wg__chart;

void wg__chart_draw(wg__html *html, const wg__chart *chart);

/* Multiples of step * 10^exponent, step 1, 2 or 5, first ... last of which lie in an interval. */
typedef struct wg__ticks { int64_t first, last; int step, exponent; } wg__ticks;
/* About count of them, at most twice as many; lower < upper, both finite. */
wg__ticks wg__ticks_of(double lower, double upper, int count, bool are_whole);
double wg__tick_value(const wg__ticks *ticks, int64_t i);

#endif
