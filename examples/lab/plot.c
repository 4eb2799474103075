/* Panels of lines as one SVG file. It brings its colours along, in two sets that follow the
 * reader's choice of light or dark, and needs no script and no font. Lines differ in dash as well
 * as in colour; the colours are ones that the common kinds of colour blindness keep apart (Okabe
 * and Ito 2008). Places are in units of the view box. */
#include "lab.h"

#include <math.h>
#include <stdio.h>

enum { COLUMNS = 2 };
static const double panel_width = 560, panel_height = 380, gap = 24, head = 96;
/* From a panel's edge to what is plotted. */
static const double left = 70, right = 24, top = 84, bottom = 54;

static const char style[] =
    "svg{--ink:#1d2733;--dim:#5d6976;--line:#e3e8ee;--page:#f6f7f9;--card:#fff;--c0:#0072b2;"
    "--c1:#d55e00;--c2:#00805f;--c3:#b0548a;--c4:#8a6d00;--c5:#4b5563}\n"
    "@media(prefers-color-scheme:dark){svg{--ink:#e7ebf0;--dim:#9ba7b5;--line:#2b3440;"
    "--page:#11151b;--card:#181e26;--c0:#5ab4f0;--c1:#f29a4a;--c2:#4cc9a0;--c3:#e59ac5;"
    "--c4:#e6c94c;--c5:#c3ccd6}}\n"
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',"
    "'Liberation Sans',Arial,sans-serif;font-size:14px;fill:var(--dim);"
    "font-variant-numeric:tabular-nums}\n"
    ".name{font-size:30px;font-weight:650;letter-spacing:-.3px;fill:var(--ink)}"
    ".note{font-size:16px}.title{font-size:17px;font-weight:640;fill:var(--ink)}"
    ".key{fill:var(--ink)}\n"
    ".middle{text-anchor:middle}.end{text-anchor:end}\n"
    ".page{fill:var(--page)}.card{fill:var(--card);stroke:var(--line)}\n"
    ".grid{stroke:var(--line)}.axis{stroke:var(--dim)}\n"
    ".curve{fill:none;stroke-width:2.4;stroke-linejoin:round;stroke-linecap:round}\n"
    ".s0{stroke:var(--c0)}.s1{stroke:var(--c1);stroke-dasharray:9 4}"
    ".s2{stroke:var(--c2);stroke-dasharray:3 4}.s3{stroke:var(--c3);stroke-dasharray:11 4 2 4}"
    ".s4{stroke:var(--c4);stroke-dasharray:5 3}.s5{stroke:var(--c5);stroke-dasharray:2 3}\n";

/* A panel on its way to the page: its corner, and what its axes span (of a logarithmic one, the
 * exponents). */
typedef struct view {
    FILE *out;
    const lab_panel *panel;
    double corner_x, corner_y, x_lower, x_upper, y_lower, y_upper;
} view;

static double place_x(const view *v, double x)
{
    const double share = (x - v->x_lower) / (v->x_upper - v->x_lower);
    return v->corner_x + left + share * (panel_width - left - right);
}

static double place_y(const view *v, double y)
{
    const double share = (y - v->y_lower) / (v->y_upper - v->y_lower);
    return v->corner_y + panel_height - bottom - share * (panel_height - top - bottom);
}

/* Markup characters by name. */
static void put_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<') fputs("&lt;", out);
        else if (*text == '>') fputs("&gt;", out);
        else if (*text == '&') fputs("&amp;", out);
        else fputc(*text, out);
    }
}

static void put_label(const view *v, const char *class, double x, double y, const char *text)
{
    fprintf(v->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    put_text(v->out, text);
    fprintf(v->out, "</text>\n");
}

static void put_line(const view *v, const char *class, double x1, double y1, double x2, double y2)
{
    fprintf(v->out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
            class, x1, y1, x2, y2);
}

/* ---- what the axes span ---- */

static double height_of(const lab_panel *panel, double y)
{
    return panel->is_log ? log10(y) : y;
}

static void span_find(view *v)
{
    const lab_panel *panel = v->panel;
    v->x_lower = v->y_lower = INFINITY;
    v->x_upper = v->y_upper = -INFINITY;
    for (int k = 0; k < panel->line_count; k++)
        for (int64_t i = 0; i < panel->line[k].count; i++) {
            const double y = height_of(panel, panel->line[k].y[i]);
            v->x_lower = fmin(v->x_lower, panel->line[k].x[i]);
            v->x_upper = fmax(v->x_upper, panel->line[k].x[i]);
            if (!isfinite(y)) continue;
            v->y_lower = fmin(v->y_lower, y);
            v->y_upper = fmax(v->y_upper, y);
        }
    if (panel->lower < panel->upper) {
        v->y_lower = height_of(panel, panel->lower);
        v->y_upper = height_of(panel, panel->upper);
    }
    if (!(v->y_lower < v->y_upper)) {
        v->y_lower = isfinite(v->y_lower) ? v->y_lower - 1 : 0;
        v->y_upper = v->y_lower + 2;
    }
}

/* The distance between about `count` ticks: 1, 2 or 5 times a power of ten; of exponents whole. */
static double step_of(double lower, double upper, int count, bool is_log)
{
    const double wanted = (upper - lower) / count;
    const double power = pow(10, floor(log10(wanted)));
    const double ratio = wanted / power;
    const double step = power * (ratio > 7 ? 10 : ratio > 3.5 ? 5 : ratio > 1.5 ? 2 : 1);
    return is_log && step < 1 ? 1 : step;
}

static void widen_to_ticks(double *lower, double *upper, double step)
{
    *lower = step * floor(*lower / step + 1e-9);
    *upper = step * ceil(*upper / step - 1e-9);
}

/* ---- a panel ---- */

static void draw_axis_x(const view *v)
{
    const double step = step_of(v->x_lower, v->x_upper, 6, false);
    const double low = v->corner_y + panel_height - bottom;
    for (double i = ceil(v->x_lower / step - 1e-9); i * step <= v->x_upper + 1e-9 * step; i++) {
        char text[32];
        const double x = place_x(v, i * step);
        put_line(v, "grid", x, v->corner_y + top, x, low);
        snprintf(text, sizeof text, "%.6g", i * step + 0.0);
        put_label(v, "middle", x, low + 19, text);
    }
    put_label(v, "end", v->corner_x + panel_width - right, low + 40, v->panel->x_label);
}

static void draw_axis_y(const view *v, double step)
{
    const double start = v->corner_x + left, stop = v->corner_x + panel_width - right;
    for (double i = ceil(v->y_lower / step - 1e-9); i * step <= v->y_upper + 1e-9 * step; i++) {
        const double y = place_y(v, i * step);
        put_line(v, i == 0 && !v->panel->is_log ? "axis" : "grid", start, y, stop, y);
        fprintf(v->out, "<text class=\"end\" x=\"%.1f\" y=\"%.1f\">", start - 9, y + 5);
        if (v->panel->is_log)
            fprintf(v->out, "10<tspan dy=\"-5\" font-size=\"11\">%.0f</tspan>", i * step + 0.0);
        else fprintf(v->out, "%.6g", i * step + 0.0);
        fprintf(v->out, "</text>\n");
    }
    put_line(v, "axis", start, v->corner_y + panel_height - bottom, stop,
             v->corner_y + panel_height - bottom);
}

static void draw_curve(const view *v, int k)
{
    const lab_line *line = &v->panel->line[k];
    bool is_drawn = false;
    double last_x = 0, last_y = 0;
    fprintf(v->out, "<path class=\"curve s%d\" clip-path=\"url(#p%.0f-%.0f)\" d=\"", k,
            v->corner_x, v->corner_y);
    for (int64_t i = 0; i < line->count; i++) {
        const double height = height_of(v->panel, line->y[i]);
        if (!isfinite(height)) {
            is_drawn = false;
            continue;
        }
        /* Far outside a browser may give up; what is there is clipped anyway. */
        const double x = place_x(v, line->x[i]);
        const double y = fmax(-1e4, fmin(1e4, place_y(v, height)));
        if (is_drawn && fabs(x - last_x) < 0.3 && fabs(y - last_y) < 0.3) continue;
        fprintf(v->out, "%s%.1f %.1f", is_drawn ? "L" : "M", x, y);
        is_drawn = true;
        last_x = x;
        last_y = y;
    }
    fprintf(v->out, "\"/>\n");
}

/* A sample of each line and its name, side by side under the title. */
static void draw_keys(const view *v)
{
    double x = v->corner_x + 22;
    const double y = v->corner_y + 58;
    for (int k = 0; k < v->panel->line_count; k++) {
        double width = 0;
        fprintf(v->out, "<path class=\"curve s%d\" d=\"M%.1f %.1fh26\"/>\n", k, x, y - 5);
        put_label(v, "key", x + 33, y, v->panel->line[k].name);
        for (const char *c = v->panel->line[k].name; *c != '\0'; c++)
            if (((unsigned char)*c & 0xc0) != 0x80) width += 7.6; /* not one that continues */
        x += 33 + width + 18;
    }
}

static void draw_panel(FILE *out, const lab_panel *panel, int index)
{
    view v = { .out = out, .panel = panel };
    v.corner_x = gap + index % COLUMNS * (panel_width + gap);
    v.corner_y = head + index / COLUMNS * (panel_height + gap);
    span_find(&v);
    const double step = step_of(v.y_lower, v.y_upper, 5, panel->is_log);
    if (!(panel->lower < panel->upper)) widen_to_ticks(&v.y_lower, &v.y_upper, step);
    fprintf(out, "<rect class=\"card\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                 "rx=\"14\"/>\n", v.corner_x, v.corner_y, panel_width, panel_height);
    fprintf(out, "<clipPath id=\"p%.0f-%.0f\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                 "height=\"%.1f\"/></clipPath>\n", v.corner_x, v.corner_y, v.corner_x + left,
            v.corner_y + top - 3, panel_width - left - right, panel_height - top - bottom + 6);
    put_label(&v, "title", v.corner_x + 22, v.corner_y + 32, panel->title);
    put_label(&v, "end", v.corner_x + panel_width - right, v.corner_y + 32, panel->y_label);
    draw_keys(&v);
    draw_axis_x(&v);
    draw_axis_y(&v, step);
    for (int k = 0; k < panel->line_count; k++) draw_curve(&v, k);
}

int lab_draw(const char *path, const char *title, const char *subtitle, int count,
             const lab_panel *panel)
{
    FILE *out = fopen(path, "w");
    if (out == NULL) return WG_EFILE;
    const int rows = (count + COLUMNS - 1) / COLUMNS;
    const double columns = COLUMNS, width = gap + columns * (panel_width + gap);
    const double height = head + rows * (panel_height + gap);
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" role=\"img\">"
                 "\n<title>", width, height);
    put_text(out, title);
    fprintf(out, "</title>\n<style>%s</style>\n<rect class=\"page\" width=\"100%%\" "
                 "height=\"100%%\"/>\n", style);
    const view page = { .out = out };
    put_label(&page, "name", gap + 2, 46, title);
    put_label(&page, "note", gap + 2, 74, subtitle);
    for (int i = 0; i < count; i++) draw_panel(out, &panel[i], i);
    fprintf(out, "</svg>\n");
    const bool is_written = ferror(out) == 0;
    return fclose(out) == 0 && is_written ? WG_OK : WG_EFILE;
}
