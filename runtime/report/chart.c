/* A chart is drawn in units of its view box, which the page scales to the width there is: so 13
 * units of text are readable on a telephone and on a wall. Colours and dashes are the page's, by
 * class.                                                                                        */
#include "runtime/report/chart.h"

#include <math.h>

static const double width = 460.0;
static const double height = 280.0;
/* Around the plot, for labels. */
static const double left = 52.0;
static const double right = 14.0;
static const double top = 10.0;
static const double bottom = 42.0;

/* Points that get an invisible disc whose title a browser shows: more would make the page heavy. */
enum { TITLED_POINTS_MAX = 200 };
enum { DECIMALS = 1 }; /* of places */

typedef struct frame {
    double x_lower, x_upper, y_lower, y_upper;
} frame;

static double place_x(const frame *view, double x)
{
    return left + (x - view->x_lower) / (view->x_upper - view->x_lower) * (width - left - right);
}

static double place_y(const frame *view, double y)
{
    return height - bottom - (y - view->y_lower) / (view->y_upper - view->y_lower) *
                                 (height - top - bottom);
}

static bool point_get(const wg__series *series, int64_t i, double *x, double *y)
{
    series->point(i, x, y, series->user);
    return *x - *x == 0.0 && *y - *y == 0.0;
}

/* An interval that a value alone does not fill. */
static void widen(double *lower, double *upper)
{
    if (*lower < *upper) return;
    double half = 0.1 * fabs(*lower);
    if (!(*lower - half < *lower)) half = 1.0;
    *lower -= half;
    *upper += half;
}

/* What all points fill; false if there are none. */
static bool frame_find(const wg__chart *chart, frame *view)
{
    bool has_any = false;
    *view = (frame){ HUGE_VAL, -HUGE_VAL, HUGE_VAL, -HUGE_VAL };
    for (int k = 0; k < chart->series_count; k++) {
        for (int64_t i = 0; i < chart->series[k].count; i++) {
            double x;
            double y;
            if (!point_get(&chart->series[k], i, &x, &y)) continue;
            has_any = true;
            if (x < view->x_lower) view->x_lower = x;
            if (x > view->x_upper) view->x_upper = x;
            if (y < view->y_lower) view->y_lower = y;
            if (y > view->y_upper) view->y_upper = y;
        }
    }
    if (!has_any) return false;
    widen(&view->x_lower, &view->x_upper);
    widen(&view->y_lower, &view->y_upper);
    return view->x_upper - view->x_lower < HUGE_VAL && view->y_upper - view->y_lower < HUGE_VAL;
}

/* The look of a series. One that is alone is not dashed. */
static const char *class_of(const wg__chart *chart, int k)
{
    static const char *const name[WG__SERIES_MAX] = { "first", "second" };
    return chart->series_count == 1 ? "only" : name[k];
}

/* ---- pieces of markup ---- */

static void add_line(wg__html *html, const char *class_name, double x1, double y1, double x2,
                     double y2)
{
    wg__html_add(html, "<line class=\"");
    wg__html_add(html, class_name);
    wg__html_add(html, "\"");
    wg__svg_attribute(html, "x1", x1, DECIMALS);
    wg__svg_attribute(html, "y1", y1, DECIMALS);
    wg__svg_attribute(html, "x2", x2, DECIMALS);
    wg__svg_attribute(html, "y2", y2, DECIMALS);
    wg__html_add(html, "/>\n");
}

/* ---- axes ---- */

static void draw_axis_x(wg__html *html, const wg__chart *chart, const frame *view)
{
    const wg__ticks ticks = wg__ticks_of(view->x_lower, view->x_upper, 6, chart->has_whole_x);
    for (int64_t i = ticks.first; i <= ticks.last; i++) {
        const double x = place_x(view, wg__tick_value(&ticks, i));
        add_line(html, "grid", x, top, x, height - bottom);
        wg__svg_text_start(html, "tick middle", x, height - bottom + 17, DECIMALS);
        wg__html_decimal(html, i * ticks.step, ticks.exponent);
        wg__svg_text_end(html);
    }
    wg__svg_text_start(html, "label end", width - right, height - 8, DECIMALS);
    wg__html_text(html, chart->x_label);
    wg__svg_text_end(html);
}

static void draw_axis_y(wg__html *html, const frame *view, const wg__ticks *ticks)
{
    for (int64_t i = ticks->first; i <= ticks->last; i++) {
        const double y = place_y(view, wg__tick_value(ticks, i));
        add_line(html, i == ticks->first ? "axis" : "grid", left, y, width - right, y);
        wg__svg_text_start(html, "tick end", left - 7, y + 4, DECIMALS);
        wg__html_decimal(html, i * ticks->step, ticks->exponent);
        wg__svg_text_end(html);
    }
}

/* The frame is widened to whole ticks, so that the lowest grid line is the axis. */
static wg__ticks ticks_enclose(frame *view)
{
    wg__ticks ticks = wg__ticks_of(view->y_lower, view->y_upper, 5, false);
    if (wg__tick_value(&ticks, ticks.first) > view->y_lower) ticks.first--;
    if (wg__tick_value(&ticks, ticks.last) < view->y_upper) ticks.last++;
    view->y_lower = wg__tick_value(&ticks, ticks.first);
    view->y_upper = wg__tick_value(&ticks, ticks.last);
    return ticks;
}

/* ---- lines ---- */

static void draw_line(wg__html *html, const wg__series *series, const char *class_name,
                      bool is_filled, const frame *view)
{
    bool is_drawn = false;
    double drawn_x = 0.0;
    double drawn_y = 0.0;
    wg__html_add(html, is_filled ? "<path class=\"line filled " : "<path class=\"line ");
    wg__html_add(html, class_name);
    wg__html_add(html, "\" d=\"");
    for (int64_t i = 0; i < series->count; i++) {
        double x;
        double y;
        if (!point_get(series, i, &x, &y)) {
            is_drawn = false;
            continue;
        }
        x = place_x(view, x);
        y = place_y(view, y);
        /* Closer than the eye can tell: left out, or a million points would be a page of
         * megabytes.                                                                            */
        if (is_drawn && fabs(x - drawn_x) < 0.1 && fabs(y - drawn_y) < 0.1) continue;
        wg__html_add(html, is_drawn ? "L" : "M");
        wg__html_fixed(html, x, 1);
        wg__html_add(html, " ");
        wg__html_fixed(html, y, 1);
        is_drawn = true;
        drawn_x = x;
        drawn_y = y;
    }
    wg__html_add(html, "\"/>\n");
}

static void draw_disc(wg__html *html, const char *class_name, const char *other_class, double x,
                      double y, double radius)
{
    wg__html_add(html, "<circle class=\"");
    wg__html_add(html, class_name);
    wg__html_add(html, " ");
    wg__html_add(html, other_class);
    wg__html_add(html, "\"");
    wg__svg_attribute(html, "cx", x, DECIMALS);
    wg__svg_attribute(html, "cy", y, DECIMALS);
    wg__svg_attribute(html, "r", radius, DECIMALS);
    wg__html_add(html, ">");
}

/* Discs that tell their values: seen where a line has a single point, else felt by the pointer. */
static void draw_points(wg__html *html, const wg__chart *chart, int k, const frame *view)
{
    const wg__series *series = &chart->series[k];
    for (int64_t i = 0; i < series->count && series->count <= TITLED_POINTS_MAX; i++) {
        double x;
        double y;
        if (!point_get(series, i, &x, &y)) continue;
        const bool is_seen = i == chart->marked || series->count == 1;
        draw_disc(html, is_seen ? "dot" : "felt", class_of(chart, k), place_x(view, x),
                  place_y(view, y), is_seen ? 4.5 : 6.0);
        wg__html_add(html, "<title>");
        wg__html_text(html, chart->series_count > 1 ? series->name : chart->y_label);
        wg__html_add(html, ", ");
        wg__html_text(html, chart->x_label);
        wg__html_add(html, " ");
        wg__html_number(html, x);
        wg__html_add(html, ": ");
        wg__html_number(html, y);
        wg__html_add(html, "</title></circle>\n");
    }
}

/* The words stand beside the mark on the side with more room, and in the half where the line is
 * not.                                                                                          */
static void draw_mark(wg__html *html, const wg__chart *chart, const frame *view)
{
    double x;
    double y;
    const wg__series *last = &chart->series[chart->series_count - 1];
    if (chart->marked < 0 || !point_get(last, chart->marked, &x, &y)) return;
    const double place = place_x(view, x);
    const bool is_left = place < (left + width - right) / 2.0;
    const bool is_low = place_y(view, y) < (top + height - bottom) / 2.0;
    add_line(html, "mark", place, top, place, height - bottom);
    wg__svg_text_start(html, is_left ? "noted" : "noted end", place + (is_left ? 6.0 : -6.0),
                   is_low ? height - bottom - 9 : top + 15, DECIMALS);
    wg__html_text(html, chart->mark_label);
    wg__html_add(html, " ");
    wg__html_number(html, x);
    wg__svg_text_end(html);
}

/* ---- the whole ---- */

static void draw_caption(wg__html *html, const wg__chart *chart)
{
    wg__html_add(html, "<figure><figcaption><b>");
    wg__html_text(html, chart->title != NULL ? chart->title : chart->y_label);
    wg__html_add(html, "</b>");
    if (chart->title != NULL) wg__html_text(html, chart->y_label);
    for (int k = 0; chart->series_count > 1 && k < chart->series_count; k++) {
        wg__html_add(html, "<span class=\"key\"><svg viewBox=\"0 0 26 8\" aria-hidden=\"true\">"
                           "<path class=\"line ");
        wg__html_add(html, class_of(chart, k));
        wg__html_add(html, "\" d=\"M1 4L25 4\"/></svg>");
        wg__html_text(html, chart->series[k].name);
        wg__html_add(html, "</span>");
    }
    wg__html_add(html, "</figcaption>\n");
}

void wg__chart_draw(wg__html *html, const wg__chart *chart)
{
    frame view;
    WG_ASSERT(chart->series_count >= 1 && chart->series_count <= WG__SERIES_MAX);
    draw_caption(html, chart);
    if (!frame_find(chart, &view)) {
        wg__html_add(html, "<p class=\"none\">No finite values.</p></figure>\n");
        return;
    }
    wg__html_add(html, "<svg class=\"chart\" viewBox=\"0 0 460 280\" role=\"img\" aria-label=\"");
    wg__html_text(html, chart->y_label);
    wg__html_add(html, " against ");
    wg__html_text(html, chart->x_label);
    wg__html_add(html, "\">\n");
    const wg__ticks ticks = ticks_enclose(&view);
    draw_axis_x(html, chart, &view);
    draw_axis_y(html, &view, &ticks);
    draw_mark(html, chart, &view);
    for (int k = 0; k < chart->series_count; k++)
        draw_line(html, &chart->series[k], class_of(chart, k), chart->is_filled, &view);
    for (int k = 0; k < chart->series_count && !chart->is_silent; k++)
        draw_points(html, chart, k, &view);
    wg__html_add(html, "</svg></figure>\n");
}
