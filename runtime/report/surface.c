/* What a model says over two inputs: a grid of cells, coloured from one class to the other, with
 * the points it was taught in front of it. */
#include "runtime/report/page.h"

enum { POINTS_MAX = 2000, DECIMALS = 2 };

/* Of the square, and of the room for labels beside and below it. */
static const double side = 420.0, left = 46.0, below = 40.0;

static double within(double value, double lower, double upper)
{
    return value < lower ? lower : value > upper ? upper : value;
}

/* 0 is one colour, 1 the other, the middle is neither. */
static void cells_draw(wg__html *html, const wg_view *grid)
{
    const int64_t rows = grid->shape.dim[0], columns = grid->shape.dim[1];
    for (int64_t j = 0; j < rows; j++)
        for (int64_t i = 0; i < columns; i++) {
            const double value = wg__view_number(grid, j, i);
            if (value - value != 0.0) continue;
            const double away = 2.0 * within(value, 0.0, 1.0) - 1.0;
            wg__html_add(html, away > 0 ? "<rect class=\"one\"" : "<rect class=\"zero\"");
            wg__svg_attribute(html, "x", left + side * (double)i / (double)columns, DECIMALS);
            wg__svg_attribute(html, "y", side * (double)(rows - 1 - j) / (double)rows, DECIMALS);
            wg__svg_attribute(html, "width", side / (double)columns + 0.3, DECIMALS);
            wg__svg_attribute(html, "height", side / (double)rows + 0.3, DECIMALS);
            wg__svg_attribute(html, "fill-opacity", 0.75 * (away > 0 ? away : -away), DECIMALS);
            wg__html_add(html, "/>\n");
        }
}

static void points_draw(wg__html *html, const wg_surface *surface)
{
    const wg_view *x = &surface->points;
    for (int64_t i = 0; i < x->shape.dim[0] && i < POINTS_MAX; i++) {
        const double across = (wg__view_number(x, i, 0) - surface->x_lower) /
                              (surface->x_upper - surface->x_lower);
        const double up = (wg__view_number(x, i, 1) - surface->y_lower) /
                          (surface->y_upper - surface->y_lower);
        if (!(across >= 0 && across <= 1 && up >= 0 && up <= 1)) continue;
        const bool is_one = wg__view_number(&surface->classes, 0, i) > 0;
        wg__html_add(html, is_one ? "<circle class=\"point one\"" : "<circle class=\"point zero\"");
        wg__svg_attribute(html, "cx", left + side * across, DECIMALS);
        wg__svg_attribute(html, "cy", side * (1 - up), DECIMALS);
        wg__html_add(html, " r=\"3.2\"/>\n");
    }
}

static void tick_draw(wg__html *html, const char *class_name, double x, double y, double value)
{
    wg__svg_text_start(html, class_name, x, y, DECIMALS);
    wg__html_number(html, value);
    wg__svg_text_end(html);
}

static void label_draw(wg__html *html, const char *class_name, double x, double y,
                       const char *text)
{
    wg__svg_text_start(html, class_name, x, y, DECIMALS);
    wg__html_text(html, text);
    wg__svg_text_end(html);
}

static void surface_draw(wg__html *html, const wg_surface *surface)
{
    const char *x_label = surface->x_label != NULL ? surface->x_label : "x";
    const char *y_label = surface->y_label != NULL ? surface->y_label : "y";
    wg__html_add(html, "<figure><svg class=\"chart\" viewBox=\"0 0 480 460\" role=\"img\" "
                       "aria-label=\"surface\">\n");
    cells_draw(html, &surface->grid);
    if (surface->points.data != NULL) points_draw(html, surface);
    tick_draw(html, "tick middle", left, side + 18, surface->x_lower);
    tick_draw(html, "tick middle", left + side, side + 18, surface->x_upper);
    tick_draw(html, "tick end", left - 6, side, surface->y_lower);
    tick_draw(html, "tick end", left - 6, 12, surface->y_upper);
    label_draw(html, "label middle", left + side / 2.0, side + below - 6, x_label);
    label_draw(html, "label end", left - 6, side / 2.0, y_label);
    wg__html_add(html, "</svg></figure>\n");
}

int wg_report_surface(wg_report *report, const char *title, const wg_surface *surface)
{
    if (surface == NULL) return wg__report_fail(report, WG_EINVALID, "surface", "it is NULL");
    WG_TRY(wg__report_view(report, "surface", &surface->grid, 2));
    if (!(surface->x_lower < surface->x_upper) || !(surface->y_lower < surface->y_upper))
        return wg__report_fail(report, WG_EINVALID, "surface", "its bounds are empty");
    if ((int)surface->points.dtype != 0) {
        WG_TRY(wg__report_view(report, "surface", &surface->points, 2));
        WG_TRY(wg__report_view(report, "surface", &surface->classes, 1));
        if (surface->points.shape.dim[1] != 2 ||
            surface->points.shape.dim[0] != surface->classes.shape.dim[0])
            return wg__report_fail(report, WG_ESHAPE, "surface",
                                   "points are [n, 2], and classes are [n]");
    }
    WG_TRY(wg__section_start(report, title, "surface"));
    surface_draw(&report->html, surface);
    return wg__section_end(report, "surface");
}
